"""Names that code uses before it has them, in the order in which the cells stand."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.source.steps import Function, Step, expressions, targets_of

_KNOWN = frozenset(
    {*dir(builtins), "display", "get_ipython", "In", "Out", "exit", "quit", "_", "__", "___", "__file__", "__name__"}
)
_OPAQUE_CALLS = frozenset({"exec", "eval", "globals", "locals", "vars", "run_line_magic", "run_cell_magic"})
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class EarlyUse:
    """A name used where no statement above has made it."""

    name: str
    cell: int
    line: int
    defined_in: tuple[int, ...]
    """Cells further down that make it; empty when none does."""


def early_uses(steps: Sequence[Step], given: frozenset[str] = frozenset()) -> tuple[EarlyUse, ...]:
    """The first use of each name that stands above everything that makes it. `given`: names made elsewhere.

    Silent where names may come from where the text does not tell: after a star import, `exec` or `%run`.
    """
    made = _makers(steps)
    known: set[str] = set(given)
    found: dict[str, EarlyUse] = {}
    for step in steps:
        if step.function is None:
            if _is_opaque(step):
                break
            for name in _read(step.node):
                if name.id in known or name.id in _KNOWN or name.id.startswith("_") or name.id in found or step.guarded:
                    continue
                later = tuple(cell for cell in made.get(name.id, ()) if cell >= step.cell)
                found[name.id] = EarlyUse(name.id, step.cell, name.lineno, later)
        known |= _made(step)
    return tuple(found.values())


def _makers(steps: Sequence[Step]) -> dict[str, tuple[int, ...]]:
    made: dict[str, list[int]] = {}
    for step in steps:
        for name in _made(step):
            made.setdefault(name, []).append(step.cell)
    return {name: tuple(dict.fromkeys(cells)) for name, cells in made.items()}


def _made(step: Step) -> set[str]:
    """Names that `step` brings into being, those that a function makes global included."""
    node = step.node
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr) for part in [part.target]}
    if isinstance(node, ast.Global):
        return set(node.names)
    if step.function is not None:
        return set()
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, Function | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Try):
        names |= {handler.name for handler in node.handlers if handler.name}
    if isinstance(node, ast.Match):
        names |= {part.name for part in ast.walk(node) if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name}
    return names | set(targets_of(node))


def _is_opaque(step: Step) -> bool:
    node = step.node
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "*" for alias in node.names)
    called = {part.func for head in expressions(node) for part in ast.walk(head) if isinstance(part, ast.Call)}
    names = {func.id if isinstance(func, ast.Name) else getattr(func, "attr", "") for func in called}
    return bool(names & _OPAQUE_CALLS)


def _read(node: ast.stmt) -> Iterator[ast.Name]:
    """Names that a statement reads as it runs, without those that its comprehensions and lambdas make themselves."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target
    if isinstance(node, Function | ast.ClassDef | ast.Delete):
        return
    for part in expressions(node):
        yield from _loaded(part, frozenset())


def _loaded(node: ast.AST, inner: frozenset[str]) -> Iterator[ast.Name]:
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, _COMPREHENSIONS):
        inner |= {name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)}
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in inner:
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _loaded(child, inner)
