"""Evaluations that say one thing, where labgrade finds another with the same weights on the same rows."""

from __future__ import annotations

from collections.abc import Iterator

from grader.checks.observations.placing import question_of
from grader.checks.wording import accuracy_text, capitalised, place
from grader.records.match import Match, Reference
from grader.records.recording import Evaluated
from grader.records.result import Observation


def disputed_evaluations(match: Match, reference: Reference) -> Iterator[Observation]:
    """What `evaluate` returned in the rerun, held against labgrade's own evaluation of the same weights."""
    told: set[int] = set()
    for event in match.rerun.events:
        if not isinstance(event, Evaluated) or not event.disputed or event.cell in told:
            continue
        told.add(event.cell)
        assert event.measured is not None
        assert event.claimed_accuracy is not None
        where = place(match, event.cell)
        rows = f"{event.measured.rows:,} of these rows" if event.measured.rows != event.data.rows else "the same rows"
        yield Observation(
            kind="evaluation_differs",
            question=question_of(match, [event.cell]),
            message=(
                f"{capitalised(where)} reports an accuracy of {accuracy_text(event.claimed_accuracy)} from `evaluate`; "
                f"labgrade finds {accuracy_text(event.measured.accuracy)} with the same weights. "
                "The code may have changed what `evaluate` returns."
            ),
            proof=f"{where}: labgrade's own evaluation of the weights, on {rows}.",
        )
