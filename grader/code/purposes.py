"""What a piece of code is for: what it could have given, had it run.

Read from the names of what it calls; a function of the group's own is for what its body is for. It answers one
question only, whether something that is missing may be missing because this piece did not run, so it errs on the side
of "may be": a call of what no one here knows could have given anything. What it gives is told in the words in which
criteria say what they are about.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import get_args

from grader.code.syntax import called_names, nodes_in, parse_code
from grader.facts.library_calls import BUILDING, DRAWING, SAYING, TRAINING
from grader.records import Subject

_BY_CALL: Mapping[Subject, frozenset[str]] = {
    "model": BUILDING,
    "training": TRAINING,
    "figure": DRAWING,
    "text": SAYING,
}
ANYTHING: frozenset[Subject] = frozenset(get_args(Subject))
_MOST_BODIES = 400
"""Functions of one hand-in that are followed."""


@lru_cache(maxsize=16)
def bodies(sources: tuple[str, ...]) -> Mapping[str, tuple[frozenset[str], bool]]:
    """Name of a function, method or class made in `sources` -> the names that its body calls, and whether it is a
    network of the group's own."""
    found: dict[str, tuple[frozenset[str], bool]] = {}
    for source in sources:
        tree = parse_code(source)
        for node in nodes_in(tree) if tree is not None else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and len(found) < _MOST_BODIES:
                bases = [ast.unparse(base).rpartition(".")[2] for base in getattr(node, "bases", ())]
                called = frozenset(name for part in node.body for name in _calls(part))
                known, is_model = found.get(node.name, (frozenset[str](), False))
                found[node.name] = known | called, is_model or bool({"Model", "Layer", "Sequential"} & {*bases})
    return found


def purposes(statements: Iterable[ast.stmt], sources: tuple[str, ...], lost: frozenset[str]) -> frozenset[Subject]:
    """What `statements` could have given. `sources` is all code of the hand-in, where its functions are found;
    `lost` are names that were never made, such as those of a library that is not here."""
    found: set[Subject] = set()
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add("function")
        elif isinstance(statement, ast.ClassDef):
            found |= {"function", "model"}
        elif not isinstance(statement, ast.Import | ast.ImportFrom):
            found |= _purposes_of(_calls(statement), sources)
            found |= _of_the_unknown(statement, lost, sources)
    return frozenset(found)


def source_purposes(source: str, sources: tuple[str, ...]) -> frozenset[Subject]:
    """The same of all of a cell; of one that is no Python, or damaged, by the names before its brackets."""
    tree = parse_code(source)
    if tree is not None:
        return purposes(tree.body, sources, frozenset())
    found = set(_purposes_of(called_names(source), sources))
    return frozenset(found | ({"function"} if "def " in source else set()))


def _purposes_of(names: Iterable[str], sources: tuple[str, ...]) -> set[Subject]:
    own, found = bodies(sources), set[Subject]()
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        found |= {purpose for purpose, calls in _BY_CALL.items() if name in calls}
        if name in own:
            called, is_model = own[name]
            waiting += called
            if is_model:
                found.add("model")
    return found


def _of_the_unknown(statement: ast.stmt, lost: frozenset[str], sources: tuple[str, ...]) -> frozenset[Subject]:
    """Anything, where the statement calls a function that no code here makes, or uses what a call of something lost
    gives.

    A method that is called for its effect alone (`wandb.init(...)`) steers the library that is not here.
    """
    alone = statement.value if isinstance(statement, ast.Expr) else None
    for node in nodes_in(statement):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            if node.func.id in lost or node.func.id not in known_names(sources):
                return ANYTHING
        elif node is not alone and _root(node.func) in lost:
            return ANYTHING
    return frozenset()


@lru_cache(maxsize=16)
def known_names(sources: tuple[str, ...]) -> frozenset[str]:
    """Names that `sources` bind anywhere, those of imports included, and Python's own."""
    found = {*dir(builtins), "display", "get_ipython"}
    for source in sources:
        tree = parse_code(source)
        for node in nodes_in(tree) if tree is not None else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
    return frozenset(found)


def _root(expression: ast.expr) -> str:
    while isinstance(expression, ast.Attribute | ast.Subscript | ast.Call):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    return expression.id if isinstance(expression, ast.Name) else ""


def _calls(node: ast.AST) -> list[str]:
    """Names called in a statement, those in its body included; of `a.b()` it is `b`."""
    functions = [part.func for part in nodes_in(node) if isinstance(part, ast.Call)]
    return [
        f.attr if isinstance(f, ast.Attribute) else f.id for f in functions if isinstance(f, ast.Attribute | ast.Name)
    ]
