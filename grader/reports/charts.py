"""The report's own figures: vector pictures, drawn the same to the byte each time, lettered in the report's font.

Blue is the student, grey the reference; solid is validation, dashed training. Lines carry their names at their ends, in
place of a legend, pushed apart so that none covers another.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from io import StringIO
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from grader.reports.history_curves import Band, Curve, Panel, SweepPoint
from grader.reports.printing import font_file
from grader.reports.svg_lettering import simplify_svg
from grader.reports.words import line, setting

BLUE = "#0b5cab"
GREY = "#6f7781"
INK = "#1c2128"
WIDTH, HEIGHT = 170.0, 52.0
"""Millimetres: the width of the text, so that a figure has the same size everywhere."""
INCH = 25.4
"""Millimetres."""
_POINTS = 8.0
"""Size of the lettering."""
_AXES_WIDTH, _AXES_HEIGHT = 0.315, 0.66
"""Shares of the figure: what the names at the right of each pair of axes leave."""
_NOISE = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<\?xml.*?\?>|<!DOCTYPE[^>]*>", re.DOTALL)
"""What Matplotlib writes around a drawing; its version stands in it."""
_GAP = 10.0
"""Points between the middles of two labels: a line of lettering with its leading."""
_OFFSET = 5.0
"""Points between a line's end and its name."""

# Names at the ends of lines


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
    """The nearest places to `places` that lie at least `gap` apart, inside `low` to `high` where there is room.

    Neighbours that are too near form a cluster around the mean of their places; clusters that meet become one.
    """
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


# Figures


def figure_settings() -> AbstractContextManager[None]:
    """Settings under which every figure of a report is drawn and saved: letters as paths, names by a fixed salt."""
    return mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "labgrade", "text.parse_math": False})


def lettering(bold: bool = False) -> FontProperties:
    """The report's font for a text in a figure."""
    return FontProperties(fname=str(font_file("semibold" if bold else "regular").with_suffix(".otf")), size=_POINTS)


def history_figure(panels: Sequence[Panel]) -> str:
    """One or two pairs of axes side by side, as an SVG data URI."""
    with figure_settings():
        figure = Figure(figsize=(WIDTH / INCH, HEIGHT / INCH))
        for number, panel in enumerate(panels[:2]):
            axes = figure.add_axes((0.055 + number * 0.515, 0.19, _AXES_WIDTH, _AXES_HEIGHT))
            _draw_panel(axes, panel)
        return data_uri(figure)


def sweep_figure(yours: Sequence[SweepPoint], reference: Sequence[SweepPoint], metric: str) -> str:
    """Final value against regularisation factor, mean and standard deviation, as an SVG data URI."""
    with figure_settings():
        figure = Figure(figsize=(WIDTH / INCH, HEIGHT / INCH))
        axes = figure.add_axes((0.065, 0.19, 0.74, _AXES_HEIGHT))
        places = sorted({point.factor for point in (*yours, *reference)})
        # A logarithmic axis has no 0: a factor of 0 stands a tenth below the smallest other one.
        zero = min((place for place in places if place > 0), default=1.0) / 10
        labels = []
        for points, colour, name, shift in ((reference, GREY, "reference", 1.06), (yours, BLUE, "yours", 1.0)):
            drawn = [point for point in points if point.values]
            if not drawn:
                labels += [EndLabel(f"{name}: NaN", math.nan, math.nan, colour, True)] if points else []
                continue
            xs = [(point.factor or zero) * shift for point in drawn]
            means, deviations = [point.mean for point in drawn], [point.deviation for point in drawn]
            axes.errorbar(xs, means, deviations, color=colour, lw=1.3, elinewidth=0.9, capsize=2.5, marker="o", ms=3)
            for x, point in zip(xs, drawn, strict=True):
                axes.plot([x] * len(point.values), point.values, "_", color=colour, ms=4, mew=0.7, alpha=0.8)
            labels.append(EndLabel(f"{name} {_value(means[-1])}", xs[-1], means[-1], colour, name == "yours"))
        axes.set_xscale("log")
        axes.set_xlim((places[0] or zero) / 1.25, places[-1] * 1.3)
        axes.xaxis.set_major_locator(FixedLocator(_apart([place or zero for place in places])))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: "0" if x <= zero else setting(x)))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        letter(axes, f"Final {line(metric, 40)} of each training", "regularisation factor")
        draw_end_labels(axes, labels, lettering)
        return data_uri(figure)


