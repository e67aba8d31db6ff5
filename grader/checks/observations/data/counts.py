"""Printed counts of right and wrong predictions that contradict every accuracy that was printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.checks.metrics import plain_metric
from grader.checks.observations.code import programs_of
from grader.checks.observations.placing import question_of
from grader.checks.wording import accuracy_text, capitalised, listed, place
from grader.records.match import Match, Reference
from grader.records.recording import LoggedScore, LoggedTraining, Recording
from grader.records.result import Observation

_NUMBER = r"(?<![\d.,])(\d{1,6})(?![\d.,]\d)"
_RIGHT = r"(?:(?<!in)(?<!not )correct(?:ly)?|\bright\b|\brätt|\bricht\w{0,4}|\bjuste?s?\b)"
_WRONG = r"(?:incorrect(?:ly)?|wrong(?:ly)?|not correct|misclassified|mistakes?|errors?|\bfel\b|\bfalsch\w{0,2})"
_SIZES = frozenset({10_000, 60_000, 50_000, 12_000, 48_000})
"""Rows of the data sets' usual parts: only counts that add up to one of them are counts of predictions."""
_ENOUGH = 0.0006
_MOST_TEXT = 20_000


def contradicting_counts(match: Match, reference: Reference) -> Iterator[Observation]:
    """Counts of right and wrong in one saved output whose share is no accuracy that the saved outputs show."""
    shown = _accuracies(match.saved)
    logged = {event.cell for event in match.saved.events if isinstance(event, LoggedTraining)}
    # A training that was silent may be the one whose predictions are counted.
    if not shown or any(fit.cell not in logged for program in programs_of(match) for fit in program.fits):
        return
    for cell in match.submission.cells:
        text = "\n".join(output.text[:_MOST_TEXT] for output in cell.outputs)
        found = _counts(text)
        if found is None:
            continue
        right, wrong = found
        share = right / (right + wrong)
        if any(abs(share - value) <= _ENOUGH for value in shown):
            continue
        nearest = min(shown, key=lambda value: abs(value - share))
        where = place(match, cell.index)
        yield Observation(
            kind="counts_contradict",
            question=question_of(match, [cell.index]),
            message=(
                f"{capitalised(where)} counts {right:,} right and {wrong:,} wrong, which is {accuracy_text(share)}; no "
                f"saved accuracy is that (the nearest is {accuracy_text(nearest)}). They may be of another training, "
                "or of data scaled otherwise."
            ),
            proof=f"{where}, saved output: {right} and {wrong}; saved accuracies: {listed(_texts(shown))}.",
        )


def _texts(values: list[float]) -> list[str]:
    return list(dict.fromkeys(accuracy_text(value) for value in sorted(values, reverse=True)))[:5]


def _counts(text: str) -> tuple[int, int] | None:
    """(right, wrong) where both are counted in one text, once each, and add up to a whole test or training set."""
    right, wrong = (_counted(text, words) for words in (_RIGHT, _WRONG))
    pairs = {(r, w) for r in right for w in wrong if r + w in _SIZES}
    return pairs.pop() if len(pairs) == 1 else None


def _counted(text: str, words: str) -> list[int]:
    before = re.findall(rf"{_NUMBER}[^\d\n]{{0,40}}?{words}", text, re.IGNORECASE)
    after = re.findall(rf"{words}[^\d\n]{{0,40}}?{_NUMBER}", text, re.IGNORECASE)
    return [int(number) for number in (*before, *after)]


def _accuracies(saved: Recording) -> list[float]:
    """Every accuracy in the saved outputs: evaluations, and the validation of each epoch."""
    found: list[float] = []
    for event in saved.events:
        if isinstance(event, LoggedScore):
            found += [v for name, v in event.metrics.items() if plain_metric(name) in ("accuracy", "val_accuracy")]
        elif isinstance(event, LoggedTraining):
            for epoch in event.epochs:
                found += [v for name, v in epoch.metrics.items() if plain_metric(name) in ("accuracy", "val_accuracy")]
    return [value for value in found if 0.0 <= value <= 1.0]
