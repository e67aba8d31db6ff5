"""Numbers in the names of layers that tell of models which the code above does not make."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.checks.observations.code import has_run, programs_of
from grader.checks.observations.placing import question_at
from grader.checks.wording import capitalised, counted, place
from grader.records.match import Match, Reference
from grader.records.recording import LoggedSummary, ModelBuilt
from grader.records.result import Observation
from grader.source.steps import callee

_NUMBERED = re.compile(r"sequential_(\d{1,5})")
_MAKERS = frozenset({"Sequential"})


def renumbered_models(match: Match, reference: Reference) -> Iterator[Observation]:
    """The first saved summary whose `sequential_n` counts more models than the code above it makes.

    Keras numbers the models of a session: a higher number means that cells were run repeatedly, or in another order.
    """
    for event in match.saved.events:
        if not isinstance(event, LoggedSummary):
            continue
        number = _NUMBERED.fullmatch(event.name.strip())
        made = _made_before(match, event.cell)
        # `sequential` is the first, `sequential_1` the second: n models stood before.
        if number is None or made is None or int(number[1]) <= made:
            continue
        where = place(match, event.cell)
        yield Observation(
            kind="run_before",
            question=question_at(match, event.cell),
            message=(
                f"{capitalised(where)} shows the model `{event.name}`: {counted(int(number[1]), 'model')} had been "
                f"made in that session before it, and the code above makes {made - 1}. "
                "Cells may have been run several times or in another order."
            ),
            proof=f"{where}, saved output: Model '{event.name}'; models made above it: {made - 1}.",
        )
        return


def _made_before(match: Match, cell: int) -> int | None:
    """Models that run before the last one of `cell`; `None` when it cannot be known."""
    file = match.submission.cells[cell].file
    if has_run(match, cell):
        built = [e for e in match.rerun.events if isinstance(e, ModelBuilt) and e.cell <= cell]
        return max(len({event.model for event in built}), _written_before(match, file, cell) or 0)
    return _written_before(match, file, cell)


def _written_before(match: Match, file: str, cell: int) -> int | None:
    made = 0
    for program in programs_of(match):
        if program.file != file:
            continue
        if any(index <= cell for index in program.unread):
            return None
        for step in program.steps:
            if step.cell > cell:
                break
            count = sum(callee(call) in _MAKERS for call in step.calls)
            if count and (step.loops or step.function):
                return None
            made += count
    return made