def _apart(places: Sequence[float]) -> list[float]:
    """Those of the rising `places` whose labels have room on a logarithmic axis: at most twelve, evenly spread."""
    kept: list[float] = []
    room = math.log(places[-1] / places[0]) * 0.09 if len(places) > 1 else 0.0
    for place in places:
        if not kept or math.log(place / kept[-1]) >= room:
            kept.append(place)
    return kept


def _draw_panel(axes: Axes, panel: Panel) -> None:
    labels: list[EndLabel] = []
    epochs = max([curve.epochs for curve in panel.curves] + [len(panel.band.mean) if panel.band else 0])
    if panel.band:
        _draw_band(axes, panel.band, labels)
    for curve in panel.curves:
        _draw_curve(axes, curve, labels)
    _scale(axes, panel, epochs)
    letter(axes, line(panel.title, 40), "epoch")
    draw_end_labels(axes, labels, lettering)


def _draw_band(axes: Axes, band: Band, labels: list[EndLabel]) -> None:
    xs = range(1, len(band.mean) + 1)
    marker = "o" if len(band.mean) == 1 else ""
    if band.seeds > 1:
        axes.fill_between(xs, band.low, band.high, color=GREY, alpha=0.22, lw=0)
    style = "-" if band.validated else (0, (4, 2))
    axes.plot(xs, band.mean, color=GREY, lw=1.2, ls=style, marker=marker, ms=3.5)
    if band.training:
        axes.plot(
            range(1, len(band.training) + 1), band.training, color=GREY, lw=0.8, ls=(0, (4, 2)), marker=marker, ms=2.5
        )
    labels.append(EndLabel(f"reference {_value(band.mean[-1])}", len(band.mean), band.mean[-1], GREY, False))


def _draw_curve(axes: Axes, curve: Curve, labels: list[EndLabel]) -> None:
    width = 0.5 if curve.behind else 1.5
    for values, style, share in ((curve.training, (0, (3.5, 1.8)), 0.65), (curve.validation, "-", 1.0)):
        if not values:
            continue
        xs = range(1, len(values) + 1)
        # A line through a single number would not be seen.
        lonely = len(values) == 1 or sum(map(math.isfinite, values)) == 1
        hollow = "white" if style != "-" else BLUE
        axes.plot(
            xs,
            values,
            color=BLUE,
            lw=width * share,
            ls=style,
            alpha=0.45 if curve.behind else 1,
            marker="o" if lonely else "",
            ms=4,
            mfc=hollow,
        )
    shown = curve.validation or curve.training
    if not curve.behind:
        labels += _labels_of(curve, shown)


def _labels_of(curve: Curve, shown: Sequence[float]) -> list[EndLabel]:
    """The name at the end of a curve; where it diverged, at its last number."""
    finite = [number for number, value in enumerate(shown) if math.isfinite(value)]
    if not finite:
        return [EndLabel(f"{curve.label}: NaN from the start", math.nan, math.nan, BLUE, True)]
    last = finite[-1]
    text = f"{curve.label} {_value(shown[last])}"
    broken = last + 1 < len(shown)
    if broken:
        text = f"{curve.label}: NaN after epoch {last + 1}"
    return [EndLabel(text, last + 1, shown[last], BLUE, True, inside=broken)]


def _scale(axes: Axes, panel: Panel, epochs: int) -> None:
    if panel.logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
    if not panel.finite:
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_locator(NullLocator())
    axes.set_xlim(0.5 if epochs < 3 else 1 - 0.03 * epochs, max(epochs, 1) + (0.5 if epochs < 3 else 0))
    axes.xaxis.set_major_locator(FixedLocator(_epoch_ticks(max(epochs, 1))))


def _epoch_ticks(epochs: int) -> list[int]:
    """First and last epoch, and two or three between."""
    if epochs <= 6:
        return list(range(1, epochs + 1))
    step = (epochs - 1) / 3
    return [round(1 + step * number) for number in range(4)]


def letter(axes: Axes, title: str, x_label: str) -> None:
    """Title, axis label and ticks in the report's font; only the left and the lower frame are drawn."""
    axes.set_title(title, loc="left", pad=7, color=INK, fontproperties=lettering(bold=True))
    axes.set_xlabel(x_label, labelpad=2.5, color=GREY, fontproperties=lettering())
    axes.tick_params(length=2.5, width=0.5, color=GREY, labelcolor=GREY, pad=2)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_linewidth(0.5)
        spine.set_color(GREY)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(lettering())


def _value(value: float) -> str:
    return f"{value:.3f}" if 0.001 <= abs(value) < 100 else f"{value:.2g}"


def data_uri(figure: Figure) -> str:
    """The figure as an SVG data URI, the same to the byte each time."""
    text = StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = simplify_svg(_NOISE.sub("", text.getvalue()).strip())
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")
