"""The criterion `accuracy`: accuracy, measured by the host: in relation to the reference, or absolute."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from pydantic import ValidationInfo, field_validator, model_validator

from grader.criteria import Case, Criterion, Seen
from grader.criteria.training_evidence import saw_test_rows
from grader.facts.keras import ACCURACY, VALIDATION_ACCURACY, is_accuracy, is_validation_accuracy
from grader.records import Evaluated, LoggedScore, Mistake, Reason, ReferenceModel, Subject, Trained, Verdict

_NEAR_REFERENCE = 0.01
"""Shortfall against the reference that is forgiven where the threshold is out of reach for the reference itself: about
what another seed explains with less data."""
_SLOWER = 0.1
"""Shortfall against the reference that fewer steps may explain in a network that learns slowly."""
_NEAR_THRESHOLD = 0.005
"""Shortfall that another seed may explain when the saved outputs reach the threshold."""
_ARITHMETIC = 1e-9
"""By which two accuracies may differ and be the same: far less than one image of a data set."""
_MOST_WITHIN = 0.5
"""A shortfall of more than half of all images is a per cent that was meant: `within: 1` would let every guess pass, and
the loosest rubrics forgive a tenth."""
_WITHIN = 0.02
"""Shortfall against the reference's mean that a drafted rubric forgives: about what another seed explains."""


