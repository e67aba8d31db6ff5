"""The distribution of a class's points as a picture."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from grader.reports.classes.statistics import Distribution
from grader.reports.plots.figures import BLUE, GREY, WIDTH, data_uri, figure_settings, letter
from grader.reports.words import points

_HEIGHT = 58.0
_INCH = 25.4
_BINS = 20


def distribution_figure(scores: Distribution) -> str:
    """Filled: points as they stand. Outlined: with all that awaits a person awarded in full. An SVG data URI."""
    with figure_settings():
        figure = Figure(figsize=(WIDTH / _INCH, _HEIGHT / _INCH))
        axes = figure.add_axes((0.055, 0.2, 0.925, 0.66))
        edges = np.linspace(0, max(scores.points, 1e-9), _BINS + 1)
        shown = np.clip(np.array(scores.final), 0, scores.points)
        reach = np.clip(np.array(scores.reachable), 0, scores.points)
        axes.hist(shown, bins=edges.tolist(), color=BLUE, rwidth=0.92)
        if not np.allclose(shown, reach):
            axes.hist(reach, bins=edges.tolist(), histtype="step", color=GREY, lw=1.1, ls=(0, (3, 1.5)))
        _, middle, _ = scores.quartiles
        axes.axvline(middle, color="#8a5200", lw=1)
        top = axes.get_ylim()[1]
        axes.set_ylim(0, top * 1.12)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_xlim(0, scores.points)
        letter(axes, f"Submissions by points; the line is the median, {points(middle)}", "points")
        return data_uri(figure)
