"""Names that are used where nothing above makes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from grader.checks.observations.code import failures_in, has_run, is_fragment, programs_of, words_outside
from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, place
from grader.records.match import Match, Reference
from grader.records.result import Observation
from grader.records.submission import Cell
from grader.source.names import EarlyUse, early_uses
from grader.source.program import Program

_MOST = 8
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
            if found >= _MOST or _is_explained(use, match) or _may_be_torn(use, program):
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


def _may_be_torn(use: EarlyUse, program: Program) -> bool:
    """Whether the name may be a piece of another one: on the way through a document names are torn and misread."""
    if use.defined_in or not is_fragment(program.file):
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
        part = " of the code that could be read" if is_fragment(program.file) else " of the code handed in"
        message = f"{capitalised(where)}, uses `{use.name}`, which no part{part} makes."
        lost = "It may stand where the document does not show it." if is_fragment(program.file) else ""
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
