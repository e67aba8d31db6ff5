"""The modules of the house, read once for all its tests and figures."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "grader"
FILES = sorted(PACKAGE.rglob("*.py"))
CHAPTERS = [file for file in FILES if file.stem != "__init__"]
"""The modules that hold something: what stands in an `__init__.py` is a docstring, or a room's front door."""


def place(file: Path) -> str:
    """Where `file` stands, relative to the package, with slashes."""
    return file.relative_to(PACKAGE).as_posix()


def room(file: Path) -> str:
    """The room that `file` stands in; a module directly in the package is one of its own."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def module(file: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """Every node of the parsed file."""
    return tuple(ast.walk(module(file)))


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    return (node for node in nodes(file) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def public_functions(file: Path) -> list[str]:
    """The names of the functions at the top of the file that others may call."""
    defined = (node for node in module(file).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [node.name for node in defined if not node.name.startswith("_")]


def internal_imports(file: Path) -> int:
    """How many import statements, at the top or inside a function, name a module of the house."""
    found = 0
    for node in nodes(file):
        if isinstance(node, ast.ImportFrom):
            found += (node.module or "").split(".")[0] == PACKAGE.name
        elif isinstance(node, ast.Import):
            found += any(alias.name.split(".")[0] == PACKAGE.name for alias in node.names)
    return found
