"""Reference models in an answer key: layers, settings, histories over seeds."""

from __future__ import annotations

import math
from statistics import fmean

from grader.records.match import Reference, ReferenceModel
from grader.records.models import Layer
from grader.reports.key.view import KeyLayer, KeyModel, KeyModelRow
from grader.reports.pages.layers import MOST_LAYERS, layer_words
from grader.reports.pages.settings import fit_words, loss_words, optimizer_words
from grader.reports.plots.curves import SweepPoint, factor, metric_name, panels, sweep_points
from grader.reports.plots.figures import history_figure, sweep_figure
from grader.reports.view import Fact, FigureView, SweepRow
from grader.reports.words import count, counted, score, seconds, setting, underscored


def key_model(model: ReferenceModel) -> KeyModel:
    """The table of `model`; of a sweep, of its first training."""
    varied = len({factor(one) for one in model.architectures.values()}) > 1
    rows = [
        KeyLayer(str(number), layer_words(layer, varied), _shape(layer), count(layer.parameters))
        for number, layer in enumerate(model.architecture.layers[:MOST_LAYERS], 1)
    ]
    rows.append(KeyLayer("", "Parameters in all", "", count(model.architecture.parameters)))
    settings = (
        Fact("Loss", loss_words(model.compile) or "–"),
        Fact("Optimizer", optimizer_words(model.compile) or "–"),
        Fact("Training", fit_words(model.fit) or "–"),
    )
    note = "The regularisation factor varies from training to training." if varied else ""
    return KeyModel(model.name, tuple(rows), settings, note)


def key_training(model: ReferenceModel) -> tuple[FigureView | None, tuple[SweepRow, ...]]:
    """The histories of `model` over its seeds, or its sweep with a row per factor."""
    points = sweep_points(model.trainings, model.architectures)
    if points:
        return _sweep(model, points), tuple(SweepRow(setting(point.factor), "", _mean(point)) for point in points)
    drawn = panels((), model.trainings, True)
    if not drawn:
        return None, ()
    band = drawn[0].band
    validated = bool(band and band.validated)
    words = ["Solid: validation. Dashed: training." if validated else "Dashed: training; there was no validation."]
    if band and band.seeds > 1:
        words[0] += f" Mean of {band.seeds} seeds; grey: from the smallest to the largest."
    words.append(f"{measured(model)}.")
    alt = " ".join(
        f"{panel.title}: from {score(panel.band.mean[0])} to {score(panel.band.mean[-1])} "
        f"over {counted(len(panel.band.mean), 'epoch')}."
        for panel in drawn
        if panel.band
    )
    return FigureView(history_figure(drawn), alt, tuple(words)), ()


def measured(model: ReferenceModel) -> str:
    """Test accuracy with its spread, and the time of an epoch."""
    parts = [f"Test accuracy {test_accuracy(model)}"]
    time = epoch_time(model)
    if time:
        parts.append(f"an epoch took {time} on this machine")
    return "; ".join(parts)


def test_accuracy(model: ReferenceModel) -> str:
    """`0.9712 ± 0.0010 (2 trainings)`; says so when none was measured."""
    found = model.test_accuracies
    if not found or model.mean_accuracy is None:
        return "not measured"
    if len(found) == 1:
        return f"{score(model.mean_accuracy)} (one training)"
    return f"{score(model.mean_accuracy)} ± {model.spread or 0.0:.4f} ({len(found)} trainings)"


test_accuracy.__test__ = False  # type: ignore[attr-defined]  # pytest would otherwise collect it


def epoch_time(model: ReferenceModel) -> str:
    """Mean seconds of an epoch, the first of each training left out as it holds the tracing; empty when unknown."""
    rows = [training.history.epoch_seconds for training in model.trainings]
    times = [value for row in rows for value in (row[1:] or row) if math.isfinite(value)]
    return seconds(fmean(times)) if times else ""


def model_rows(reference: Reference, anchors: dict[str, str]) -> tuple[KeyModelRow, ...]:
    """The overview: one line a model, in the order of the questions about them."""
    order = list(anchors)
    named = sorted(reference.models.values(), key=lambda model: order.index(model.name) if model.name in order else 99)
    return tuple(
        KeyModelRow(
            name=model.name,
            anchor=anchors.get(model.name, ""),
            parameters=count(model.architecture.parameters),
            trainings=str(len(model.trainings)),
            accuracy=test_accuracy(model),
            seconds=epoch_time(model) or "–",
        )
        for model in named
    )


def _sweep(model: ReferenceModel, points: tuple[SweepPoint, ...]) -> FigureView:
    metric = metric_name(model.trainings) or "loss"
    validated = any(f"val_{metric}" in training.history.metrics for training in model.trainings)
    name = f"{'validation' if validated else 'training'} {underscored(metric)}"
    alt = f"Final {name} against the regularisation factor: " + "; ".join(
        f"{setting(point.factor)}: {_mean(point)}" for point in points
    )
    caption = (
        f"{counted(len(model.trainings), 'training')}, one mark each; mean and one standard deviation at each factor. "
        "The horizontal axis is logarithmic.",
        f"{measured(model)}.",
    )
    return FigureView(sweep_figure((), points, name), alt + ".", caption)


def _mean(point: SweepPoint) -> str:
    if not point.values:
        return "NaN"
    return f"{score(point.mean)} ± {point.deviation:.4f} ({len(point.values) + point.lost} trainings)"


def _shape(layer: Layer) -> str:
    shape = layer.output_shape
    sizes = shape[1:] if shape and shape[0] is None else shape
    return " × ".join("?" if size is None else str(size) for size in sizes) if sizes else "–"
