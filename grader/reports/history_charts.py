"""Figures of trainings with their captions and their alt texts: what the picture shows, in numbers.

Those of a hand-in stand beside the reference's; those of a reference stand alone in the answer key. A caption says what
the lines are and why something is missing, so that no reader has to guess: who did not validate, why two losses are not
drawn together, which training ended without a number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from grader.facts.keras import VALIDATION
from grader.records import Match, ModelMatch, ReferenceModel, Trained
from grader.reports.charts import history_figure, sweep_figure
from grader.reports.history_curves import (
    MOST_CURVES,
    Curve,
    Panel,
    SweepPoint,
    metric_name,
    panels,
    same_loss,
    sweep_points,
)
from grader.reports.model_words import compile_arguments_of, factor
from grader.reports.view import FigureView, SweepRow
from grader.reports.words import amount, count, line, readable_name, score, seconds, setting

_MOST_ROWS = 24
"""Factors in the table of a sweep."""


def training_figure(
    match: Match, model: ModelMatch, reference: ReferenceModel | None
) -> tuple[FigureView | None, tuple[SweepRow, ...]]:
    """The figure for a model's trainings, with the rows of its sweep when it is one; `None` when none was trained."""
    trainings = match.trainings(model)
    if not trainings:
        return None, ()
    known = reference.trainings if reference else ()
    yours = sweep_points(trainings, match.rerun.architectures)
    theirs = sweep_points(known, reference.architectures) if reference else ()
    if yours:
        return _sweep(trainings, yours, theirs), _sweep_rows(yours, theirs)
    return _histories(match, model, trainings, None if theirs else reference), ()


def _histories(
    match: Match, model: ModelMatch, trainings: Sequence[Trained], reference: ReferenceModel | None
) -> FigureView | None:
    known = reference.trainings if reference else ()
    compiled = compile_arguments_of(match, model)
    mine = [factor(match.rerun.architectures.get(training.architecture)) for training in trainings]
    penalties = (any(mine), bool(reference and factor(reference.architecture)))
    shared = bool(reference) and same_loss(compiled, reference.compile if reference else None, penalties)
    drawn = panels(trainings, known, shared)
    if not drawn:
        return None
    caption = [_key(drawn, trainings)]
    if known and not shared:
        caption.append(_why_apart(compiled.loss if compiled else None, reference, penalties))
    caption += _measured(trainings, reference)
    return FigureView(history_figure(drawn), " ".join(_panel_words(panel) for panel in drawn), tuple(caption))


def _key(drawn: Sequence[Panel], trainings: Sequence[Trained]) -> str:
    """What each kind of line is, and what else a reader of the axes has to know."""
    parts = []
    curves = [curve for panel in drawn for curve in panel.curves]
    single = all(curve.epochs == 1 for curve in curves)
    if any(curve.validation for curve in curves):
        split = trainings[-1].validation.split if trainings[-1].validation else "unknown"
        where = {"test": " (on the test set)", "train": " (on training rows)"}.get(split, "")
        parts.append(
            f"Filled: validation{where}. Hollow: training."
            if single
            else f"Solid: validation{where}. Dashed: training."
        )
    else:
        parts.append("There was no validation: the dashed line is the training’s.")
    seeds = max((panel.band.seeds for panel in drawn if panel.band), default=0)
    if seeds > 1:
        parts.append(f"Grey band: the reference’s range over {seeds} seeds.")
    lengths = _lengths(drawn)
    if lengths:
        parts.append(lengths)
    wide = [panel.title.lower() for panel in drawn if panel.logarithmic]
    if wide:
        parts.append(f"The {wide[0]} axis is logarithmic.")
    if len(trainings) > MOST_CURVES:
        parts.append(f"The last of your {len(trainings)} trainings is drawn in full, the others are thin.")
    return " ".join(parts)


def _lengths(drawn: Sequence[Panel]) -> str:
    """Says so when the two trainings did not run for equally many epochs."""
    yours = max((curve.epochs for panel in drawn for curve in panel.curves), default=0)
    theirs = max((len(panel.band.mean) for panel in drawn if panel.band), default=0)
    if not yours or not theirs or yours == theirs:
        return ""
    return f"Yours ran for {amount(yours, 'epoch')}, the reference for {theirs}."


def _why_apart(loss: str | None, reference: ReferenceModel | None, penalties: tuple[bool, bool]) -> str:
    theirs = reference.compile.loss if reference and reference.compile else None
    if loss != theirs:
        return (
            f"Your loss is {readable_name(loss or 'unknown')}, the reference’s {readable_name(theirs or 'unknown')}: "
            "the two numbers measure different things, so yours is drawn alone."
        )
    penalised = "yours" if penalties[0] else "the reference’s"
    return (
        f"A regularisation penalty is part of {penalised} alone: "
        "the two losses are not comparable, so yours is drawn alone."
    )


def _measured(trainings: Sequence[Trained], reference: ReferenceModel | None) -> list[str]:
    parts = []
    last = trainings[-1]
    tested = [training.test.accuracy for training in trainings if training.test and "accuracy" in training.test.metrics]
    if tested:
        text = f"Measured on all {count(last.test.rows if last.test else None)} test rows: yours {score(tested[-1])}"
        if reference and reference.mean_accuracy is not None:
            spread = f" ± {reference.spread:.4f}" if reference.spread and len(reference.test_accuracies) > 1 else ""
            text += f", the reference {score(reference.mean_accuracy)}{spread}"
        parts.append(text + ".")
    elif last.test and last.test.metrics:
        measured = ", ".join(f"{readable_name(name)} {setting(value)}" for name, value in last.test.metrics.items())
        parts.append(f"Measured on all {count(last.test.rows)} test rows: {measured}.")
    times = [value for value in last.history.epoch_seconds if math.isfinite(value)]
    if times:
        parts.append(f"An epoch took {seconds(fmean(times))} on labgrade’s machine.")
    if last.continued:
        parts.append("The model had been trained before: this training continues it.")
    if last.native:
        parts.append(f"Trained inside the sandbox, as {line(last.native, 160).rstrip('.')}.")
    return [" ".join(parts)] if parts else []


