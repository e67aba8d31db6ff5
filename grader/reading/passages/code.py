"""Python source as students write it: with magics and shell lines, and often with syntax errors."""

from __future__ import annotations

import ast
import re

from grader.source.syntax import masked, parsed

__all__ = ["called_names", "masked", "parsed", "progress_calls"]


def called_names(source: str) -> list[str]:
    """Names of the functions and methods that `source` calls, in the order in which they stand."""
    tree = parsed(source)
    if tree is None:
        return re.findall(r"(\w{1,60})\(", re.sub(r"#[^\n]*", "", source))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))
    names = []
    for call in calls:
        if isinstance(call.func, ast.Attribute):
            names.append(call.func.attr)
        elif isinstance(call.func, ast.Name):
            names.append(call.func.id)
    return names


def progress_calls(source: str) -> list[str]:
    """`fit` and `evaluate` for each call of either that prints its progress, in the order in which they stand."""
    tree = parsed(source)
    if tree is None:
        names = [name for name in called_names(source) if name in _PROGRESS_CALLS]
        return [_PROGRESS_CALLS[name] for name in names]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    calls = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in _PROGRESS_CALLS]
    calls.sort(key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))
    return [
        _PROGRESS_CALLS[call.func.attr] for call in calls if isinstance(call.func, ast.Attribute) and not _silent(call)
    ]


_PROGRESS_CALLS = {
    "fit": "fit",
    "fit_generator": "fit",
    "evaluate": "evaluate",
    "evaluate_generator": "evaluate",
}


def _silent(call: ast.Call) -> bool:
    values = {keyword.arg: keyword.value for keyword in call.keywords}
    verbose = values.get("verbose")
    return isinstance(verbose, ast.Constant) and verbose.value in (0, False)
