"""What is written around a plot: title, axis labels, legend."""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.wording import listed
from grader.records.figures import Axes, Figure

_WORDS = {"title": "a title", "x": "a label on the x axis", "y": "a label on the y axis", "legend": "a legend"}


def lacking_labels(figure: Figure, axes: Axes, asked: Sequence[str]) -> list[str]:
    """Those of `asked` (`title`, `x`, `y`, `legend`) that `axes` of `figure` do without."""
    series = sum(1 for line in axes.lines if line.points > 1) + len(axes.error_bars)
    there = {
        "title": bool(axes.title.strip() or figure.title.strip()),
        "x": bool(axes.x_label.strip()),
        "y": bool(axes.y_label.strip()),
        # One line alone needs no legend to be told from others.
        "legend": bool(axes.legend) or series <= 1,
    }
    return [name for name in asked if not there.get(name, True)]


def label_sentence(lacking: Sequence[str], asked: Sequence[str]) -> str:
    """A sentence on the labels: what is missing, or that all are there."""
    if not asked:
        return ""
    if lacking:
        return f"Missing: {listed([_WORDS.get(name, name) for name in lacking])}."
    return f"It has {listed([_WORDS.get(name, name) for name in asked])}."
