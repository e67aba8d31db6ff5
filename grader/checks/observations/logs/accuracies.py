"""Saved accuracies that the same code does not reach when it runs with the same data and epochs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from grader.checks.metrics import plain_metric, values_of
from grader.checks.observations.placing import question_of
from grader.checks.subject import is_reduced
from grader.checks.wording import accuracy_text, place
from grader.records.match import Match, Reference
from grader.records.recording import LoggedTraining
from grader.records.result import Observation

_LEAST_GAP = 0.03
_SPREADS = 5.0


def unreached_accuracies(match: Match, reference: Reference) -> Iterator[Observation]:
    """Saved validation accuracies far above those of the rerun. Never with reduced effort or stand-in data."""
    if is_reduced(match) or match.rerun.environment.get("effort") != "full":
        return
    spread = max((model.spread or 0.0 for model in reference.models.values()), default=0.0)
    allowed = max(_LEAST_GAP, _SPREADS * spread)
    for cell in sorted({training.cell for training in match.rerun.trainings()}):
        trainings = [training for training in match.rerun.trainings() if training.cell == cell]
        logs = [e for e in match.saved.events if isinstance(e, LoggedTraining) and e.cell == cell and e.epochs]
        if len(trainings) != 1 or len(logs) != 1:
            continue
        training, log = trainings[0], logs[0]
        complete = log.declared_epochs == len(log.epochs) == training.fit.epochs == training.history.epochs
        # Old versions of Keras took `accuracy` for the binary one under this loss.
        ambiguous = training.compile.loss == "binary_crossentropy"
        if not complete or ambiguous or training.continued or training.train.split != "train":
            continue
        saved = [v for name, v in log.epochs[-1].metrics.items() if plain_metric(name) == "val_accuracy"]
        rerun = values_of(training.history, "val_accuracy")
        if not saved or not rerun or not math.isfinite(rerun[-1]) or saved[0] - max(rerun) <= allowed:
            continue
        where = place(match, cell)
        yield Observation(
            kind="accuracy_not_reached",
            question=question_of(match, [cell]),
            message=(
                f"The output saved under {where} ends at a validation accuracy of {accuracy_text(saved[0])}; "
                f"the same code reaches {accuracy_text(max(rerun))} here. It may have been another version of the code."
            ),
            proof=f"{where}: {len(log.epochs)} epochs in both; the reference's own spread is {spread:.4f}.",
        )
