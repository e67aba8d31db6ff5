"""Matplotlib's figures as structure and picture, each described once: when it is shown, saved or its cell ends."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

import matplotlib.pyplot as plt
import numpy as np
from matplotlib._pylab_helpers import Gcf
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import ArrayLike

from grader.probe.descriptions import AxesDrawn, BandDrawn, ErrorBarsDrawn, FigureDescription, LineDrawn
from grader.probe.link import Link, patch
from grader.probe.messages import FiguresDrafted, FigureShown
from grader.sandbox.frames import Array

_MAX_FIGURES = 200
_MAX_DRAFTS = 20
_MAX_POINTS = 4_000
_MAX_LINES = 200
_MAX_AXES = 144
_MAX_TEXT = 400
_MATRIX_SIDE = 20
_MAX_SVG = 400_000
_MAX_PNG = 2_000_000
_SAVED = "_labgrade_saved"
_TICKS = ("FixedLocator", "StrCategoryLocator")
"""Locators whose ticks were put there with texts of their own, or that are categories: others count for themselves."""
_POWER = re.compile(r"10\^\{?([+-]?\d{1,3})\}?")


class FigureWatch:
    """Describes figures to the host."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._count = 0
        self._drawing = False
        self._drafted = False

    def install(self) -> None:
        """Wrap `show`, `close` and `savefig`."""
        close, savefig = plt.close, Figure.savefig

        def show(*arguments: object, **more: object) -> None:
            self.collect()

        def closing(fig: object = None) -> None:
            self._before_close(fig)
            close(fig)  # type: ignore[arg-type]

        def saving(figure: Figure, *arguments: object, **more: object) -> object:
            if not self._drawing:
                setattr(figure, _SAVED, True)
            return savefig(figure, *arguments, **more)  # type: ignore[arg-type]

        patch(plt, show=show, close=closing)
        patch(Figure, savefig=saving, show=show)
        self._close = close

    def collect(self) -> None:
        """Describe and close all open figures."""
        for number in plt.get_fignums():
            self._describe(plt.figure(number))
        self._close("all")
        if self._drafted:
            self._drafted = False
            self._link.tell(FiguresDrafted())

    def draft(self) -> None:
        """Describe, without pictures, what the open figures show so far: that counts if the run ends here."""
        figures = [Gcf.figs[number].canvas.figure for number in sorted(Gcf.figs)[:_MAX_DRAFTS]]
        # A figure that cannot be described or is too large for a message is told, or fails, when it is shown.
        with suppress(Exception):
            drafts = tuple(describe_figure(figure, pictured=False) for figure in figures if figure.get_axes())
            if drafts or self._drafted:
                self._link.tell(FiguresDrafted(figures=drafts))
                self._drafted = bool(drafts)

    def _before_close(self, which: object) -> None:
        """A figure that was saved to a file and is closed unseen was shown in its way."""
        numbers: Sequence[int | str] = plt.get_fignums()
        if which is None:
            numbers = [plt.gcf().number] if numbers else []
        elif isinstance(which, Figure):
            numbers = [number for number in numbers if plt.figure(number) is which]
        elif isinstance(which, int):
            numbers = [number for number in numbers if number == which]
        for number in numbers:
            figure = plt.figure(number)
            if getattr(figure, _SAVED, False):
                self._describe(figure)

    def _describe(self, figure: Figure) -> None:
        if not figure.get_axes() or self._count >= _MAX_FIGURES:
            return
        self._count += 1
        self._drawing = True
        try:
            self._link.tell(FigureShown(figure=describe_figure(figure)))
        finally:
            self._drawing = False


def describe_figure(figure: Figure, pictured: bool = True) -> FigureDescription:
    """What is plotted and written in `figure`; `pictured` with an SVG of it, or a PNG where the SVG would be large."""
    svg, png = _pictures(figure) if pictured else ("", "")
    return FigureDescription(
        title=_text(getattr(figure, "_suptitle", None)),
        axes=tuple(_axes(axes) for axes in figure.get_axes()[:_MAX_AXES]),
        svg=svg,
        png=png,
    )


