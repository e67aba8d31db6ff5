"""Top-level statements of a cell, also of one that is not all Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.reading.passages.code import masked, parsed
from grader.source.syntax import new_tree

_BLOCK = re.compile(r"(?:@|def\s|class\s|async\s)")
_MOST_SOURCE = 200_000


def top_statements(source: str) -> tuple[ast.stmt, ...]:
    """The statements of a cell, with the line numbers of the cell; of broken code its whole definitions."""
    if len(source) > _MOST_SOURCE:
        return ()
    tree = parsed(source)
    return tuple(tree.body) if tree is not None else tuple(_salvaged(masked(source)))


def _salvaged(source: str) -> Iterator[ast.stmt]:
    """Functions and classes that parse by themselves, where the cell around them does not."""
    lines = source.split("\n")
    first: int | None = None
    for number, line in enumerate([*lines, "end"]):
        starts = bool(line) and not line[0].isspace() and not line.startswith("#")
        if not starts:
            continue
        if first is not None and not _BLOCK.match(lines[first]):
            first = None
        if first is not None and lines[first].startswith("@") and number < len(lines) and _BLOCK.match(line):
            continue
        if first is not None:
            yield from _numbered("\n".join(lines[first:number]), first)
        first = number


def _numbered(text: str, before: int) -> Iterator[ast.stmt]:
    tree = new_tree(text)
    for node in tree.body if tree is not None else ():
        yield ast.increment_lineno(node, before) if before else node


def nested_statements(statements: tuple[ast.stmt, ...]) -> Iterator[ast.stmt]:
    """`statements` and those inside their `if`, `try` and `with`: what runs at the top level of a cell."""
    for node in statements:
        yield node
        if isinstance(node, ast.If):
            yield from nested_statements((*node.body, *node.orelse))
        elif isinstance(node, ast.Try):
            handlers = [inner for handler in node.handlers for inner in handler.body]
            yield from nested_statements((*node.body, *handlers, *node.orelse, *node.finalbody))
        elif isinstance(node, ast.With):
            yield from nested_statements(tuple(node.body))


def first_line(node: ast.stmt) -> int:
    """The line, from 1, on which `node` begins, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def source_of(node: ast.stmt, source: str) -> str:
    """The lines of `node`, magics masked, moved to the left margin."""
    lines = masked(source).split("\n")[first_line(node) - 1 : node.end_lineno]
    margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    text = "\n".join(line[margin:] if not line[:margin].strip() else line for line in lines)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.unparse(node)
    return text


def dotted(node: ast.expr) -> tuple[str, ...]:
    """The parts of `a.b.c`; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()
