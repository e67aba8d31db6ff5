"""Python source as students write it: with magics and shell lines, and often with syntax errors."""

from __future__ import annotations

import ast
import re
import warnings

_MAGIC = re.compile(r"\s*(?:[%!?]|(?:pip3?|conda|mamba)\s+\w|get_ipython\(\)\.system)|\s*\?{0,2}[\w.]{1,80}\?{1,2}\s*$")
_ASSIGNED_MAGIC = re.compile(r"(\s*[\w, ]{1,60}=\s*)[%!]")


def masked(source: str) -> str:
    """`source` with magics and shell lines replaced by `pass`, line for line, so that it can be parsed."""
    lines = source.split("\n")
    if lines and lines[0].lstrip().startswith("%%"):
        return "\n".join("" for _ in lines)
    return "\n".join(_masked_line(line) for line in lines)


def _masked_line(line: str) -> str:
    if len(line) < 2_000 and _MAGIC.match(line):
        return line[: len(line) - len(line.lstrip())] + "pass"
    if len(line) < 2_000 and (assigned := _ASSIGNED_MAGIC.match(line)):
        return f"{assigned[1]}None"
    return line


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of `source`; `None` when it is no Python, with or without magics."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return ast.parse(source)
            except SyntaxError:
                return ast.parse(masked(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


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