def _axes(axes: Axes) -> AxesDrawn:
    ticks = _tick_numbers(axes)
    bars, caps = _error_bars(axes, ticks)
    together = [axes, *_twins(axes)]
    lines = [line for line in axes.get_lines() if line not in caps and _is_seen(line)]
    clouds = [item for item in axes.collections if type(item).__name__ == "PathCollection" and item.get_visible()]
    patches = axes.patches[:_MAX_POINTS]
    bands = [_band(item, ticks) for item in list(axes.collections)[:_MAX_LINES]]
    whole = axes.get_figure()
    return AxesDrawn(
        title=next((title for one in together if (title := _title(one))), ""),
        x_label=next((text for one in together if (text := _text(one.get_xlabel()))), "")
        or _text(getattr(whole, "_supxlabel", None)),
        y_label=_text(axes.get_ylabel()) or _text(getattr(whole, "_supylabel", None)),
        x_scale=str(axes.get_xscale())[:20],
        y_scale=str(axes.get_yscale())[:20],
        legend=_legend(together),
        lines=tuple(_line(line, ticks) for line in lines[:_MAX_LINES]),
        error_bars=bars,
        images=tuple(_sides(image.get_array()) for image in axes.get_images()[:_MAX_LINES]),
        bars=len(axes.patches),
        heights=_numbers([patch.get_height() for patch in patches if hasattr(patch, "get_height")]),
        matrices=_matrices(axes),
        scatters=len(clouds),
        scattered=tuple(_cloud(item, ticks) for item in clouds[:_MAX_LINES]),
        bands=tuple(band for band in bands if band is not None),
    )


def _title(axes: Axes) -> str:
    return _text(axes.get_title()) or _text(axes.get_title("left")) or _text(axes.get_title("right"))


def _twins(axes: Axes) -> list[Axes]:
    """Other axes that lie upon these and share their x axis, as `twinx` makes them."""
    whole, shared = axes.get_figure(), axes.get_shared_x_axes()
    if whole is None:
        return []
    place = axes.get_position().bounds
    others = [other for other in whole.get_axes() if other is not axes and shared.joined(axes, other)]
    return [other for other in others if np.allclose(other.get_position().bounds, place)]


def _legend(together: Sequence[Axes]) -> tuple[str, ...]:
    """The texts of the axes' own legend, else those of their twins', else those of the whole figure's."""
    whole = together[0].get_figure()
    legends = [legend for axes in together if (legend := axes.get_legend()) is not None]
    own = legends[:1] if together[0].get_legend() is not None else legends
    found = own or list(getattr(whole, "legends", ()))
    return tuple(_text(text.get_text()) for legend in found for text in legend.get_texts())[:_MAX_LINES]


def _tick_numbers(axes: Axes) -> dict[float, float]:
    """The number that is written at each place of an x axis of categories or of ticks with texts of their own.

    Empty unless each text is another number: then a point stands where its place says, as on any other axis.
    """
    if type(axes.xaxis.get_major_locator()).__name__ not in _TICKS:
        return {}
    try:
        places = [float(place) for place in axes.xaxis.get_majorticklocs()[:_MAX_POINTS]]
        texts = axes.xaxis.get_major_formatter().format_ticks(places)
    except Exception:  # a formatter of the student's own
        return {}
    numbers = [number for text in texts if (number := _written_number(str(text))) is not None]
    if len(numbers) != len(places) or len(set(numbers)) != len(numbers):
        return {}
    return dict(zip(places, numbers, strict=True))


def _written_number(text: str) -> float | None:
    """The number that a tick's text is, also as a power of ten or behind a name and an equals sign."""
    plain = _text(text).replace("\N{MINUS SIGN}", "-").replace("\\mathdefault", "").strip("$ {}")
    plain = plain.rpartition("=")[2].strip("$ ")
    power = _POWER.fullmatch(plain)
    try:
        number = 10.0 ** int(power[1]) if power else float(plain)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _at_ticks(x: tuple[float, ...], ticks: dict[float, float]) -> tuple[float, ...]:
    """`x` as its ticks write it, where each of its places has a tick."""
    return tuple(ticks[place] for place in x) if x and all(place in ticks for place in x) else x


def _sides(values: ArrayLike | None) -> tuple[int, ...]:
    return tuple(int(side) for side in np.shape(values if values is not None else ()))


def _matrices(axes: Axes) -> tuple[tuple[tuple[float, ...], ...], ...]:
    """Small two-dimensional tables of numbers that are shown as colours."""
    shown = [*axes.get_images(), *(item for item in axes.collections if type(item).__name__ == "QuadMesh")]
    found = []
    for item in shown[:4]:
        values = item.get_array()
        sides = np.shape(values if values is not None else ())
        if len(sides) != 2 or min(sides) < 2 or max(sides) > _MATRIX_SIDE:
            continue
        numbers = _numbers(np.ma.filled(np.ma.asarray(values).astype(float), np.nan))
        found.append(tuple(numbers[start : start + sides[1]] for start in range(0, len(numbers), sides[1])))
    return tuple(found)


def _line(line: Line2D, ticks: dict[float, float]) -> LineDrawn:
    x, y = line.get_xdata(orig=False), line.get_ydata(orig=False)
    places = _at_ticks(_numbers(x), ticks)
    return LineDrawn(label=_label(line.get_label()), x=places, y=_numbers(y), points=int(np.size(y)))


