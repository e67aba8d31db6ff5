"""What did not run, why, and what it could have given: whether something is missing because of it, or was never there.

A statement that failed is lost, and where it stopped its cell so is what stands below it; so is a piece that was
damaged on its way through a document. What a lost piece calls tells what it could have given (`grader.code.purposes`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from grader.code.purposes import ANYTHING, purposes, source_purposes
from grader.code.syntax import is_main, parse_code
from grader.facts.causes import Cause
from grader.records import Cell, CellFailed, Event, Subject


@dataclass(frozen=True)
class Loss:
    """Code of one cell that did not run, or not to its end."""

    cell: int
    cause: Cause
    """Of the failure that it goes back to: what the group's own error took along is the group's."""
    gives: frozenset[Subject]
    """What it could have given."""
    failure: CellFailed | None = None
    """The failure that it goes back to; `None` for a piece that was damaged."""


@lru_cache(maxsize=8)
def losses(cells: tuple[Cell, ...], failures: tuple[CellFailed, ...]) -> tuple[Loss, ...]:
    """What was lost of `cells` by these `failures` of the rerun, in its order, then what was damaged."""
    sources = tuple(cell.source for cell in cells if cell.kind == "code")
    roots = roots_of(failures)
    known = [failure for failure in failures if 0 <= failure.cell < len(cells)]
    missing = frozenset(name for failure in known for name in _never_made(failure, cells[failure.cell]))
    found = []
    for failure in known:
        cell = cells[failure.cell]
        root = roots[failure.seq]
        cause = cause_of(root, cells)
        statements = _lost_statements(failure, cell)
        lost_all = (
            source_purposes(cell.source, sources) if statements is None else purposes(statements, sources, missing)
        )
        found.append(Loss(failure.cell, cause, lost_all, root))
    damaged = [cell for cell in cells if cell.unrun == "damaged"]
    found += [Loss(cell.index, "reading", source_purposes(cell.source, sources)) for cell in damaged]
    # What code of another language would have given is not known.
    found += [Loss(cell.index, "reading", ANYTHING) for cell in cells if cell.unrun == "language"]
    return tuple(found)


def failures_of(events: tuple[Event, ...]) -> tuple[CellFailed, ...]:
    """The failures among `events`, in order."""
    return tuple(event for event in events if isinstance(event, CellFailed))


def roots_of(failures: tuple[CellFailed, ...]) -> dict[int, CellFailed]:
    """`seq` of each failure -> the one that it goes back to, which may be itself."""
    by_seq = {failure.seq: failure for failure in failures}
    return {f.seq: f if f.follows is None else by_seq.get(f.follows, f) for f in failures}


def cause_of(failure: CellFailed, cells: tuple[Cell, ...]) -> Cause:
    """The cause of a failure that follows from no other.

    An error of the same class that is stored under the cell stopped it on the group's own machine, too. In a piece that
    was taken out of a document an error may come from what was lost on the way.
    """
    cell = cells[failure.cell] if 0 <= failure.cell < len(cells) else None
    if cell is None:
        return failure.cause
    if any(output.kind == "error" and failure.error in output.text for output in cell.outputs):
        return "code"
    return "reading" if failure.cause == "code" and cell.origin != "file" else failure.cause


def _lost_statements(failure: CellFailed, cell: Cell) -> list[ast.stmt] | None:
    """The statements that did not run, or not to their end; `None` where the cell cannot be read."""
    tree = parse_code(cell.source)
    if tree is None or failure.statement is None:
        return None
    first, last = failure.statement
    below = _program(tree.body)
    return [
        statement
        for statement in below
        if statement.lineno >= first and (not failure.went_on or statement.lineno <= last)
    ]


def _program(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements at top level; a main block's are run there, too."""
    for statement in body:
        if isinstance(statement, ast.If) and not statement.orelse and is_main(statement.test):
            yield from _program(statement.body)
        else:
            yield statement


def _never_made(failure: CellFailed, cell: Cell) -> Iterator[str]:
    """Names that lost imports would have brought."""
    for statement in _lost_statements(failure, cell) or ():
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                yield alias.asname or alias.name.partition(".")[0]


def could_give(loss: Loss, subject: Subject) -> bool:
    """Whether the lost piece could have held what a criterion about `subject` asks for.

    What measures or draws a network needs it trained, so that a lost training takes its figures and numbers along.
    """
    needed: dict[Subject, frozenset[Subject]] = {
        "model": frozenset({"model"}),
        "training": frozenset({"model", "training"}),
        "figure": frozenset({"training", "figure"}),
        "text": ANYTHING - {"function", "figure"},
        "function": frozenset({"function"}),
    }
    return bool(loss.gives & needed[subject])
