"""Names that code uses before it has them, in the order in which the cells stand."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from grader.code.statements import Function, Step, callee, expressions, targets_of
from grader.code.syntax import children_of, nodes_in

_KNOWN = frozenset(
    {*dir(builtins), "display", "get_ipython", "In", "Out", "exit", "quit", "_", "__", "___", "__file__", "__name__"}
)
"""Names that Python and IPython give."""
_OPAQUE_CALLS = frozenset({"exec", "eval", "globals", "locals", "vars", "run_line_magic", "run_cell_magic"})
"""Functions that may make names without the text telling which."""
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class EarlyUse:
    """A name used where no statement above has made it."""

    name: str
    cell: int
    line: int
    defined_in: tuple[int, ...]
    """Cells further down that make it; empty when none does."""


@dataclass(frozen=True)
class _Read:
    """What one step does with names."""

    step: Step
    made: frozenset[str]
    read: tuple[ast.Name, ...]
    opaque: bool


def early_uses(steps: Sequence[Step], given: frozenset[str] = frozenset()) -> tuple[EarlyUse, ...]:
    """The first use of each name that stands above everything that makes it; `given` are names made elsewhere.

    It is silent where names may come from where the text does not tell: after a star import, `exec` or `%run`.
    """
    followed = _followed(tuple(steps))
    made = _makers(followed)
    known: set[str] = set(given)
    found: dict[str, EarlyUse] = {}
    for entry in followed:
        step = entry.step
        if step.function is None:
            if entry.opaque:
                break
            for name in entry.read:
                if name.id in known or name.id in _KNOWN or name.id.startswith("_") or name.id in found or step.guarded:
                    continue
                later = tuple(cell for cell in made.get(name.id, ()) if cell >= step.cell)
                found[name.id] = EarlyUse(name.id, step.cell, name.lineno, later)
        known |= entry.made
    return tuple(found.values())


@lru_cache(maxsize=8)
def _followed(steps: tuple[Step, ...]) -> tuple[_Read, ...]:
    return tuple(_Read(step, frozenset(_made(step)), tuple(_read(step.node)), _is_opaque(step)) for step in steps)


def _makers(followed: Sequence[_Read]) -> dict[str, tuple[int, ...]]:
    made: dict[str, list[int]] = {}
    for entry in followed:
        for name in entry.made:
            made.setdefault(name, []).append(entry.step.cell)
    return {name: tuple(dict.fromkeys(cells)) for name, cells in made.items()}


def _made(step: Step) -> set[str]:
    """Names that `step` brings into being, those that a function makes global included."""
    node = step.node
    if isinstance(node, ast.Global):
        return set(node.names)
    if step.function is not None:
        return set()
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, Function | ast.ClassDef):
        return {node.name}
    nodes = nodes_in(node)
    names = {part.target.id for part in nodes if isinstance(part, ast.NamedExpr)}
    if isinstance(node, ast.Try):
        names |= {handler.name for handler in node.handlers if handler.name}
    if isinstance(node, ast.Match):
        names |= {part.name for part in nodes if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name}
    return names | set(targets_of(node))


def _is_opaque(step: Step) -> bool:
    node = step.node
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "*" for alias in node.names)
    return any(callee(call) in _OPAQUE_CALLS for call in step.calls)


def _read(node: ast.stmt) -> Iterator[ast.Name]:
    """Names that a statement reads as it runs, without those that its comprehensions and lambdas make themselves."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target
    if isinstance(node, Function | ast.ClassDef | ast.Delete):
        return
    for part in expressions(node):
        yield from _loaded(part, frozenset())


def _loaded(node: ast.AST, inner: frozenset[str]) -> Iterator[ast.Name]:
    """Depth first, without recursion: an expression may be as deep as its author likes."""
    waiting = [(node, inner)]
    while waiting:
        node, inner = waiting.pop()
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, _COMPREHENSIONS):
            made = (part for generator in node.generators for part in nodes_in(generator.target))
            inner |= {part.id for part in made if isinstance(part, ast.Name)}
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in inner:
            yield node
        waiting += [(child, inner) for child in reversed(children_of(node))]
