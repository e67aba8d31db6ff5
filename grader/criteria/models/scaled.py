"""The criterion `scaled`: the pixels are scaled to a small range before the training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from grader.criteria import AboutAModel, Case
from grader.criteria.input_scaling import PixelRange, given_range, model_code, range_at_weights
from grader.facts.datasets import LARGEST_PIXEL
from grader.records import Subject, Verdict


class ScaledCriterion(AboutAModel):
    """The pixels are scaled to a small range before the training."""

    title: ClassVar[str] = "Scaled input"
    about: ClassVar[Subject] = "model"
    sentences: ClassVar[Mapping[str, str]] = {
        "by_model": "{step} of the model scales the pixels.",
        "unknown_step": "Whether {step} scales the pixels cannot be told.",
        "unknown": (
            "The training images could not be laid beside the data set pixel by pixel, so their scale is not known."
        ),
        "scaled": "The pixels that reach the network lie between {low:.4g} and {high:.4g}.",
        "not_scaled": "The pixels that reach the network lie between {low:.4g} and {high:.4g}: they were not scaled.",
    }

    kind: Literal["scaled"] = "scaled"

    def judge(self, case: Case) -> Verdict:
        """The range of the pixels that reach the network's first weights in the last training.

        It is told by comparison with the data set, and from the steps of the model before its first weights.
        """
        case = case.about(self.model)
        if not case.trainings:
            return self.missing(case, "trained model", *case.saved_training)
        training = case.trainings[-1]
        evidence = case.trained_at(training)
        given = given_range(training.train)
        pixels = given or PixelRange(0.0, LARGEST_PIXEL)
        reached = range_at_weights(case.architecture, pixels, model_code(case.match, training.cell))
        if reached.unknown and not (given is not None and given.scaled):
            return self.review(self.because("unknown_step", step=reached.unknown), evidence=evidence)
        if reached.by and reached.scaled:
            layers = case.architecture.layers if case.architecture else ()
            first = layers[0].class_name if layers else ""
            return self.graded(1.0, self.because("by_model", step=reached.by), observed=first, evidence=evidence)
        if given is None:
            return self.review(self.because("unknown"), evidence=evidence)
        low, high = reached.low, reached.high
        return self.graded(
            float(reached.scaled),
            self.because("scaled" if reached.scaled else "not_scaled", low=low, high=high),
            observed=[round(low, 6), round(high, 6)],
            expected=[0, 1],
            evidence=evidence,
        )