class AccuracyCriterion(Criterion):
    """Accuracy, measured by the host: in relation to the reference, or absolute."""

    title: ClassVar[str] = "Test accuracy"
    about: ClassVar[Subject] = "training"
    step: ClassVar[int] = 2
    beside_curves: ClassVar[bool] = True
    of_whole_training: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"layers"})
    hint: ClassVar[str] = "of the reference's mean; or {at_least: 0.97}"

    sentences: ClassVar[Mapping[str, str]] = {
        "unmeasured": "The accuracy could not be measured independently.",
        "unmeasured_because": "The accuracy could not be measured independently ({why}).",
        "reported": "Your code itself reports {accuracy:score}: reported, not verified.",
        "trained_on_test_images": (
            "{accuracy:score} on the test set, but images of the test set were among those it was trained on: that "
            "says little about images it has never seen."
        ),
        "the_references_training": "{accuracy:score} on the test set, in the very training that is the reference's.",
        "reference_unmeasured": "The reference's accuracy was not measured, so there is nothing to compare with.",
        "enough": "{accuracy:score} on the test set; the reference reaches {mean:.4f}, and {enough:.4f} is enough.",
        "enough_with_spread": (
            "{accuracy:score} on the test set; the reference reaches {mean:.4f} ± {spread:.4f} over {trainings} "
            "trainings, and {enough:.4f} is enough."
        ),
        "too_low": "{accuracy:score} on the test set; the reference reaches {mean:.4f}, and {enough:.4f} was enough.",
        "too_low_with_spread": (
            "{accuracy:score} on the test set; the reference reaches {mean:.4f} ± {spread:.4f} over {trainings} "
            "trainings, and {enough:.4f} was enough."
        ),
        "asked_for": "{accuracy:score} on the test set; {wanted:short} was asked for.",
        "less_data": "This rerun had less data than you had, or stand-in data.",
        "less_data_but_saved": (
            "This rerun had less data than you had, or stand-in data; your saved outputs show {accuracy:.4f}."
        ),
        "less_data_and_no_log": (
            "This rerun had less data than you had, or stand-in data; no log of yours was handed in."
        ),
        "no_accuracy": (
            "The model was measured on the test set, but its outputs are no classes, so there is no accuracy to judge."
        ),
        "saved": "Your saved outputs show {accuracy:.4f}.",
        "reference_falls_short": "The reference itself reaches {mean:.4f} here.",
        "saved_speaks_for_it": "The saved outputs speak for it.",
        "another_seed": "Another seed may explain the difference.",
        "saved_unmeasured": "The output saved under {place} shows {accuracy:.4f}, which was not measured again.",
        "saved_too_low": "The output saved under {place} shows {accuracy:.4f}; {enough:.4f} was enough.",
        "saved_enough": (
            "The output saved under {place} shows {accuracy:.4f}; {enough:.4f} was enough. It was not measured again."
        ),
    }

    kind: Literal["accuracy"] = "accuracy"
    on: Literal["test"] = "test"
    within: float | None = None
    """Allowed shortfall against the reference's mean over its seeds, as a share (0.01 = one percentage point)."""
    at_least: float | None = None
    """Absolute threshold, 0 to 1."""

    @field_validator("within", "at_least")
    @classmethod
    def _is_share(cls, value: float | None, info: ValidationInfo) -> float | None:
        """Both are shares of the test set: 99 per cent is 0.99. A shortfall of everything would let everybody pass."""
        most = 1.0 if info.field_name == "at_least" else _MOST_WITHIN
        if value is None or 0.0 <= value <= most:
            return value
        near = f" Did you mean {value / 100:g}?" if 0.0 < value / 100 <= most else ""
        raise ValueError(f"{value:g} is no share of the test images between 0 and {most:g}.{near}")

    @model_validator(mode="after")
    def _one_threshold(self) -> AccuracyCriterion:
        if (self.within is None) == (self.at_least is None):
            raise ValueError("accuracy takes exactly one of 'within' and 'at_least'")
        return self

    def judge(self, case: Case) -> Verdict:
        """Measured by labgrade on the data set's own test images: against the reference's mean, or a threshold.

        With less data than the group had, or other data, a threshold that the reference cannot reach either is not
        held against anybody.
        """
        if not case.trainings:
            return self.missing(case, "trained model", *case.saved_training)
        evidence = case.places([training.cell for training in case.trainings])
        scored = [training for training in case.trainings if training.test is not None]
        measured = [training for training in scored if training.test and "accuracy" in training.test.metrics]
        if scored and not measured:
            return self.review(self.because("no_accuracy"), evidence=evidence)
        if not measured:
            return self.review(*self._unmeasured(case), evidence=evidence)
        independent = [one for one in measured if not saw_test_rows(one, case.match, case.reference)]
        if not independent:
            taught = self.because("trained_on_test_images", accuracy=_plain(_best(measured)))
            return self.review(taught, evidence=evidence)
        best = _best(independent)
        model = case.reference_model if case.question.question.model else None
        if model is not None and _is_the_reference(case.trainings, model) and self._is_forgiving(model, case):
            said = self.because("the_references_training", accuracy=_plain(best))
            return self.graded(1.0, said, observed=_plain(best), expected=model.mean_accuracy, evidence=evidence)
        if self.within is not None:
            return self._relative(self.within, best, model, case, evidence)
        assert self.at_least is not None
        return self._absolute(self.at_least, best, model, case, evidence)

    def judge_saved(self, case: Case) -> Verdict | None:
        """The best accuracy that the saved outputs show; one that is not enough awaits a person."""
        found = _shown_accuracies(case)
        if not found:
            return None
        best, cell = max(found)
        where, evidence = case.place(cell), case.places([cell])
        enough = self.at_least
        if enough is None:
            mean = case.reference_model.mean_accuracy
            if mean is None or case.is_reduced or self.within is None:
                said = self.because("saved_unmeasured", place=where, accuracy=best)
                return self.review(said, observed=best, evidence=evidence)
            enough = mean - self.within
        reached = best >= enough - _ARITHMETIC
        said = self.because("saved_enough" if reached else "saved_too_low", place=where, accuracy=best, enough=enough)
        if not reached:
            return self.review(said, observed=best, expected=round(enough, 6), evidence=evidence)
        return self.graded(1.0, said, observed=best, expected=round(enough, 6), evidence=evidence)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where the model's training could be measured: two percentage points below the reference are forgiven."""
        trainings = [event for event in seen.of_model if isinstance(event, Trained)]
        test = trainings[0].test if trainings else None
        if test is not None and "accuracy" in test.metrics:
            yield cls(points=1, within=_WITHIN)

    def _is_forgiving(self, model: ReferenceModel, case: Case) -> bool:
        """Whether the reference's own accuracy is the measure: always but for a threshold that it might reach."""
        mean = model.mean_accuracy
        reachable = mean is not None and self.at_least is not None and mean >= self.at_least
        return self.at_least is None or (case.is_reduced and not reachable)

    def _relative(
        self, within: float, best: float, model: ReferenceModel | None, case: Case, evidence: tuple[str, ...]
    ) -> Verdict:
        mean = model.mean_accuracy if model else None
        if model is None or mean is None or not math.isfinite(mean):
            return self.errored(self.because("reference_unmeasured"))
        enough = mean - within
        reached = best >= enough - _ARITHMETIC
        said = [self._beside_the_reference(best, enough, mean, model, reached)]
        saved = _saved_best(case)
        # With fewer steps a slower optimizer, or a split of the training rows, falls further behind than with all data.
        if not reached and case.is_reduced and (saved >= mean if saved is not None else best >= mean - _SLOWER):
            said.append(
                self.because("less_data_and_no_log")
                if saved is None
                else self.because("less_data_but_saved", accuracy=saved)
            )
            return self.review(*said, observed=_plain(best), expected=round(enough, 6), evidence=evidence)
        return self.graded(float(reached), *said, observed=_plain(best), expected=round(enough, 6), evidence=evidence)

    def _beside_the_reference(
        self, best: float, enough: float, mean: float, model: ReferenceModel, reached: bool
    ) -> Reason:
        code, seeds = "enough" if reached else "too_low", len(model.test_accuracies)
        if seeds < 2 or model.spread is None:
            return self.because(code, accuracy=_plain(best), mean=mean, enough=enough)
        return self.because(
            f"{code}_with_spread",
            accuracy=_plain(best),
            mean=mean,
            enough=enough,
            spread=model.spread,
            trainings=seeds,
        )

    def _absolute(
        self, threshold: float, best: float, model: ReferenceModel | None, case: Case, evidence: tuple[str, ...]
    ) -> Verdict:
        said = [self.because("asked_for", accuracy=_plain(best), wanted=threshold)]
        saved, observed = _saved_best(case), _plain(best)
        shown = saved is not None and saved >= threshold - _ARITHMETIC
        if shown:
            said.append(self.because("saved", accuracy=saved))
        share = float(best >= threshold - _ARITHMETIC)
        if not share and case.is_reduced:
            said.append(self.because("less_data"))
            mean = model.mean_accuracy if model else None
            if mean is not None and mean < threshold:
                said.append(self.because("reference_falls_short", mean=mean))
                share = float(best >= mean - _NEAR_REFERENCE)
            if not share and (mean is None or mean < threshold or shown):
                speaks = (self.because("saved_speaks_for_it"),) if shown else ()
                return self.review(*said, *speaks, observed=observed, expected=threshold, evidence=evidence)
        elif not share and shown and best >= threshold - _NEAR_THRESHOLD:
            seed = self.because("another_seed")
            return self.review(*said, seed, observed=observed, expected=threshold, evidence=evidence)
        return self.graded(share, *said, observed=observed, expected=threshold, evidence=evidence)

    def _unmeasured(self, case: Case) -> tuple[Reason, ...]:
        """What the group's own process says, where labgrade could measure nothing."""
        last = case.trainings[-1]
        said = self.because("unmeasured_because", why=last.native) if last.native else self.because("unmeasured")
        known = {training.seq for training in case.trainings}
        scores = [event for event in case.match.rerun.events if isinstance(event, Evaluated) and event.trained in known]
        accuracies = [score.claimed_accuracy for score in scores if score.claimed_accuracy is not None]
        accuracies = accuracies or list(last.history.values_of(VALIDATION_ACCURACY) or ())[-1:]
        return (said, *(self.because("reported", accuracy=_finite(value)) for value in accuracies[-1:]))


