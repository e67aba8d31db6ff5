"""How the cells ran: failures, repetitions, an order that is not the file's, and names that nothing makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise

from grader.code.data_flow import EarlyUse, early_uses
from grader.code.program import Program
from grader.criteria.wording import capitalised, clipped, counted, listed, place, places
from grader.observations.common import failures_in, has_run, is_fragment, programs_of, question_of, words_outside
from grader.records import Cell, CellFailed, Match, Observation, Reference

# How the cells ran: failures, repetitions, and an order that is not the file's.

_MOST_FAILURES = 10
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
    for event in own[:_MOST_FAILURES]:
        where = place(match, event.cell)
        line = f", line {event.line}" if event.line else ""
        yield Observation(
            kind="failed_cell",
            question=question_of(match, [event.cell]),
            message=f"{capitalised(where)} stopped with {event.error} when the code was run again.",
            proof=f"{where}{line}: {event.error}: {clipped(event.message)}",
        )
    if len(own) > _MOST_FAILURES:
        more = counted(len(own) - _MOST_FAILURES, "more cell")
        yield Observation(
            kind="failed_cell",
            question=None,
            message=f"{more} stopped with an error.",
            proof=listed([place(match, event.cell) for event in own[_MOST_FAILURES:]]),
        )
    if followed:
        where = listed(places(match, [event.cell for event in followed[:_MOST_FAILURES]]))
        names = listed(list(dict.fromkeys(f"`{missing_name(event)}`" for event in followed[:_MOST_FAILURES])))
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
            where = listed([place(match, cell) for cell in cells[:_MOST_FAILURES]])
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


# Names that are used where nothing above makes them.

_MOST_NAMES = 8
_BRINGS_NAMES = re.compile(r"^[ \t]*%(?:pylab|run|load|store|macro|loadpy|capture)\b|^%%capture", re.MULTILINE)
"""Magics that may make any name."""


def early_names(match: Match, reference: Reference) -> Iterator[Observation]:
    """Names used above what makes them, or that nothing makes. Not where saved execution counts explain it."""
    found = 0
    for program in programs_of(match):
        if any(_BRINGS_NAMES.search(cell.source) for cell in match.submission.cells if cell.file == program.file):
            continue
        given = words_outside(match, program.file, program.unread)
        for use in early_uses(program.steps, given):
            if found >= _MOST_NAMES or _is_explained(use, match) or _may_be_torn(use, program, match):
                continue
            found += 1
            yield _observation(use, program, match)


def _is_explained(use: EarlyUse, match: Match) -> bool:
    """Whether the rerun had the name after all, or the saved counts tell of an order in which it existed."""
    if has_run(match, use.cell) and not failures_in(match, use.cell):
        return True
    ran = match.submission.cells[use.cell].execution_count
    counts = [match.submission.cells[cell].execution_count for cell in use.defined_in if cell != use.cell]
    return ran is not None and any(count is not None and count < ran for count in counts)


def _may_be_torn(use: EarlyUse, program: Program, match: Match) -> bool:
    """Whether the name may be a piece of another one: on the way through a document names are torn and misread."""
    if use.defined_in or not is_fragment(match, program.file):
        return False
    others = {name.id for step in program.steps for name in step.names}
    others -= {use.name}
    return any(o.startswith(use.name) or o.endswith(use.name) for o in others) or bool(
        get_close_matches(use.name, sorted(others), n=1, cutoff=0.8)
    )


def _observation(use: EarlyUse, program: Program, match: Match) -> Observation:
    where = f"{place(match, use.cell)}, line {use.line}"
    # What a saved output shows did run once: the cells may have been run in another order, or one was deleted.
    ran_once = _shows_success(match.submission.cells[use.cell])
    if use.defined_in:
        later = place(match, use.defined_in[0])
        made = f"{later} makes it first" if later != place(match, use.cell) else "it is made further down"
        message = f"{capitalised(where)}, uses `{use.name}` before it exists: {made}."
        message += " The cells may have been run in another order." if ran_once else ""
    else:
        part = " of the code that could be read" if is_fragment(match, program.file) else " of the code handed in"
        message = f"{capitalised(where)}, uses `{use.name}`, which no part{part} makes."
        lost = "It may stand where the document does not show it." if is_fragment(match, program.file) else ""
        message += f" {lost or 'The cell that made it may have been deleted.'}" if lost or ran_once else ""
    failed = [f for f in failures_in(match, use.cell) if f.error == "NameError" and f"'{use.name}'" in f.message]
    proof = f"`{use.name}` is read there; looked for in every statement above it."
    if failed:
        proof += f" The rerun stopped there with NameError: {failed[0].message[:120]}"
    return Observation(
        kind="name_before_definition" if use.defined_in else "undefined_name",
        question=question_of(match, [use.cell]),
        message=message,
        proof=proof,
    )


def _shows_success(cell: Cell) -> bool:
    return bool(cell.outputs) and all(output.kind != "error" for output in cell.outputs)
