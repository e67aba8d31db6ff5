"""Python source as students write it, parsed without being run, and its statements in the order in which they stand.

It comes with magics and shell lines, and often with syntax errors. What it calls is told even so, and which of its
lines are comments. Statements within loops and conditions are included.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from grader.records import Cell

_MAGIC = re.compile(r"\s*(?:[%!?]|(?:pip3?|conda|mamba)\s+\w|get_ipython\(\)\.system)|\s*\?{0,2}[\w.]{1,80}\?{1,2}\s*$")
_ASSIGNED_MAGIC = re.compile(r"(\s*[\w, ]{1,60}=\s*)[%!]")
_PYTHON_CELL = re.compile(r"\s*%%(?:time|timeit|capture|prun|memit|mprun|lprun|wandb)\b")
"""Cell magics whose body is Python all the same."""
_MOST_KEPT = 8_000
"""Characters of source up to which its tree is kept: a tree takes a hundred times as much memory."""
_LINES_LIMIT = 20_000
"""Lines of source up to which comments are told from strings that look like them."""
_MAY_HIDE_ROWS = re.compile(r"\"\"\"|'''|\\\n|\A\s*%%")
"""Strings of several lines, and cells of another language: without them every row that looks so is a comment."""
_MOST_STEPS = 20_000
"""Steps of one cell that are read."""
_PROGRESS_CALLS = {
    "fit": "fit",
    "fit_generator": "fit",
    "evaluate": "evaluate",
    "evaluate_generator": "evaluate",
}
"""Methods of a model that print their progress -> what they do."""

Loop = ast.For | ast.While
Function = ast.FunctionDef | ast.AsyncFunctionDef


def mask_magics(source: str) -> str:
    """`source` with magics and shell lines replaced by `pass`, line for line, so that it can be parsed."""
    lines = source.split("\n")
    if lines and lines[0].lstrip().startswith("%%"):
        if not _PYTHON_CELL.match(lines[0]):
            return "\n".join("" for _ in lines)
        lines[0] = ""
    return "\n".join(_masked_line(line) for line in lines)


def _masked_line(line: str) -> str:
    if len(line) < 2_000 and _MAGIC.match(line):
        return line[: len(line) - len(line.lstrip())] + "pass"
    if len(line) < 2_000 and (assigned := _ASSIGNED_MAGIC.match(line)):
        return f"{assigned[1]}None"
    return line


def parse_code(source: str) -> ast.Module | None:
    """The syntax tree of `source`; `None` when it is no Python, with or without magics.

    The same source gives the same tree: many look at the same cells, and nobody changes what they look at.
    """
    return _kept_tree(source) if len(source) <= _MOST_KEPT else new_tree(source)


def new_tree(source: str) -> ast.Module | None:
    """The syntax tree of `source` like `parse_code`, but one that nobody else holds: for those who change it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return ast.parse(source)
            except SyntaxError:
                return ast.parse(mask_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_kept_tree = lru_cache(maxsize=256)(new_tree)


def nodes_in(root: ast.AST) -> list[ast.AST]:
    """`root` and all nodes below it, level by level like `ast.walk`, which takes three times as long."""
    found = [root]
    for node in found:
        found += children_of(node)
    return found


def children_of(node: ast.AST) -> list[ast.AST]:
    """The nodes right below `node`, in the order of its fields."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [part for part in value if isinstance(part, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


@dataclass(frozen=True)
class Step:
    """One statement; of a compound one only its head: the test of an `if`, the target and iterable of a `for`."""

    cell: int
    node: ast.stmt
    loops: tuple[Loop, ...] = ()
    """The loops around it, the outermost first."""
    guarded: bool = False
    """Stands under an `if`, a `try` or a `while`: it may not run."""
    function: str | None = None
    """The function in whose body it stands."""

    @property
    def line(self) -> int:
        """Line in the cell, from 1."""
        return self.node.lineno

    @cached_property
    def parts(self) -> tuple[tuple[ast.AST, ...], ...]:
        """Of each of its own expressions all nodes, without those of the statements in its body."""
        return tuple(tuple(nodes_in(expression)) for expression in expressions(self.node))

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """Its calls, in the order in which they are made."""
        found = [node for part in self.parts for node in part if isinstance(node, ast.Call)]
        return tuple(sorted(found, key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0)))

    @cached_property
    def names(self) -> tuple[ast.Name, ...]:
        """The names in its statement, those in a body included."""
        return tuple(node for node in nodes_in(self.node) if isinstance(node, ast.Name))


def steps_of(cell: Cell) -> tuple[Step, ...] | None:
    """The steps of one code cell; `None` when it is no Python. A cell of another language (`%%html`) has none."""
    if mask_magics(cell.source).strip() == "" and cell.source.strip():
        return ()
    tree = parse_code(cell.source)
    if tree is None:
        return None
    found: list[Step] = []
    try:
        for step in _walked(tree.body, cell.index, (), False, None):
            found.append(step)
            if len(found) >= _MOST_STEPS:
                break
    except RecursionError:
        return None
    return tuple(found)


def _walked(
    body: list[ast.stmt], cell: int, loops: tuple[Loop, ...], guarded: bool, function: str | None
) -> Iterator[Step]:
    for node in body:
        yield Step(cell, node, loops, guarded, function)
        if isinstance(node, Loop):
            unsure = guarded or isinstance(node, ast.While)
            yield from _walked(node.body, cell, (*loops, node), unsure, function)
            yield from _walked(node.orelse, cell, loops, guarded, function)
        elif isinstance(node, ast.If):
            sure = is_main(node.test)
            yield from _walked(node.body, cell, loops, guarded or not sure, function)
            yield from _walked(node.orelse, cell, loops, True, function)
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from _walked(node.body, cell, loops, guarded, function)
        elif isinstance(node, ast.Try):
            for part in (node.body, node.orelse, node.finalbody, *(handler.body for handler in node.handlers)):
                yield from _walked(part, cell, loops, True, function)
        elif isinstance(node, Function):
            yield from _walked(node.body, cell, (), True, node.name)


def is_main(test: ast.expr) -> bool:
    """`if __name__ == "__main__":` always holds when a hand-in is run."""
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement itself, without those of the statements in its body."""
    for _, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.expr):
                yield part
            elif isinstance(part, ast.withitem):
                yield part.context_expr