def _panel_words(panel: Panel) -> str:
    words = [_curve_words(panel.title, curve) for curve in panel.curves if not curve.behind]
    if panel.band:
        kind = "validation" if panel.band.validated else "training"
        words.append(
            f"The reference’s {kind} {panel.title.lower()} goes from {score(panel.band.mean[0])} to "
            f"{score(panel.band.mean[-1])} (mean of {amount(panel.band.seeds, 'seed')})."
        )
    return " ".join(words)


def _curve_words(title: str, curve: Curve) -> str:
    shown = curve.validation or curve.training
    kind = "validation" if curve.validation else "training"
    owner = "Your" if curve.label == "yours" else f"Your training {curve.label.removeprefix('yours ')}:"
    if len(shown) == 1:
        return f"{owner} {kind} {title.lower()} after its only epoch is {score(shown[0])}."
    text = f"{owner} {kind} {title.lower()} goes from {score(shown[0])} to {score(shown[-1])} over {len(shown)} epochs"
    if curve.validation and curve.training:
        text += f", training from {score(curve.training[0])} to {score(curve.training[-1])}"
    lost = sum(1 for value in shown if not math.isfinite(value))
    return text + (f"; {lost} of the values are not numbers." if lost else ".")


def _sweep(trainings: Sequence[Trained], yours: Sequence[SweepPoint], theirs: Sequence[SweepPoint]) -> FigureView:
    metric = metric_name(trainings) or "loss"
    validated = any(VALIDATION + metric in training.history.metrics for training in trainings)
    name = f"{'validation' if validated else 'training'} {readable_name(metric)}"
    alt = f"Final {name} against the regularisation factor. Yours: " + "; ".join(_point_words(p) for p in yours) + "."
    if theirs:
        alt += " Reference: " + "; ".join(_point_words(point) for point in theirs) + "."
    caption = [
        f"{amount(len(trainings), 'training')}, one mark each; mean and one standard deviation at each factor. "
        "The horizontal axis is logarithmic."
    ]
    lost = sum(point.lost for point in yours)
    if lost:
        caption.append(f"{amount(lost, 'training')} ended without a number (NaN) and could not be drawn.")
    return FigureView(sweep_figure(yours, theirs, name), alt, tuple(caption))


def _point_words(point: SweepPoint) -> str:
    return f"{setting(point.factor)}: {mean_words(point)}"


def mean_words(point: SweepPoint) -> str:
    """`0.9712 ± 0.0010 (3 trainings)`: mean and standard deviation over the replicas; `NaN` when all ended so."""
    if not point.values:
        return "NaN"
    return f"{score(point.mean)} ± {point.deviation:.4f} ({len(point.values) + point.lost} trainings)"


def _sweep_rows(yours: Sequence[SweepPoint], theirs: Sequence[SweepPoint]) -> tuple[SweepRow, ...]:
    mine = {point.factor: point for point in yours}
    known = {point.factor: point for point in theirs}
    return tuple(
        SweepRow(
            setting(place),
            *(mean_words(points[place]) if place in points else "–" for points in (mine, known)),
        )
        for place in sorted({*mine, *known})[:_MOST_ROWS]
    )


def reference_training_figure(model: ReferenceModel) -> tuple[FigureView | None, tuple[SweepRow, ...]]:
    """The histories of `model` over its seeds, or its sweep with a row per factor."""
    points = sweep_points(model.trainings, model.architectures)
    if points:
        return _reference_sweep(model, points), tuple(
            SweepRow(setting(point.factor), "", mean_words(point)) for point in points
        )
    drawn = panels((), model.trainings, True)
    if not drawn:
        return None, ()
    band = drawn[0].band
    validated = bool(band and band.validated)
    words = ["Solid: validation. Dashed: training." if validated else "Dashed: training; there was no validation."]
    if band and band.seeds > 1:
        words[0] += f" Mean of {band.seeds} seeds; grey: from the smallest to the largest."
    words.append(f"{accuracy_and_time(model)}.")
    alt = " ".join(
        f"{panel.title}: from {score(panel.band.mean[0])} to {score(panel.band.mean[-1])} "
        f"over {amount(len(panel.band.mean), 'epoch')}."
        for panel in drawn
        if panel.band
    )
    return FigureView(history_figure(drawn), alt, tuple(words)), ()


def _reference_sweep(model: ReferenceModel, points: tuple[SweepPoint, ...]) -> FigureView:
    metric = metric_name(model.trainings) or "loss"
    validated = any(VALIDATION + metric in training.history.metrics for training in model.trainings)
    name = f"{'validation' if validated else 'training'} {readable_name(metric)}"
    alt = f"Final {name} against the regularisation factor: " + "; ".join(
        f"{setting(point.factor)}: {mean_words(point)}" for point in points
    )
    caption = (
        f"{amount(len(model.trainings), 'training')}, one mark each; mean and one standard deviation at each factor. "
        "The horizontal axis is logarithmic.",
        f"{accuracy_and_time(model)}.",
    )
    return FigureView(sweep_figure((), points, name), alt + ".", caption)


def accuracy_and_time(model: ReferenceModel) -> str:
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
