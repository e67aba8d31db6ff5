"""The criterion `trained`: epochs, and batch size where it is asked for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from pydantic import JsonValue, PositiveInt

from grader.criteria import Case, Criterion, Seen
from grader.facts.keras import STOPPING
from grader.records import FitArguments, LoggedTraining, Mistake, Reason, Subject, Trained, Verdict


class TrainedCriterion(Criterion):
    """Epochs, and batch size where it is asked for."""

    title: ClassVar[str] = "Training"
    about: ClassVar[Subject] = "training"
    step: ClassVar[int] = 1
    rests_on_history: ClassVar[bool] = True
    beside_curves: ClassVar[bool] = True
    before_training_ends: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"fit", "stale_log"})
    hint: ClassVar[str] = "add batch_size: 128 where the sheet fixes it, at_least: true where more epochs are as good"
    sentences: ClassVar[Mapping[str, str]] = {
        "epochs": "Trained for {epochs:count epoch}.",
        "epochs_stopped_early": "Trained for {epochs:count epoch}, of which early stopping used {used}.",
        "epochs_each": "{trainings} trainings of {epochs:count epoch} each.",
        "epochs_together": "{trainings} trainings, one carrying on from the other, make {epochs:count epoch}.",
        "epochs_asked": "{wanted:count epoch} {wanted:plural was/were} asked for.",
        "epochs_asked_at_least": "At least {wanted:count epoch} {wanted:plural was/were} asked for.",
        "batch_size": "The batch size is {size}.",
        "batch_size_other": "The batch size is {size}; {wanted} was asked for.",
        "diverged": "The loss became not a number on the way.",
        "saved_epochs": "The log saved under {place} shows {epochs:count epoch}.",
        "saved_epochs_other": "The log saved under {place} shows {epochs:count epoch}; {wanted} were asked for.",
        "saved_epochs_cut": (
            "The log saved under {place} shows {epochs:count epoch} of {declared}: it was stopped, or its end is lost."
        ),
        "saved_batch_size_unknown": "Whether the batch size was {wanted} does not show.",
    }

    kind: Literal["trained"] = "trained"
    epochs: PositiveInt | None = None
    """Default: the reference's."""
    at_least: bool = False
    """More epochs are as good."""
    batch_size: PositiveInt | None = None
    """Default: not asked for."""

    def judge(self, case: Case) -> Verdict:
        """Epochs completed when the code was run again; the points are split evenly over epochs and batch size.

        A training that a callback stopped early counts as the epochs it was given; trainings that carry on with the
        same weights add up.
        """
        wanted = self.epochs or case.reference_epochs
        if not case.trainings:
            return self.missing(case, "training", *case.saved_training)
        epochs, said = self._trained(case.trainings, wanted)
        reasons, scores = [said], [self._share(epochs, wanted)]
        if not self._reaches(epochs, wanted):
            reasons.append(self.because("epochs_asked_at_least" if self.at_least else "epochs_asked", wanted=wanted))
        observed: dict[str, JsonValue] = {"epochs": epochs}
        expected: dict[str, JsonValue] = {"epochs": wanted}
        if self.batch_size is not None:
            size = case.trainings[-1].fit.batch_size
            scores.append(float(size == self.batch_size))
            reasons.append(
                self.because("batch_size", size=size)
                if size == self.batch_size
                else self.because("batch_size_other", size=size, wanted=self.batch_size)
            )
            observed["batch_size"], expected["batch_size"] = size, self.batch_size
        if any(_diverged(training) for training in case.trainings):
            reasons.append(self.because("diverged"))
        share = sum(scores) / len(scores)
        return self.graded(share, *reasons, observed=observed, expected=expected, evidence=case.trained_at())

    def judge_saved(self, case: Case) -> Verdict | None:
        """A saved log shows the epochs, and by its steps the batch size; one that was cut short decides nothing."""
        fit = case.reference_model.fit
        wanted = self.epochs or (fit.epochs if fit is not None else None)
        if wanted is None or not case.own_logs:
            return None
        log = min(case.own_logs, key=lambda candidate: (abs(_reached(candidate) - wanted), candidate.seq))
        epochs, where, evidence = _reached(log), case.place(log.cell), case.places([log.cell])
        observed: JsonValue = {"epochs": epochs}
        expected: JsonValue = {"epochs": wanted}
        if epochs < log.declared_epochs:
            cut = self.because("saved_epochs_cut", place=where, epochs=epochs, declared=log.declared_epochs)
            return self.review(cut, observed=observed, expected=expected, evidence=evidence)
        enough = self._reaches(epochs, wanted)
        said = (
            self.because("saved_epochs", place=where, epochs=epochs)
            if enough
            else self.because("saved_epochs_other", place=where, epochs=epochs, wanted=wanted)
        )
        if enough and self.batch_size is not None and not _fits_batches(log, self.batch_size, case):
            unknown = self.because("saved_batch_size_unknown", wanted=self.batch_size)
            return self.review(said, unknown, observed=observed, expected=expected, evidence=evidence)
        share = self._share(epochs, wanted)
        return self.graded(share, said, observed=observed, expected=expected, evidence=evidence)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """For the first training of the model: its epochs."""
        for training in [event for event in seen.of_model if isinstance(event, Trained)][:1]:
            yield cls(points=1, epochs=training.fit.epochs)

    def accepts(self, fit: FitArguments, reference: FitArguments | None) -> bool:
        """Whether epochs and batch size are as asked."""
        ran = fit.epochs - fit.initial_epoch
        wanted = self.epochs or (reference.epochs - reference.initial_epoch if reference else ran)
        return self._reaches(ran, wanted) and self.batch_size in (None, fit.batch_size)

    def _reaches(self, epochs: int, wanted: int) -> bool:
        return epochs >= wanted if self.at_least else epochs == wanted

    def _share(self, epochs: int, wanted: int) -> float:
        """Of too few epochs as many as there are; of too many, as much less as there are too many."""
        return 1.0 if self._reaches(epochs, wanted) else min(epochs, wanted) / max(epochs, wanted, 1)

    def _trained(self, trainings: tuple[Trained, ...], wanted: int) -> tuple[int, Reason]:
        """Epochs of the training that is meant, and a reason on them."""
        count = len(trainings)
        if len({training.model for training in trainings}) > 1:
            counts = Counter(completed_epochs(training) for training in trainings)
            usual = max(counts, key=lambda epochs: (counts[epochs], epochs))
            return usual, self.because("epochs_each", trainings=count, epochs=usual)
        candidates = [(completed_epochs(training), training) for training in trainings]
        exact = [pair for pair in candidates if pair[0] == wanted]
        total = sum(epochs for epochs, _ in candidates)
        carried_on = count > 1 and all(training.continued for training in trainings[1:])
        if not exact and carried_on and self._reaches(total, wanted):
            return total, self.because("epochs_together", trainings=count, epochs=total)
        ranked = sorted(candidates, key=lambda pair: pair[0] if self.at_least else -abs(pair[0] - wanted))
        epochs, training = (exact or ranked)[-1]
        used = training.history.epochs
        if used < epochs:
            return epochs, self.because("epochs_stopped_early", epochs=epochs, used=used)
        return epochs, self.because("epochs", epochs=epochs)


def completed_epochs(training: Trained) -> int:
    """Epochs of one training; one stopped by its own callback counts as complete."""
    given = training.fit.epochs - training.fit.initial_epoch
    return given if 0 < training.history.epochs < given and stops_early(training) else training.history.epochs


def stops_early(training: Trained) -> bool:
    """Whether a callback that may stop the training was given."""
    return any(STOPPING in str(callback.get("class_name", "")) for callback in training.fit.callbacks)


def _diverged(training: Trained) -> bool:
    return any(not math.isfinite(value) for value in training.history.metrics.get("loss", ()))


def _reached(log: LoggedTraining) -> int:
    """The last epoch that a log shows: lines in between may be lost."""
    return max((epoch.number for epoch in log.epochs), default=0)


def _fits_batches(log: LoggedTraining, size: int, case: Case) -> bool:
    """Whether the steps of an epoch are those of the reference's rows in batches of `size`."""
    steps = {epoch.steps for epoch in log.epochs if epoch.steps is not None}
    model = case.reference_model
    rows = {training.train.rows for training in model.trainings}
    if model.fit is not None and model.fit.validation_split:
        rows |= {round(count * (1 - model.fit.validation_split)) for count in rows}
    return any(math.ceil(count / size) in steps for count in rows)