def _best(trainings: list[Trained]) -> float:
    """The best accuracy that was measured; NaN where each has diverged."""
    measured = [training.test.accuracy for training in trainings if training.test is not None]
    return max((value for value in measured if math.isfinite(value)), default=math.nan)


def _is_the_reference(trainings: tuple[Trained, ...], model: ReferenceModel) -> bool:
    """Whether one of `trainings` has the content key of one of the reference's: the same in everything that counts."""
    theirs = {training.key for training in model.trainings if training.key}
    return any(training.key in theirs for training in trainings if training.key)


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _saved_best(case: Case) -> float | None:
    """The best validation or test accuracy in the saved outputs of the question's model."""
    logged = [
        value
        for log in case.saved_logs
        for epoch in log.epochs
        for name, value in epoch.metrics.items()
        if is_validation_accuracy(name)
    ]
    logged += [
        value
        for event in case.match.saved.events
        if isinstance(event, LoggedScore) and event.cell in case.own_cells
        for name, value in event.metrics.items()
        if is_accuracy(name)
    ]
    return max((value for value in logged if 0.0 <= value <= 1.0), default=None)


def _shown_accuracies(case: Case) -> list[tuple[float, int]]:
    """Validation and test accuracies that the question's outputs show, 0 to 1, each with its cell."""
    found = [
        (value, log.cell)
        for log in case.own_logs
        for epoch in log.epochs
        for name, value in epoch.metrics.items()
        if is_validation_accuracy(name)
    ]
    found += [
        (event.metrics[ACCURACY], event.cell)
        for event in case.match.saved.events
        if isinstance(event, LoggedScore) and event.cell in case.own_cells and ACCURACY in event.metrics
    ]
    return [(value, cell) for value, cell in found if 0.0 <= value <= 1.0]
