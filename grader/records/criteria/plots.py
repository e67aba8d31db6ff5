"""Criteria on figures."""

from __future__ import annotations

from typing import Literal

from grader.records.criteria.base import BaseCriterion


class HistoryPlotCriterion(BaseCriterion):
    """A plot whose data are the recorded history's, with its labels. Half the points each, when labels are asked."""

    kind: Literal["history_plot"] = "history_plot"
    shows: tuple[str, ...] = ("accuracy", "val_accuracy")
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()


class ErrorBarPlotCriterion(BaseCriterion):
    """A plot of the sweep's final values with error bars: mean and standard deviation over replicas."""

    kind: Literal["error_bar_plot"] = "error_bar_plot"
    of: str = "val_accuracy"
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()
