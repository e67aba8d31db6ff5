"""Criteria on figures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from grader.records.criteria.base import BaseCriterion


class HistoryPlotCriterion(BaseCriterion):
    """A plot whose data are the recorded history's, with its labels. Half the points each, when labels are asked."""

    kind: Literal["history_plot"] = "history_plot"
    shows: tuple[str, ...] = ("accuracy", "val_accuracy")
    model: Literal["any"] | None = None
    """`any`: of whichever of the lab's models; default: the question's."""
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()


class ErrorBarPlotCriterion(BaseCriterion):
    """A plot of the sweep's final values with error bars: mean and standard deviation over replicas."""

    kind: Literal["error_bar_plot"] = "error_bar_plot"
    of: str = "val_accuracy"
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()


class ComparisonPlotCriterion(BaseCriterion):
    """One figure with the recorded histories of several models. Half the points each, when labels are asked."""

    kind: Literal["comparison_plot"] = "comparison_plot"
    models: tuple[str, ...] = Field(min_length=2)
    """Names of reference models, each the model of some question."""
    of: Literal["accuracy", "loss"] = "accuracy"
    """Training or validation, whichever is shown of all of them."""
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()


class ImageGridCriterion(BaseCriterion):
    """Several images in one figure."""

    kind: Literal["image_grid"] = "image_grid"
    images: PositiveInt = 4
    """At least so many."""
    titled: bool = False
    """Each with a title or another text of its own. A third of the points."""


class HistogramCriterion(BaseCriterion):
    """A histogram of the pixel values of one image."""

    kind: Literal["histogram"] = "histogram"
    labelled: tuple[Literal["title", "x", "y"], ...] = ()
    """A quarter of the points, when any are asked."""


class ConfusionMatrixCriterion(BaseCriterion):
    """A confusion matrix, drawn or printed, that fits the accuracy which labgrade measured."""

    kind: Literal["confusion_matrix"] = "confusion_matrix"
    model: str | None = None
    """Name of a reference model, or `any`; default: the question's."""
