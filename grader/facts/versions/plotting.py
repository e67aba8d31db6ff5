"""What older Matplotlib and seaborn called otherwise; arguments with other names stand in `scientific.py`."""

from __future__ import annotations

from grader.facts.versions.difference import Difference

STYLES_SINCE = "seaborn-v0_8"
"""Matplotlib 3.6 renamed its own copies of seaborn's styles: `seaborn-whitegrid` is `seaborn-v0_8-whitegrid`."""

COLOUR_MAPS = {
    "spectral": "nipy_spectral",
    "spectral_r": "nipy_spectral_r",
    "Vega10": "tab10",
    "Vega20": "tab20",
    "Vega20b": "tab20b",
    "Vega20c": "tab20c",
}
"""Name until Matplotlib 3.0 -> name today."""

SETTINGS_GONE = ("axes.color_cycle", "text.latex.unicode", "text.latex.preview", "savefig.frameon", "axes.hold")
"""Of `rcParams`."""

VECTORS = (
    "barplot",
    "lineplot",
    "scatterplot",
    "boxplot",
    "pointplot",
    "regplot",
    "jointplot",
    "violinplot",
    "stripplot",
)
"""Functions of seaborn that took x and y by their places until 0.12."""

_MADE = {
    "plt.style seaborn": ("A style of seaborn was found under its name since Matplotlib 3.6.", "Matplotlib 3.6"),
    "plt.hold": ("hold() was left out: drawing adds to what is there, as hold(True) asked.", "Matplotlib 3.0"),
    "axisbg=": ("axisbg= was read as facecolor=.", "Matplotlib 2.2"),
    "set_axis_bgcolor": ("set_axis_bgcolor was read as set_facecolor.", "Matplotlib 2.2"),
    "plt.cm.get_cmap": ("plt.cm.get_cmap was read as plt.get_cmap.", "Matplotlib 3.9"),
    "cmap='spectral'": ("A colour map was found under its name today.", "Matplotlib 3.0"),
    "set_window_title": ("canvas.set_window_title was read as canvas.manager's.", "Matplotlib 3.6"),
    "gca(projection=)": ("fig.gca(projection=) was read as fig.add_subplot(projection=).", "Matplotlib 3.6"),
    "labelbottom='off'": ("'off' and 'on' were read as False and True, as before Matplotlib 3.", "Matplotlib 3.0"),
    "legendHandles": ("legend.legendHandles was read as legend.legend_handles.", "Matplotlib 3.9"),
    "rcParams of old": ("A setting that Matplotlib has no more was left out.", "Matplotlib 3.0"),
    "mlab.normpdf": ("mlab.normpdf was read as SciPy's norm.pdf.", "Matplotlib 3.1"),
    "plt.plot_date": ("plot_date was read as plot.", "Matplotlib 3.9"),
    "set_color_cycle": ("set_color_cycle was read as set_prop_cycle.", "Matplotlib 2.2"),
    "seaborn by places": ("seaborn's first two arguments were read as x and y, as before 0.12.", "seaborn 0.12"),
}


def rows() -> list[Difference]:
    """All of them."""
    return [Difference(key, now, since) for key, (now, since) in _MADE.items()]
