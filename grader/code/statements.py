"""The statements of a hand-in's code in the order in which they stand, those within loops and conditions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from grader.code.syntax import mask_magics, nodes_in, parse_code
from grader.records import Cell

_MOST_STEPS = 20_000
"""Steps of one cell that are read."""
Loop = ast.For | ast.While
Function = ast.FunctionDef | ast.AsyncFunctionDef


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
            sure = _is_main(node.test)
            yield from _walked(node.body, cell, loops, guarded or not sure, function)
            yield from _walked(node.orelse, cell, loops, True, function)
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from _walked(node.body, cell, loops, guarded, function)
        elif isinstance(node, ast.Try):
            for part in (node.body, node.orelse, node.finalbody, *(handler.body for handler in node.handlers)):
                yield from _walked(part, cell, loops, True, function)
        elif isinstance(node, Function):
            yield from _walked(node.body, cell, (), True, node.name)


def _is_main(test: ast.expr) -> bool:
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