def _is_seen(line: Line2D) -> bool:
    """Whether anything of the line shows in the picture."""
    nothing = ("None", "none", " ", "", None)
    drawn = line.get_linestyle() not in nothing or line.get_marker() not in nothing
    return bool(drawn and line.get_visible() and line.get_alpha() != 0)


def _cloud(item: Collection, ticks: dict[float, float]) -> LineDrawn:
    """The points of a `scatter`."""
    points: Array = np.ma.filled(np.ma.asarray(item.get_offsets(), dtype=float), math.nan).reshape(-1, 2)
    x, y = _at_ticks(_numbers(points[:, 0]), ticks), _numbers(points[:, 1])
    return LineDrawn(label=_label(item.get_label()), x=x, y=y, points=len(points))


def _band(item: Collection, ticks: dict[float, float]) -> BandDrawn | None:
    """The lowest and highest value at each place of a `fill_between`."""
    if type(item).__name__ not in ("PolyCollection", "FillBetweenPolyCollection") or not item.get_visible():
        return None
    edges: dict[float, tuple[float, float]] = {}
    for path in item.get_paths()[:_MAX_LINES]:
        for x, y in np.asarray(path.vertices, dtype=float)[:_MAX_POINTS].tolist():
            low, high = edges.get(x, (y, y))
            edges[x] = (min(low, y), max(high, y))
    edges = dict(zip(_at_ticks(tuple(edges), ticks), edges.values(), strict=True))
    places = sorted(edges)
    lows, highs = (tuple(edges[x][at] for x in places) for at in (0, 1))
    return BandDrawn(label=_label(item.get_label()), x=tuple(places), low=lows, high=highs)


def _error_bars(axes: Axes, ticks: dict[float, float]) -> tuple[tuple[ErrorBarsDrawn, ...], list[Artist]]:
    """The axes' `errorbar` series, and the lines that are only their caps."""
    found: list[ErrorBarsDrawn] = []
    caps: list[Artist] = []
    for container in axes.containers[:_MAX_LINES]:
        if type(container).__name__ != "ErrorbarContainer":
            continue
        data, own_caps, bars = container.lines  # type: ignore[attr-defined]
        caps += list(own_caps)
        heights = _heights(bars)
        if data is not None:
            x, y = _numbers(data.get_xdata(orig=False)), _numbers(data.get_ydata(orig=False))
        else:
            x, y = _numbers([middle for middle, _, _ in heights]), _numbers([centre for _, centre, _ in heights])
        error, x = _numbers([half for _, _, half in heights]), _at_ticks(x, ticks)
        if len(x) == len(y) == len(error):
            found.append(ErrorBarsDrawn(label=_label(container.get_label()), x=x, y=y, error=error))
    return tuple(found), caps


def _heights(bars: Iterable[LineCollection]) -> list[tuple[float, float, float]]:
    """(x, centre, half height) of each vertical bar."""
    found = []
    for collection in bars:
        for segment in collection.get_segments():
            if len(segment) != 2:
                found.append((math.nan, math.nan, math.nan))
                continue
            (x0, y0), (x1, y1) = segment
            if x0 == x1:
                found.append((float(x0), float(y0 + y1) / 2, abs(float(y1 - y0)) / 2))
    return found


def _numbers(values: ArrayLike) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in np.asarray(values, dtype=float).reshape(-1)[:_MAX_POINTS])
    except (TypeError, ValueError):
        return ()


def _label(value: object) -> str:
    text = _text(value)
    return "" if text.startswith("_") else text


def _text(value: object) -> str:
    text = value.get_text() if isinstance(value, Text) else value
    return str(text or "")[:_MAX_TEXT]


def _pictures(figure: Figure) -> tuple[str, str]:
    from matplotlib import rc_context

    try:
        with rc_context({"svg.fonttype": "path", "svg.hashsalt": "figure", "savefig.bbox": "tight"}):
            points = sum(np.size(line.get_xdata()) for axes in figure.get_axes() for line in axes.get_lines())
            heavy = points > 20_000 or sum(len(axes.get_images()) for axes in figure.get_axes()) > 4
            if not heavy:
                buffer = io.BytesIO()
                figure.savefig(buffer, format="svg", metadata={"Date": None})
                if buffer.tell() <= _MAX_SVG:
                    return buffer.getvalue().decode(), ""
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=80)
            return "", base64.b64encode(buffer.getvalue()).decode() if buffer.tell() <= _MAX_PNG else ""
    except Exception:  # a figure that cannot be drawn still has its structure
        return "", ""
