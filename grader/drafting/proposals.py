"""Criteria that a question may have, by what the solution's recording shows under it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from grader.records.criteria.base import BaseCriterion
from grader.records.criteria.models import (
    AccuracyCriterion,
    ArchitectureCriterion,
    CompiledCriterion,
    ParametersCriterion,
    TrainedCriterion,
)
from grader.records.criteria.outputs import EvaluatedCriterion, SavedModelCriterion, SummaryShownCriterion
from grader.records.criteria.plots import (
    ConfusionMatrixCriterion,
    HistogramCriterion,
    HistoryPlotCriterion,
    ImageGridCriterion,
)
from grader.records.criteria.texts import ConsoleLogCriterion, WrittenCriterion
from grader.records.figures import Figure
from grader.records.recording import Event, FigureDrawn, Printed, Recording, Trained

_FEWEST_WORDS = 12
"""Below so many words a text under a question is a remark and no answer."""
_WITHIN = 0.02
_LABELS = ("title", "x", "y", "legend")
_EPOCH = re.compile(r"^Epoch \d{1,5}/\d{1,5}[ \t]*$", re.MULTILINE)


def model_of(recording: Recording, cells: Collection[int]) -> str | None:
    """The model that most of what happens in `cells` is about; trained models alone can be compared with."""
    trained = {event.name for event in recording.trainings() if event.name}
    names = {event.model: event.name for event in recording.events if event.kind in ("built", "trained")}
    found = [names.get(getattr(event, "model", ""), "") for event in recording.events if event.cell in cells]
    about = [name for name in found if name in trained]
    if about:
        return max(dict.fromkeys(about), key=about.count)
    drawn = [event.figure for event in recording.events if event.kind == "figure" and event.cell in cells]
    for training in recording.trainings():
        if any(_draws(figure, training) for figure in drawn) and training.name:
            return training.name
    return None


def _draws(figure: Figure, training: Trained) -> bool:
    curves = [values for values in training.history.metrics.values() if len(values) > 1]
    lines = [tuple(line.y) for axes in figure.axes for line in axes.lines]
    return any(_alike(line, curve) for line in lines for curve in curves)


def _alike(line: tuple[Any, ...], curve: tuple[float, ...]) -> bool:
    return len(line) == len(curve) and all(abs(one - other) < 1e-6 for one, other in zip(line, curve, strict=True))


def proposed_criteria(
    recording: Recording, cells: Collection[int], model: str | None, answer: str
) -> Iterator[BaseCriterion]:
    """What could be asked for, one point each: more than is kept, as the solution may not meet all of it."""
    events = [event for event in recording.events if event.cell in cells]
    if model is not None:
        yield from _of_a_model(recording, events, model)
    for event in events:
        if isinstance(event, FigureDrawn):
            yield from _of_a_figure(event.figure, model)
    if len(answer.split()) >= _FEWEST_WORDS or not events:
        yield WrittenCriterion(points=1)


def _of_a_model(recording: Recording, events: list[Event], model: str) -> Iterator[BaseCriterion]:
    named = [event for event in recording.events if getattr(event, "name", None) == model]
    identities = {getattr(event, "model", None) for event in named} - {None}
    own = [event for event in events if getattr(event, "model", None) in identities]
    kinds = {event.kind for event in own}
    if "built" in kinds:
        yield ArchitectureCriterion(points=1)
        yield ParametersCriterion(points=1)
    if "compiled" in kinds:
        yield CompiledCriterion(points=1)
    for training in [event for event in own if isinstance(event, Trained)][:1]:
        yield TrainedCriterion(points=1, epochs=training.fit.epochs)
        if training.test is not None:
            yield AccuracyCriterion(points=1, within=_WITHIN)
    if any(isinstance(event, Printed) and _EPOCH.search(event.text) for event in events) and "trained" in kinds:
        yield ConsoleLogCriterion(points=1, seconds=False)
    if "evaluated" in kinds:
        yield EvaluatedCriterion(points=1)
        yield EvaluatedCriterion(points=1, on="train")
    if "model_saved" in kinds:
        yield SavedModelCriterion(points=1)
    if "summary" in kinds:
        yield SummaryShownCriterion(points=1)


def _of_a_figure(figure: Figure, model: str | None) -> Iterator[BaseCriterion]:
    labels: Any = _labelled(figure)
    if model is not None and figure.shows("history_plot"):
        for metrics in (("accuracy", "val_accuracy"), ("loss", "val_loss"), ("accuracy",), ("loss",)):
            yield HistoryPlotCriterion(points=1, shows=metrics, labelled=labels)
    if figure.shows("image_grid"):
        count = sum(len(axes.images) for axes in figure.axes)
        if count > 1:
            yield ImageGridCriterion(points=1, images=count)
    if figure.shows("histogram"):
        yield HistogramCriterion(points=1, labelled=tuple(label for label in labels if label != "legend"))
    if model is not None and figure.shows("confusion_matrix"):
        yield ConfusionMatrixCriterion(points=1)


def _labelled(figure: Figure) -> tuple[str, ...]:
    axes = figure.axes
    found = {
        "title": bool(figure.title) or any(one.title for one in axes),
        "x": bool(axes) and all(one.x_label for one in axes),
        "y": bool(axes) and all(one.y_label for one in axes),
        "legend": any(one.legend for one in axes),
    }
    return tuple(label for label in _LABELS if found[label])
