"""Plotted lines held against recorded histories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grader.criteria.metric_values import values_of
from grader.facts.keras import canonical_metric
from grader.records import Axes, FigureDrawn, Line, Match, ModelMatch, Trained

SCALES = (1.0, 100.0)
"""A share may be plotted as a percentage."""
_SAME = 1e-3
"""Relative deviation of points that are the same: values that were rounded to three decimals before they were plotted
are; two trainings of one network differ by more, in most of their epochs."""
_SAME_NEAR_ZERO = 1e-6
"""Deviation of points near zero that are the same, where a relative one means nothing: that of a float of 32 bits."""


@dataclass(frozen=True)
class Curve:
    """A plotted line that shows a recorded history."""

    metric: str
    """`accuracy`, `val_accuracy`, `loss`, ..."""
    event: FigureDrawn
    axes: Axes
    line: Line


def is_same_curve(drawn: Sequence[float], recorded: Sequence[float], relative: float = _SAME) -> bool:
    """Whether two curves are equal point by point, gaps included."""
    if len(drawn) != len(recorded) or not drawn:
        return False
    return any(
        all(_is_close(ours, factor * theirs, relative) for ours, theirs in zip(drawn, recorded, strict=True))
        for factor in SCALES
    )


def _is_close(ours: float, theirs: float, relative: float) -> bool:
    if math.isnan(ours) or math.isnan(theirs):
        return math.isnan(ours) and math.isnan(theirs)
    return math.isclose(ours, theirs, rel_tol=relative, abs_tol=_SAME_NEAR_ZERO)


def histories(trainings: Sequence[Trained]) -> list[dict[str, tuple[float, ...]]]:
    """The histories of `trainings` by plain metric name; those that carry on are also given joined end to end."""
    single = [
        {canonical_metric(name): values for name, values in training.history.metrics.items()} for training in trainings
    ]
    carried_on = len(trainings) > 1 and all(training.continued for training in trainings[1:])
    if not carried_on or len({training.model for training in trainings}) > 1:
        return single
    names = [name for name in single[0] if all(name in history for history in single)]
    return [*single, {name: tuple(value for history in single for value in history[name]) for name in names}]


def curves_of(figures: Sequence[FigureDrawn], trainings: Sequence[Trained]) -> list[Curve]:
    """All lines of `figures` that show a history of `trainings`."""
    known = histories(trainings)
    return [
        Curve(metric, event, axes, line)
        for event in figures
        for axes in event.figure.axes
        for line in (*axes.lines, *axes.scattered)
        if (metric := _metric(line, known)) is not None
    ]


def _metric(line: Line, known: list[dict[str, tuple[float, ...]]]) -> str | None:
    for history in known:
        for name, values in history.items():
            if line.points == len(line.y) and is_same_curve(line.y, values):
                return name
    return None


def owner_of(
    line: Line, metric: str | None, match: Match, models: Sequence[ModelMatch]
) -> tuple[ModelMatch, str] | None:
    """Whose history `line` shows, among `models`, and which metric; `metric` narrows it where it is known."""
    for model in models:
        for history in histories(match.trainings(model)):
            for name, values in history.items():
                if (metric is None or name == canonical_metric(metric)) and is_same_curve(line.y, values):
                    return model, name
    return None


def is_recorded(trainings: Sequence[Trained], metric: str) -> bool:
    """Whether any of `trainings` recorded `metric`."""
    return any(values_of(training.history, metric) for training in trainings)
