"""How the cells ran: failures, repetitions, and an order that is not the file's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from grader.checks.observations.code import programs_of
from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, clipped, counted, listed, place, places
from grader.records.match import Match, Reference
from grader.records.recording import CellFailed
from grader.records.result import Observation
from grader.source.names import early_uses

_MOST = 10
_LEAST_LINES = 3
_MAKES = re.compile(r"Sequential\s*\(|Model\s*\(|load_data\s*\(|\.add\s*\(")


def failed_cells(match: Match, reference: Reference) -> Iterator[Observation]:
    """Cells that stopped with an error in the rerun, and errors stored in the saved outputs.

    A cell that only misses what an earlier failed cell would have made is named as a consequence. Names that nothing
    above makes are told by `early_names`.
    """
    failed = [event for event in match.rerun.events if isinstance(event, CellFailed)]
    # What a report shows of a program need not run by itself.
    failed = [event for event in failed if match.submission.cells[event.cell].origin != "listing"]
    early = {(use.cell, use.name) for program in programs_of(match) for use in early_uses(program.steps)}
    failed = [event for event in failed if (event.cell, missing_name(event)) not in early]
    followed = [event for event in failed if _follows(event, match)]
    own = [event for event in failed if event not in followed]
    for event in own[:_MOST]:
        where = place(match, event.cell)
        line = f", line {event.line}" if event.line else ""
        yield Observation(
            kind="failed_cell",
            question=question_of(match, [event.cell]),
            message=f"{capitalised(where)} stopped with {event.error} when the code was run again.",
            proof=f"{where}{line}: {event.error}: {clipped(event.message)}",
        )
    if len(own) > _MOST:
        more = counted(len(own) - _MOST, "more cell")
        yield Observation(
            kind="failed_cell",
            question=None,
            message=f"{more} stopped with an error.",
            proof=listed([place(match, event.cell) for event in own[_MOST:]]),
        )
    if followed:
        where = listed(places(match, [event.cell for event in followed[:_MOST]]))
        names = listed(list(dict.fromkeys(f"`{missing_name(event)}`" for event in followed[:_MOST])))
        yield Observation(
            kind="failed_after_failure",
            question=None,
            message=f"{capitalised(where)} stopped in consequence: {names} would have been made by cells that failed.",
            proof=f"NameError in the rerun of {where}.",
        )
    yield from _saved_errors(match)


def missing_name(failure: CellFailed) -> str:
    """The name that a NameError is about, else empty."""
    named = re.match(r"(?:name|free variable|cannot access local variable) '(\w{1,200})'", failure.message)
    return named[1] if named and failure.error in ("NameError", "UnboundLocalError") else ""


def _follows(failure: CellFailed, match: Match) -> bool:
    """Whether the missing name is one that a cell above makes, which stopped or made it after it had stopped."""
    name = missing_name(failure)
    earlier = {e.cell for e in match.rerun.events if isinstance(e, CellFailed) and e.seq < failure.seq}
    return bool(name) and any(
        re.search(rf"(?<![\w.]){name}\s*(?:,[^=\n]{{0,200}})?=(?!=)", match.submission.cells[cell].source)
        for cell in earlier
    )


def _saved_errors(match: Match) -> Iterator[Observation]:
    for cell in match.submission.cells:
        error = next((output for output in cell.outputs if output.kind == "error"), None)
        if error is not None:
            lines = [line for line in error.text.splitlines() if line.strip()]
            yield Observation(
                kind="saved_error",
                question=question_of(match, [cell.index]),
                message=f"An error is stored in the output of {place(match, cell.index)}.",
                proof=f"{place(match, cell.index)}: {clipped(lines[-1] if lines else 'error without a text')}",
            )


def repeated_cells(match: Match, reference: Reference) -> Iterator[Observation]:
    """Code cells with the same text that make or load something, three lines at least. The same plot twice is habit."""
    groups: dict[str, list[int]] = {}
    for cell in match.submission.cells:
        lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
        if cell.runs and len(lines) >= _LEAST_LINES and _MAKES.search(cell.source):
            groups.setdefault("\n".join(lines), []).append(cell.index)
    for text, cells in groups.items():
        if len(cells) > 1:
            where = listed([place(match, cell) for cell in cells[:_MOST]])
            yield Observation(
                kind="repeated_cell",
                question=question_of(match, cells),
                message=f"{capitalised(where)} hold the same code.",
                proof=f"{counted(len(text.splitlines()), 'line')} each, equal but for indentation.",
            )


def decreasing_counts(match: Match, reference: Reference) -> Iterator[Observation]:
    """Execution counts that fall or repeat: the saved outputs may come from another order than the file's."""
    for name in match.submission.files:
        counts = [(c.index, c.execution_count) for c in match.submission.cells if c.file == name and c.execution_count]
        falls = [(a, b) for a, b in pairwise(counts) if (b[1] or 0) <= (a[1] or 0)]
        if not falls:
            continue
        shown = [f"{place(match, a[0])} [{a[1]}] before {place(match, b[0])} [{b[1]}]" for a, b in falls[:3]]
        yield Observation(
            kind="execution_order",
            question=None,
            message=(
                "The cells were not run from top to bottom in one go, so some saved outputs may come from an earlier "
                f"state of the code ({counted(len(falls), 'place')})."
            ),
            proof=f"Execution counts: {'; '.join(shown)}.",
        )
