"""What of a submission's code only defines: enough to call its functions without running the rest again."""

from __future__ import annotations

import ast

from grader.reading.functions.statements import dotted, source_of, top_statements
from grader.records.functions.plan import Definition
from grader.records.submission import Submission

_CALLABLE = frozenset(
    {
        *("range", "len", "list", "tuple", "dict", "set", "int", "float", "bool", "str", "abs", "min", "max", "sum"),
        *("sorted", "zip", "enumerate", "reversed", "round", "slice", "partial", "vectorize"),
    }
)
_MODULES = frozenset({"np", "numpy", "math", "random", "functools", "itertools"})
_HEAVY = frozenset({"load", "save", "loadtxt", "genfromtxt", "savetxt", "savez", "fromfile", "memmap", "test"})
_METHODS = frozenset(
    {
        *("reshape", "astype", "copy", "flatten", "ravel", "tolist", "transpose", "append", "extend", "fill"),
        *("swapaxes", "squeeze", "seed", "rand", "randn", "randint", "normal", "uniform", "random", "integers"),
    }
)
_SIMPLE = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_ASSIGNMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign


def definitions(submission: Submission) -> tuple[Definition, ...]:
    """The defining statements of each code cell, in order."""
    found = []
    for cell in submission.cells:
        if cell.kind == "code" and cell.runs:
            kept = tuple(source_of(node, cell.source) for node in top_statements(cell.source) if _defines(node))
            if kept:
                found.append(Definition(cell=cell.index, statements=kept))
    return tuple(found)


def _defines(node: ast.stmt) -> bool:
    if isinstance(node, _SIMPLE):
        return True
    if isinstance(node, _ASSIGNMENTS):
        return _is_light(node)
    if isinstance(node, ast.For):
        return _is_light(node.iter) and all(_defines(inner) for inner in node.body)
    if isinstance(node, ast.If):
        return _is_light(node.test) and all(_defines(inner) for inner in (*node.body, *node.orelse))
    if isinstance(node, ast.Try):
        handled = [inner for handler in node.handlers for inner in handler.body]
        return all(_defines(inner) for inner in (*node.body, *handled, *node.orelse, *node.finalbody))
    return isinstance(node, ast.Pass)


def _is_light(node: ast.AST) -> bool:
    """Whether it calls nothing but constructors of arrays and the like."""
    return all(_is_light_call(call) for call in ast.walk(node) if isinstance(call, ast.Call))


def _is_light_call(call: ast.Call) -> bool:
    parts = dotted(call.func)
    if len(parts) == 1:
        return parts[0] in _CALLABLE
    if parts and parts[0] in _MODULES:
        return parts[-1] not in _HEAVY
    return isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS
