"""Criteria decided by what a hand-in itself shows: printed summaries, training logs and scores.

It is the group's word, not measured. So a saved score can reach what was asked for, but never fall short of it: that
is for a person.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from pydantic import JsonValue

from grader.checks.metrics import plain_metric
from grader.checks.subject import is_reduced, own_cells, reference_model, saved_logs, saved_summaries
from grader.checks.verdicts import graded, review
from grader.checks.wording import counted, listed, place, places
from grader.records.criteria.models import (
    AccuracyCriterion,
    ArchitectureCriterion,
    ParametersCriterion,
    TrainedCriterion,
)
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import LoggedScore, LoggedSummary, LoggedTraining
from grader.records.result import Verdict
from grader.records.rubric import Criterion

_UNSEEN = frozenset({"InputLayer", "Flatten"})
"""Layers that only shape the input."""


def saved_verdict(criterion: Criterion, question: QuestionMatch, match: Match, reference: Reference) -> Verdict | None:
    """The verdict of the saved outputs; `None` where they say nothing on a criterion of this kind."""
    judge = _JUDGES.get(criterion.kind)
    return judge(criterion, question, match, reference) if judge is not None else None


def _parameters(
    criterion: ParametersCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict | None:
    expected = criterion.equals or reference_model(question, reference).architecture.parameters
    shown = [summary for summary in saved_summaries(question, match) if summary.parameters is not None]
    if expected is None or not shown:
        return None
    same = next((summary for summary in shown if summary.parameters == expected), None)
    if same is None and len({summary.parameters for summary in shown}) > 1:
        return None
    summary = same or shown[0]
    said = f"The summary saved under {place(match, summary.cell)} shows {counted(summary.parameters or 0, 'parameter')}"
    said += ", as the reference has." if same is not None else f"; the reference has {expected:,}."
    return graded(
        criterion,
        float(same is not None),
        said,
        observed=summary.parameters,
        expected=expected,
        evidence=places(match, [summary.cell]),
    )


def _architecture(
    criterion: ArchitectureCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict | None:
    shown = saved_summaries(question, match)
    if not shown:
        return None
    theirs = [
        (layer.class_name, layer.parameters or 0)
        for layer in reference_model(question, reference).architecture.layers
        if layer.class_name not in _UNSEEN
    ]
    summary = next((s for s in shown if _layers(s) == theirs), shown[0])
    ours = _layers(summary)
    where = place(match, summary.cell)
    evidence = places(match, [summary.cell])
    names: JsonValue = [name for name, _ in ours]
    if criterion.must_have:
        there = {name for name, _ in ours}
        lacking = [wanted for wanted in criterion.must_have if wanted not in there]
        if not lacking:
            said = f"The summary saved under {where} shows {listed(list(criterion.must_have))}, as asked for."
            return graded(criterion, 1.0, said, observed=names, expected=list(criterion.must_have), evidence=evidence)
        said = f"The summary saved under {where} shows no {listed(lacking, 'and no')} layer. A person decides."
        return review(criterion, said, observed=names, expected=list(criterion.must_have), evidence=evidence)
    if ours == theirs:
        said = (
            f"The summary saved under {where} shows the reference's {counted(len(theirs), 'layer')}, of the same sizes"
        )
        said += "; activations and rates don't show in it. A person decides."
    else:
        said = f"The summary saved under {where} shows other layers than the reference's. A person decides."
    return review(criterion, said, observed=names, expected=[name for name, _ in theirs], evidence=evidence)


def _layers(summary: LoggedSummary) -> list[tuple[str, int]]:
    return [(name, count) for name, _, count in summary.layers if name not in _UNSEEN]


def _trained(
    criterion: TrainedCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict | None:
    model = reference_model(question, reference)
    wanted = criterion.epochs or (model.fit.epochs if model.fit is not None else None)
    logs = _logs(question, match)
    if wanted is None or not logs:
        return None
    log = min(logs, key=lambda candidate: (abs(_reached(candidate) - wanted), candidate.seq))
    epochs = _reached(log)
    said = f"The log saved under {place(match, log.cell)} shows {counted(epochs, 'epoch')}"
    enough = epochs >= wanted if criterion.at_least else epochs == wanted
    evidence = places(match, [log.cell])
    observed: JsonValue = {"epochs": epochs}
    expected: JsonValue = {"epochs": wanted}
    if epochs < log.declared_epochs:
        said += f" of {log.declared_epochs}: it was stopped, or its end is lost. A person decides."
        return review(criterion, said, observed=observed, expected=expected, evidence=evidence)
    said += "." if enough else f"; asked for were {wanted}."
    if (
        enough
        and criterion.batch_size is not None
        and not _fits_batches(log, criterion.batch_size, reference, question)
    ):
        said += f" Whether the batch size was {criterion.batch_size} does not show. A person decides."
        return review(criterion, said, observed=observed, expected=expected, evidence=evidence)
    share = 1.0 if enough else min(epochs, wanted) / max(epochs, wanted, 1)
    return graded(criterion, share, said, observed=observed, expected=expected, evidence=evidence)


def _logs(question: QuestionMatch, match: Match) -> list[LoggedTraining]:
    """Logs under the question's own cells, else those of what was taken for its model."""
    logs = [event for event in match.saved.events if isinstance(event, LoggedTraining) and event.epochs]
    own = [log for log in logs if log.cell in question.cells]
    return own or [log for log in saved_logs(question, match) if log.epochs]


