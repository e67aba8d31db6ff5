"""Criteria on what is done with a trained model: evaluated, asked, saved, counted, shown."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from grader.records.criteria.base import BaseCriterion


class _OfAModel(BaseCriterion):
    model: str | None = None
    """Name of a reference model, or `any` for whichever serves the group best; default: the question's."""


class EvaluatedCriterion(_OfAModel):
    """Loss and accuracy of the right model on the right data, and shown."""

    kind: Literal["evaluated"] = "evaluated"
    on: Literal["test", "train"] = "test"


class PredictionCriterion(_OfAModel):
    """Predictions of single images, shown."""

    kind: Literal["prediction"] = "prediction"
    images: PositiveInt = 1
    """At least so many."""
    shows: Literal["labels", "probabilities"] = "labels"
    """`labels`: predicted and true label of each image; `probabilities`: of the classes."""


class RightAndWrongCriterion(_OfAModel):
    """How many test images are classified rightly, and how many wrongly."""

    kind: Literal["right_and_wrong"] = "right_and_wrong"


class SavedModelCriterion(_OfAModel):
    """The trained model is saved to a file."""

    kind: Literal["saved_model"] = "saved_model"
    what: Literal["any", "model", "weights"] = "any"


class SummaryShownCriterion(_OfAModel):
    """The model's summary is shown."""

    kind: Literal["summary_shown"] = "summary_shown"


class ScaledCriterion(_OfAModel):
    """The pixels are scaled to a small range before the training."""

    kind: Literal["scaled"] = "scaled"


class GeneralisationGapCriterion(_OfAModel):
    """Training and validation accuracy at the end, or their difference, stated or shown."""

    kind: Literal["generalisation_gap"] = "generalisation_gap"


class SingleImageCriterion(_OfAModel):
    """An image of the group's own is read and classified. A file that was not handed in costs nothing."""

    kind: Literal["single_image"] = "single_image"
