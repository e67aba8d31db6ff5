"""How a submission calls its own functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from grader.reading.functions.statements import dotted


def piecewise_calls(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Names of functions that are called on parts of something: on a slice of an array, or in a loop over one."""
    found: set[str] = set()
    for statement in statements:
        targets = _loop_names(statement)
        for call in ast.walk(statement):
            if isinstance(call, ast.Call) and any(_is_part(argument, targets) for argument in call.args):
                found.update(dotted(call.func)[-1:])
    return frozenset(found)


def _loop_names(statement: ast.stmt) -> frozenset[str]:
    loops = [n for n in ast.walk(statement) if isinstance(n, ast.For | ast.comprehension)]
    named = [node for loop in loops for node in ast.walk(loop.target)]
    return frozenset(node.id for node in named if isinstance(node, ast.Name))


def _is_part(argument: ast.expr, loop_names: frozenset[str]) -> bool:
    if isinstance(argument, ast.Name):
        return argument.id in loop_names
    if not isinstance(argument, ast.Subscript):
        return False
    index = argument.slice
    if isinstance(index, ast.Tuple) and any(isinstance(item, ast.Slice) for item in index.elts):
        return True
    return any(isinstance(node, ast.Name) and node.id in loop_names for node in ast.walk(index))