def _reached(log: LoggedTraining) -> int:
    """The last epoch that a log shows: lines in between may be lost."""
    return max((epoch.number for epoch in log.epochs), default=0)


def _fits_batches(log: LoggedTraining, size: int, reference: Reference, question: QuestionMatch) -> bool:
    """Whether the steps of an epoch are those of the reference's rows in batches of `size`."""
    steps = {epoch.steps for epoch in log.epochs if epoch.steps is not None}
    model = reference_model(question, reference)
    rows = {training.train.rows for training in model.trainings}
    if model.fit is not None and model.fit.validation_split:
        rows |= {round(count * (1 - model.fit.validation_split)) for count in rows}
    return any(math.ceil(count / size) in steps for count in rows)


def _accuracy(
    criterion: AccuracyCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict | None:
    found = _shown_accuracies(question, match)
    if not found:
        return None
    best, cell = max(found)
    said = f"The output saved under {place(match, cell)} shows {best:.4f}"
    evidence = places(match, [cell])
    enough = criterion.at_least
    if enough is None:
        mean = reference_model(question, reference).mean_accuracy
        if mean is None or is_reduced(match) or criterion.within is None:
            said += ", which was not measured again. A person decides."
            return review(criterion, said, observed=best, evidence=evidence)
        enough = mean - criterion.within
    if best < enough - 1e-9:
        said += f"; {enough:.4f} was enough. A person decides."
        return review(criterion, said, observed=best, expected=round(enough, 6), evidence=evidence)
    said += f"; {enough:.4f} was enough. It was not measured again."
    return graded(criterion, 1.0, said, observed=best, expected=round(enough, 6), evidence=evidence)


def _shown_accuracies(question: QuestionMatch, match: Match) -> list[tuple[float, int]]:
    """Validation and test accuracies that the question's outputs show, 0 to 1, each with its cell."""
    found = [
        (value, log.cell)
        for log in _logs(question, match)
        for epoch in log.epochs
        for name, value in epoch.metrics.items()
        if plain_metric(name) == "val_accuracy"
    ]
    cells = own_cells(question)
    found += [
        (event.metrics["accuracy"], event.cell)
        for event in match.saved.events
        if isinstance(event, LoggedScore) and event.cell in cells and "accuracy" in event.metrics
    ]
    return [(value, cell) for value, cell in found if 0.0 <= value <= 1.0]


_Judge: TypeAlias = Callable[[Any, QuestionMatch, Match, Reference], Verdict | None]
_JUDGES: dict[str, _Judge] = {
    "parameters": _parameters,
    "architecture": _architecture,
    "trained": _trained,
    "accuracy": _accuracy,
}
