"""Plots whose axis bears another name than what is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.checks.metrics import plain_metric
from grader.checks.observations.code import has_run, programs_of
from grader.checks.observations.placing import question_of
from grader.checks.plots.curves import owner_of
from grader.checks.wording import capitalised, clipped, place
from grader.records.figures import Axes
from grader.records.match import Match, Reference
from grader.records.recording import FigureDrawn
from grader.records.result import Observation

_ACCURACY = re.compile(r"\bacc|accura|exactitud|précision|precisi|genauigkeit|noggrannhet|träff", re.IGNORECASE)
_LOSS = re.compile(r"loss|förlust|verlust|perte|pérdida|perdida|fehler|error|cost|entrop|kostnad", re.IGNORECASE)
_EPOCH = re.compile(r"epoch|epok|epoche|époque|época", re.IGNORECASE)
_METRICS = ("loss", "val_loss", "accuracy", "val_accuracy")


def wrong_axis_labels(match: Match, reference: Reference) -> Iterator[Observation]:
    """Loss curves whose y axis says accuracy or epoch, and the reverse. Mixed or doubled axes are left alone."""
    for event in match.rerun.events:
        if isinstance(event, FigureDrawn):
            stacked = len(event.figure.axes) > 1 and any(not axes.y_label for axes in event.figure.axes)
            for axes in event.figure.axes:
                shown = _shown(axes, match)
                if shown and not stacked:
                    yield from _observations(
                        match, event.cell, shown, axes.y_label, "the recorded history, point by point"
                    )
    for program in programs_of(match):
        for drawing in program.drawings:
            if not has_run(match, drawing.cell) and not drawing.shared and not drawing.others:
                shown = {plain_metric(curve.metric).removeprefix("val_") for curve in drawing.curves}
                yield from _observations(match, drawing.cell, shown, drawing.y_label, "the plotted metric in the code")


def _shown(axes: Axes, match: Match) -> set[str]:
    """`{"loss"}`, `{"accuracy"}` or both: what the lines are; empty when any of them is unknown."""
    found = set()
    for line in axes.lines:
        if len(line.y) < 2:
            return set()
        kinds = {
            metric.removeprefix("val_")
            for metric in _METRICS
            if owner_of(line, metric, match, list(match.models)) is not None
        }
        if len(kinds) != 1:
            return set()
        found |= kinds
    return found


def _observations(match: Match, cell: int, shown: set[str], label: str, source: str) -> Iterator[Observation]:
    if len(shown) != 1 or not label.strip():
        return
    what = next(iter(shown))
    own, other = (_LOSS, _ACCURACY) if what == "loss" else (_ACCURACY, _LOSS)
    if what not in ("loss", "accuracy") or own.search(label) or not (other.search(label) or _EPOCH.search(label)):
        return
    where = place(match, cell)
    yield Observation(
        kind="axis_label",
        question=question_of(match, [cell]),
        message=f"{capitalised(where)} plots the {what}, and its y axis says '{clipped(label, 40)}'.",
        proof=f"{where}: y label '{clipped(label, 40)}'; the lines are the {what} ({source}).",
    )
