"""The criterion on accuracy, as measured by labgrade itself from the weights that came back."""

from __future__ import annotations

import math

from grader.checks.metrics import values_of
from grader.checks.models.taught import saw_test_rows
from grader.checks.subject import (
    is_reduced,
    missing,
    own_cells,
    reference_model,
    saved_logs,
    saved_training_evidence,
    trainings_of,
)
from grader.checks.verdicts import errored, graded, review
from grader.checks.wording import accuracy_text, places
from grader.records.criteria.models import AccuracyCriterion
from grader.records.match import Match, QuestionMatch, Reference, ReferenceModel
from grader.records.recording import Evaluated, LoggedScore, Trained
from grader.records.result import Verdict

_NEAR_REFERENCE = 0.01
"""Shortfall against the reference that is forgiven where the threshold is out of reach for the reference itself."""
_SLOWER = 0.1
"""Shortfall against the reference that fewer steps may explain in a network that learns slowly."""
_NEAR_THRESHOLD = 0.005
"""Shortfall that another seed may explain when the saved outputs reach the threshold."""


def check_accuracy(
    criterion: AccuracyCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Accuracy

    Measured by labgrade on the data set's own test images: against the reference's mean, or a threshold. With less data
    than the group had, or other data, a threshold that the reference cannot reach either is not held against anybody.
    """
    trainings = trainings_of(question, match)
    if not trainings:
        return missing(criterion, question, match, "trained model", saved_training_evidence(question, match))
    evidence = places(match, [training.cell for training in trainings])
    measured = [training.test.accuracy for training in trainings if training.test is not None]
    if not measured:
        return review(criterion, _unmeasured(trainings, match), evidence=evidence)
    independent = [t for t in trainings if t.test is not None and not saw_test_rows(t, match, reference)]
    if not independent:
        return review(criterion, _taught(trainings), evidence=evidence)
    measured = [training.test.accuracy for training in independent if training.test is not None]
    best = max((value for value in measured if math.isfinite(value)), default=math.nan)
    model = reference_model(question, reference) if question.question.model else None
    if model is not None and _is_the_reference(trainings, model) and _is_forgiving(criterion, model, match):
        said = f"{accuracy_text(best)} on the test set, in the very training that is the reference's."
        return graded(criterion, 1.0, said, observed=_plain(best), expected=model.mean_accuracy, evidence=evidence)
    if criterion.within is not None:
        return _relative(criterion, criterion.within, best, model, _saved_best(question, match), match, evidence)
    assert criterion.at_least is not None
    return _absolute(criterion, criterion.at_least, best, model, _saved_best(question, match), match, evidence)


def _taught(trainings: tuple[Trained, ...]) -> str:
    best = max((t.test.accuracy for t in trainings if t.test is not None), default=math.nan)
    said = f"{accuracy_text(best)} on the test set, but images of the test set were among those it was trained on"
    return f"{said}: that says little about images it has never seen. A person decides."


def _is_the_reference(trainings: tuple[Trained, ...], model: ReferenceModel) -> bool:
    """Whether one of `trainings` has the content key of one of the reference's: the same in everything that counts."""
    theirs = {training.key for training in model.trainings if training.key}
    return any(training.key in theirs for training in trainings if training.key)


def _is_forgiving(criterion: AccuracyCriterion, model: ReferenceModel, match: Match) -> bool:
    """Whether the reference's own accuracy is the measure: always but for a threshold that it might reach itself."""
    mean = model.mean_accuracy
    reachable = mean is not None and criterion.at_least is not None and mean >= criterion.at_least
    return criterion.at_least is None or (is_reduced(match) and not reachable)


def _relative(
    criterion: AccuracyCriterion,
    within: float,
    best: float,
    model: ReferenceModel | None,
    saved: float | None,
    match: Match,
    evidence: tuple[str, ...],
) -> Verdict:
    mean = model.mean_accuracy if model else None
    if model is None or mean is None or not math.isfinite(mean):
        return errored(criterion, "The reference's accuracy was not measured, so there is nothing to compare with.")
    enough = mean - within
    seeds = len(model.test_accuracies)
    spread = f" ± {model.spread:.4f} over {seeds} trainings" if seeds > 1 and model.spread is not None else ""
    reached = best >= enough - 1e-9
    verb = "is" if reached else "was"
    theirs = f"the reference reaches {mean:.4f}{spread}, and {enough:.4f} {verb} enough"
    said = f"{accuracy_text(best)} on the test set; {theirs}."
    # With fewer steps a slower optimizer, or a split of the training rows, falls further behind than with all data.
    if not reached and is_reduced(match) and (saved >= mean if saved is not None else best >= mean - _SLOWER):
        shown = f"your saved outputs show {saved:.4f}" if saved is not None else "no log of yours was handed in"
        said += f" This rerun had less data than you had, or stand-in data; {shown}. A person decides."
        return review(criterion, said, observed=_plain(best), expected=round(enough, 6), evidence=evidence)
    return graded(
        criterion,
        float(reached),
        said,
        observed=_plain(best),
        expected=round(enough, 6),
        evidence=evidence,
    )


def _absolute(
    criterion: AccuracyCriterion,
    threshold: float,
    best: float,
    model: ReferenceModel | None,
    saved: float | None,
    match: Match,
    evidence: tuple[str, ...],
) -> Verdict:
    said = f"{accuracy_text(best)} on the test set; asked for was {threshold:g}."
    shown = saved is not None and saved >= threshold - 1e-9
    if shown:
        said += f" Your saved outputs show {saved:.4f}."
    if best >= threshold - 1e-9:
        return graded(criterion, 1.0, said, observed=_plain(best), expected=threshold, evidence=evidence)
    if is_reduced(match):
        said += " This rerun had less data than you had, or stand-in data."
        mean = model.mean_accuracy if model else None
        if mean is not None and mean < threshold:
            said += f" The reference itself reaches {mean:.4f} here."
            if best >= mean - _NEAR_REFERENCE:
                return graded(criterion, 1.0, said, observed=_plain(best), expected=threshold, evidence=evidence)
        if mean is None or mean < threshold or shown:
            said += f" A person decides{'; the saved outputs speak for it' if shown else ''}."
            return review(criterion, said, observed=_plain(best), expected=threshold, evidence=evidence)
    elif shown and best >= threshold - _NEAR_THRESHOLD:
        said += " Another seed may explain the difference: a person decides."
        return review(criterion, said, observed=_plain(best), expected=threshold, evidence=evidence)
    return graded(criterion, 0.0, said, observed=_plain(best), expected=threshold, evidence=evidence)


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _unmeasured(trainings: tuple[Trained, ...], match: Match) -> str:
    """What the group's own process says, where labgrade could measure nothing."""
    last = trainings[-1]
    why = f" ({last.native})" if last.native else ""
    said = f"The accuracy could not be measured independently{why}."
    known = {training.seq for training in trainings}
    scores = [event for event in match.rerun.events if isinstance(event, Evaluated) and event.trained in known]
    accuracies = [score.claimed_accuracy for score in scores if score.claimed_accuracy is not None]
    accuracies = accuracies or list(values_of(last.history, "val_accuracy") or ())[-1:]
    if accuracies:
        said += f" Your code itself reports {accuracy_text(accuracies[-1])}: reported, not verified."
    return f"{said} A person decides."


def _saved_best(question: QuestionMatch, match: Match) -> float | None:
    """The best validation or test accuracy in the saved outputs of the question's model."""
    logged = [
        value
        for log in saved_logs(question, match)
        for epoch in log.epochs
        for name, value in epoch.metrics.items()
        if name.startswith("val_") and "acc" in name
    ]
    cells = own_cells(question)
    logged += [
        value
        for event in match.saved.events
        if isinstance(event, LoggedScore) and event.cell in cells
        for name, value in event.metrics.items()
        if "acc" in name
    ]
    return max((value for value in logged if 0.0 <= value <= 1.0), default=None)
