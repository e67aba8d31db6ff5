"""The criterion on training: epochs, and batch size where it is asked for."""

from __future__ import annotations

import math
from collections import Counter

from pydantic import JsonValue

from grader.checks.subject import missing, reference_model, saved_training_evidence, trainings_of
from grader.checks.verdicts import graded
from grader.checks.wording import counted, places
from grader.records.criteria.models import TrainedCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import Trained
from grader.records.result import Verdict


def check_trained(criterion: TrainedCriterion, question: QuestionMatch, match: Match, reference: Reference) -> Verdict:
    """Trained

    Epochs completed when the code was run again. A training that a callback stopped early counts as the epochs it was
    given; trainings that carry on with the same weights add up.
    """
    wanted = criterion.epochs or _reference_epochs(question, reference)
    trainings = trainings_of(question, match)
    if not trainings:
        return missing(criterion, question, match, "training", saved_training_evidence(question, match))
    epochs, said = _epochs(trainings, wanted, criterion.at_least)
    reached = epochs >= wanted if criterion.at_least else epochs == wanted
    scores = [1.0 if reached else min(epochs, wanted) / max(epochs, wanted, 1)]
    if not reached:
        said += f" Asked for: {counted(wanted, 'epoch')}{' at least' if criterion.at_least else ''}."
    observed: dict[str, JsonValue] = {"epochs": epochs}
    expected: dict[str, JsonValue] = {"epochs": wanted}
    if criterion.batch_size is not None:
        size = trainings[-1].fit.batch_size
        same = size == criterion.batch_size
        scores.append(float(same))
        said += f" The batch size is {size}{'' if same else f'; asked for was {criterion.batch_size}'}."
        observed["batch_size"], expected["batch_size"] = size, criterion.batch_size
    if any(_diverged(training) for training in trainings):
        said += " The loss became not a number on the way."
    evidence = places(match, [training.cell for training in trainings])
    return graded(criterion, sum(scores) / len(scores), said, observed=observed, expected=expected, evidence=evidence)


def _reference_epochs(question: QuestionMatch, reference: Reference) -> int:
    model = reference_model(question, reference)
    if model.fit is None:
        raise LookupError(f"question {question.question.id}: the reference model was never trained")
    return model.fit.epochs


def completed_epochs(training: Trained) -> int:
    """Epochs of one training; one stopped by its own callback counts as complete."""
    given = training.fit.epochs - training.fit.initial_epoch
    return given if 0 < training.history.epochs < given and stopped_early(training) else training.history.epochs


def stopped_early(training: Trained) -> bool:
    """Whether a callback that may stop the training was given."""
    return any("EarlyStopping" in str(callback.get("class_name", "")) for callback in training.fit.callbacks)


def _epochs(trainings: tuple[Trained, ...], wanted: int, at_least: bool) -> tuple[int, str]:
    """Epochs of the training that is meant, and a sentence on them."""
    if len({training.model for training in trainings}) > 1:
        counts = Counter(completed_epochs(training) for training in trainings)
        usual = max(counts, key=lambda epochs: (counts[epochs], epochs))
        return usual, f"{len(trainings)} trainings of {counted(usual, 'epoch')} each."
    candidates = [(completed_epochs(training), training) for training in trainings]
    exact = [pair for pair in candidates if pair[0] == wanted]
    total = sum(epochs for epochs, _ in candidates)
    carried_on = len(trainings) > 1 and all(training.continued for training in trainings[1:])
    if not exact and carried_on and (total == wanted or (at_least and total >= wanted)):
        return total, f"{len(trainings)} trainings, one carrying on from the other, make {counted(total, 'epoch')}."
    ranked = sorted(candidates, key=lambda pair: pair[0] if at_least else -abs(pair[0] - wanted))
    epochs, training = (exact or ranked)[-1]
    said = f"Trained for {counted(epochs, 'epoch')}."
    if training.history.epochs < epochs:
        said = f"Trained for {counted(epochs, 'epoch')}, of which early stopping used {training.history.epochs}."
    return epochs, said


def _diverged(training: Trained) -> bool:
    return any(not math.isfinite(value) for value in training.history.metrics.get("loss", ()))
