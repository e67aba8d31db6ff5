"""What is written around a plot: title, axis labels, legend."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from grader.checks.wording import listed
from grader.records.figures import Axes, Figure

_WORDS = {"title": "a title", "x": "a label on the x axis", "y": "a label on the y axis", "legend": "a legend"}
_ACCURACY = re.compile(r"\bacc\b|accura|exactitud|genauigkeit|précision|noggrannhet|nauwkeurig", re.IGNORECASE)
_LOSS = re.compile(r"loss|förlust|verlust|perte|pérdida|perdida|error|cost", re.IGNORECASE)


def lacking_labels(figure: Figure, axes: Axes, asked: Sequence[str], metrics: Collection[str] = ()) -> list[str]:
    """Those of `asked` (`title`, `x`, `y`, `legend`) that `axes` of `figure` do without.

    `metrics` are those whose curves the axes show: a y axis that names the wrong one has no label either.
    """
    series = sum(1 for line in axes.lines if line.points > 1) + len(axes.error_bars)
    there = {
        "title": bool(axes.title.strip() or figure.title.strip()),
        "x": bool(axes.x_label.strip()),
        "y": bool(axes.y_label.strip()) and not misnamed_axis(axes, metrics),
        # One line alone needs no legend to be told from others.
        "legend": bool(axes.legend) or series <= 1,
    }
    return [name for name in asked if not there.get(name, True)]


def misnamed_axis(axes: Axes, metrics: Collection[str]) -> bool:
    """Whether the y axis says accuracy where only losses are drawn, or loss where only accuracies are."""
    stems = {metric.removeprefix("val_") for metric in metrics}
    says_accuracy, says_loss = bool(_ACCURACY.search(axes.y_label)), bool(_LOSS.search(axes.y_label))
    return (stems == {"loss"} and says_accuracy and not says_loss) or (
        stems == {"accuracy"} and says_loss and not says_accuracy
    )


def label_sentence(lacking: Sequence[str], asked: Sequence[str]) -> str:
    """A sentence on the labels: what is missing, or that all are there."""
    if not asked:
        return ""
    if lacking:
        return f"Missing: {listed([_WORDS.get(name, name) for name in lacking])}."
    return f"It has {listed([_WORDS.get(name, name) for name in asked])}."
