"""Names at the ends of lines, pushed apart so that none covers another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties

_GAP = 10.0
"""Points between the middles of two labels."""
_OFFSET = 5.0


class EndLabel(NamedTuple):
    """A name and the point that it belongs to, in data coordinates; NaN when no point was drawn."""

    text: str
    x: float
    y: float
    colour: str
    bold: bool
    inside: bool = False
    """Beside its point within the axes, for a line that breaks off; else in the margin on the right."""


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The nearest places to `places` that lie at least `gap` apart, inside `low` to `high` where there is room."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    clusters: list[tuple[float, list[int]]] = []
    for number in order:
        clusters.append((places[number], [number]))
        while len(clusters) > 1 and _touch(clusters[-2], clusters[-1], gap):
            (one, ones), (two, twos) = clusters[-2:]
            middle = (one * len(ones) + two * len(twos)) / (len(ones) + len(twos))
            clusters[-2:] = [(middle, ones + twos)]
    ranked = [
        max(low, middle - gap * (len(members) - 1) / 2 + gap * rank)
        for middle, members in clusters
        for rank in range(len(members))
    ]
    for rank in range(1, len(ranked)):
        ranked[rank] = max(ranked[rank], ranked[rank - 1] + gap)
    ceiling = high
    for rank in range(len(ranked) - 1, -1, -1):
        ranked[rank] = min(ranked[rank], ceiling)
        ceiling = ranked[rank] - gap
    moved = [0.0] * len(places)
    for number, place in zip(order, ranked, strict=True):
        moved[number] = place
    return moved


def _touch(lower: tuple[float, list[int]], upper: tuple[float, list[int]], gap: float) -> bool:
    return upper[0] - lower[0] < gap * (len(lower[1]) + len(upper[1])) / 2


def draw_end_labels(axes: Axes, labels: Sequence[EndLabel], font: Callable[[bool], FontProperties]) -> None:
    """Writes `labels` right of their points, one size, in the axes' margin."""
    height = axes.get_window_extent().height * 72 / axes.figure.dpi
    right = axes.get_xlim()[1]
    wanted = [_height(axes, label) * height for label in labels]
    for label, place in zip(labels, spread(wanted, _GAP, 0.0, height), strict=True):
        x = label.x if label.inside and label.x < 0.75 * right else right
        axes.annotate(
            label.text,
            xy=(x, place / height),
            xycoords=("data", "axes fraction"),
            xytext=(_OFFSET, 0),
            textcoords="offset points",
            va="center_baseline",
            color=label.colour,
            fontproperties=font(label.bold),
            annotation_clip=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85} if x < right else None,
        )


def _height(axes: Axes, label: EndLabel) -> float:
    """Where a label wants to stand, as a share of the axes' height."""
    if not math.isfinite(label.y):
        return 0.5
    pixels = axes.transData.transform((label.x if math.isfinite(label.x) else 1.0, label.y))
    share = float(axes.transAxes.inverted().transform(pixels)[1])
    return share if math.isfinite(share) else 0.5
