"""The criterion on the gap between training and validation accuracy at the end."""

from __future__ import annotations

import math

from pydantic import JsonValue

from grader.checks.evidence import about, picture_evidence, texts_of, where_of
from grader.checks.metrics import plain_metric, values_of
from grader.checks.plots.curves import Curve, curves_of
from grader.checks.subject import is_reduced, missing, own_cells, saved_logs, saved_training_evidence
from grader.checks.texts.numbers import numbers_in
from grader.checks.verdicts import graded, review
from grader.checks.wording import accuracy_text, capitalised, listed, place, places
from grader.records.criteria.outputs import GeneralisationGapCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import FigureDrawn
from grader.records.result import Verdict

_ROUNDED = 0.0051
_LOG_ALONE = 0.5
_BOTH = ("accuracy", "val_accuracy")

Ends = tuple[float, float]
"""Training and validation accuracy after the last epoch."""


def check_generalisation_gap(
    criterion: GeneralisationGapCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Generalisation gap

    Training and validation accuracy at the end of the training, or their difference: stated, printed, or shown as two
    curves in one set of axes. The log of the training alone earns half.
    """
    question = about(question, match, criterion.model)
    trainings = match.trainings(question.model)
    ends = [*_rerun_ends(question, match), *_saved_ends(question, match)]
    if not ends:
        return missing(
            criterion, question, match, "training with a validation", saved_training_evidence(question, match)
        )
    training, validation = ends[0]
    known = (
        f"Training accuracy ends at {accuracy_text(training)}, validation accuracy at {accuracy_text(validation)}: "
        f"a gap of {training - validation:.4f}."
    )
    observed: JsonValue = {"training": round(training, 6), "validation": round(validation, 6)}
    where = _stated(ends, question, match)
    if where is None:
        drawn = [event for event in match.rerun.events if isinstance(event, FigureDrawn)]
        where = _plotted(curves_of(drawn, trainings), match)
    if where is not None:
        said, cell = where
        evidence = places(match, question.cells if cell is None else [cell])
        return graded(criterion, 1.0, f"{known} {said}", observed=observed, evidence=evidence)
    numbers = [number.text for number in numbers_in(question.answer) if max(number.decimals) >= 1]
    pictures = picture_evidence(question, match)
    if (numbers and is_reduced(match)) or pictures:
        stated = f"The answer states {listed(numbers[:4])}." if numbers else ""
        said = " ".join(filter(None, (known, stated, pictures, "A person decides.")))
        return review(criterion, said, observed=observed, evidence=places(match, question.cells))
    logged = saved_logs(question, match) or [t for t in trainings if t.fit.verbose > 0]
    if logged:
        said = f"{known} Only the training's log shows both values."
        return graded(criterion, _LOG_ALONE, said, observed=observed, evidence=places(match, [logged[0].cell]))
    said = f"{known} Neither both values nor their difference are stated or shown."
    return graded(criterion, 0.0, said, observed=observed, evidence=places(match, question.cells))


def _rerun_ends(question: QuestionMatch, match: Match) -> list[Ends]:
    found = []
    for training in match.trainings(question.model):
        pair = [values_of(training.history, name) for name in _BOTH]
        if pair[0] and pair[1] and math.isfinite(pair[0][-1]) and math.isfinite(pair[1][-1]):
            found.append((pair[0][-1], pair[1][-1]))
    return found


def _saved_ends(question: QuestionMatch, match: Match) -> list[Ends]:
    found = []
    for log in saved_logs(question, match):
        last = {plain_metric(name): value for name, value in log.epochs[-1].metrics.items()} if log.epochs else {}
        if all(name in last for name in _BOTH):
            found.append((last["accuracy"], last["val_accuracy"]))
    return found


def _stated(ends: list[Ends], question: QuestionMatch, match: Match) -> tuple[str, int | None] | None:
    """Where both values, or their difference, are stated; logs of trainings don't count."""
    if any(_states(question.answer, pair) for pair in ends):
        return "The answer states it.", None
    for text in texts_of(match, set(question.cells) | own_cells(question)):
        plain = "\n".join(line for line in text.text.splitlines() if "val_" not in line and "loss:" not in line)
        if any(_states(plain, pair) for pair in ends):
            return f"{capitalised(where_of(text, match))} states it.", text.cell
    return None


def _states(text: str, pair: Ends) -> bool:
    numbers = [number for number in numbers_in(text) if max(number.decimals) >= 1]
    values = [any(number.states(value, _ROUNDED) for number in numbers) for value in pair]
    if abs(pair[0] - pair[1]) < 2 * _ROUNDED:
        values = [any(number.states(value, 0.0) for number in numbers) for value in pair]
    gap = abs(pair[0] - pair[1])
    difference = any(number.states(gap, 0.0) and max(number.decimals) >= 3 for number in numbers)
    return all(values) or (difference and gap > 0.0)


def _plotted(curves: list[Curve], match: Match) -> tuple[str, int | None] | None:
    """A set of axes with both curves of the same training."""
    metrics: dict[int, set[str]] = {}
    for curve in curves:
        metrics.setdefault(id(curve.axes), set()).add(curve.metric)
        if metrics[id(curve.axes)] >= set(_BOTH):
            return f"The figure of {place(match, curve.event.cell)} shows both.", curve.event.cell
    return None