def callee(call: ast.Call) -> str:
    """The called name, without what stands before its last dot: `fit` of `model.fit(...)`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def receiver(call: ast.Call) -> str | None:
    """`model` of `model.fit(...)`, `nets[0]` of `nets[0].fit(...)`; `None` for a plain function."""
    return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else None


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """The argument called `name`, or the one at `position`; `None` when it is not given."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    plain = [value for value in call.args if not isinstance(value, ast.Starred)]
    if position is not None and len(plain) == len(call.args) and position < len(plain):
        return plain[position]
    return None


def targets_of(node: ast.stmt) -> list[str]:
    """The plain names that a statement assigns."""
    if isinstance(node, ast.Assign):
        parts: list[ast.expr] = list(node.targets)
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For | ast.AsyncFor):
        parts = [node.target]
    elif isinstance(node, ast.With | ast.AsyncWith):
        parts = [item.optional_vars for item in node.items if item.optional_vars is not None]
    else:
        parts = []
    if len(parts) == 1 and isinstance(parts[0], ast.Name):
        return [parts[0].id]
    names = [name for part in parts for name in nodes_in(part) if isinstance(name, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


def called_names(source: str) -> list[str]:
    """Names of the functions and methods that `source` calls, in the order in which they stand."""
    tree = parse_code(source)
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
    tree = parse_code(source)
    if tree is None:
        names = [name for name in called_names(source) if name in _PROGRESS_CALLS]
        return [_PROGRESS_CALLS[name] for name in names]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    calls = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in _PROGRESS_CALLS]
    calls.sort(key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))
    return [
        _PROGRESS_CALLS[call.func.attr] for call in calls if isinstance(call.func, ast.Attribute) and not _silent(call)
    ]


def _silent(call: ast.Call) -> bool:
    values = {keyword.arg: keyword.value for keyword in call.keywords}
    verbose = values.get("verbose")
    return isinstance(verbose, ast.Constant) and verbose.value in (0, False)


def _comments(source: str) -> list[tokenize.TokenInfo] | None:
    """Comment tokens of `source`; `None` where it is too long or no Python."""
    if source.count("\n") > _LINES_LIMIT:
        return None
    try:
        found = list(tokenize.generate_tokens(io.StringIO(mask_magics(source)).readline))
    except (tokenize.TokenError, SyntaxError, RecursionError):
        return None
    return [token for token in found if token.type == tokenize.COMMENT]


def comment_rows(source: str) -> list[int]:
    """Rows, from 0, that hold nothing but a comment; rows within strings don't count."""
    candidates = [row for row, line in enumerate(source.split("\n")) if line.lstrip().startswith("#")]
    comments = _comments(source) if candidates and _MAY_HIDE_ROWS.search(source) else None
    if comments is None:
        return candidates
    rows = {token.start[0] - 1 for token in comments}
    return [row for row in candidates if row in rows]


def trailing_comments(source: str) -> list[tuple[int, str]]:
    """The comments behind statements, each as its offset in `source` and its text."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return [
        (starts[token.start[0] - 1] + token.start[1], comment_text(token.string))
        for token in _comments(source) or ()
        if token.line[: token.start[1]].strip()
    ]


def comment_text(line: str) -> str:
    """The text of a comment line, without its `#` and rulers."""
    return line.strip().lstrip("#").strip().strip("-=*#~_").strip()


def is_code(text: str) -> bool:
    """Whether a comment's text is code that was commented out."""
    tree = parse_code(text.strip()) if text.strip() else None
    if tree is None or not tree.body:
        return False
    return not all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Name | ast.Constant) for node in tree.body)
