"""Matplotlib figures as structure and as a picture."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np

_MAX_POINTS = 4_000
_MAX_LINES = 200
_MAX_AXES = 144
_MAX_TEXT = 400
_MATRIX_SIDE = 20
_MAX_SVG = 400_000
_MAX_PNG = 2_000_000


def figure_description(figure: Any, pictured: bool = True) -> dict[str, Any]:
    """What is plotted and written in `figure`; `pictured` with an SVG of it, or a PNG where the SVG would be large."""
    svg, png = _pictures(figure) if pictured else ("", "")
    title = getattr(figure, "_suptitle", None)
    return {
        "title": _text(title),
        "axes": [_axes(axes) for axes in figure.get_axes()[:_MAX_AXES]],
        "svg": svg,
        "png": png,
    }


def _axes(axes: Any) -> dict[str, Any]:
    bars, skipped = _error_bars(axes)
    legend = axes.get_legend()
    lines = [line for line in axes.get_lines() if line not in skipped and _is_seen(line)]
    clouds = [item for item in axes.collections if type(item).__name__ == "PathCollection" and item.get_visible()]
    return {
        "title": _text(axes.get_title()) or _text(axes.get_title("left")) or _text(axes.get_title("right")),
        "x_label": _text(axes.get_xlabel()),
        "y_label": _text(axes.get_ylabel()),
        "x_scale": str(axes.get_xscale())[:20],
        "y_scale": str(axes.get_yscale())[:20],
        "legend": [_text(text.get_text()) for text in legend.get_texts()[:_MAX_LINES]] if legend else [],
        "lines": [_line(line) for line in lines[:_MAX_LINES]],
        "error_bars": bars,
        "images": [list(np.shape(image.get_array())) for image in axes.get_images()[:_MAX_LINES]],
        "bars": len(axes.patches),
        "heights": _numbers(
            [patch.get_height() for patch in axes.patches[:_MAX_POINTS] if hasattr(patch, "get_height")]
        ),
        "matrices": _matrices(axes),
        "scatters": len(clouds),
        "scattered": [_cloud(item) for item in clouds[:_MAX_LINES]],
        "bands": [band for item in list(axes.collections)[:_MAX_LINES] if (band := _band(item)) is not None],
    }


def _matrices(axes: Any) -> list[list[list[float]]]:
    """Small two-dimensional tables of numbers that are shown as colours."""
    shown = [*axes.get_images(), *(item for item in axes.collections if type(item).__name__ == "QuadMesh")]
    found = []
    for item in shown[:4]:
        values = item.get_array()
        sides = np.shape(values)
        if len(sides) != 2 or min(sides) < 2 or max(sides) > _MATRIX_SIDE:
            continue
        numbers = _numbers(np.ma.filled(np.ma.asarray(values).astype(float), np.nan))
        found.append([numbers[start : start + sides[1]] for start in range(0, len(numbers), sides[1])])
    return found


def _line(line: Any) -> dict[str, Any]:
    x, y = line.get_xdata(orig=False), line.get_ydata(orig=False)
    return {"label": _label(line.get_label()), "x": _numbers(x), "y": _numbers(y), "points": int(np.size(y))}


def _is_seen(line: Any) -> bool:
    """Whether anything of the line shows in the picture."""
    nothing = ("None", "none", " ", "", None)
    drawn = line.get_linestyle() not in nothing or line.get_marker() not in nothing
    return bool(drawn and line.get_visible() and line.get_alpha() != 0)


def _cloud(item: Any) -> dict[str, Any]:
    """The points of a `scatter`."""
    points: Any = np.ma.filled(np.ma.asarray(item.get_offsets(), dtype=float), math.nan).reshape(-1, 2)
    x, y = _numbers(points[:, 0]), _numbers(points[:, 1])
    return {"label": _label(item.get_label()), "x": x, "y": y, "points": len(points)}


def _band(item: Any) -> dict[str, Any] | None:
    """The lowest and highest value at each place of a `fill_between`."""
    if type(item).__name__ not in ("PolyCollection", "FillBetweenPolyCollection") or not item.get_visible():
        return None
    edges: dict[float, tuple[float, float]] = {}
    for path in item.get_paths()[:_MAX_LINES]:
        for x, y in path.vertices[:_MAX_POINTS].tolist():
            low, high = edges.get(x, (y, y))
            edges[x] = (min(low, y), max(high, y))
    places = sorted(edges)
    lows, highs = ([edges[x][at] for x in places] for at in (0, 1))
    return {"label": _label(item.get_label()), "x": places, "low": lows, "high": highs}


def _error_bars(axes: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """The axes' `errorbar` series, and the lines that are only their caps."""
    found, caps = [], []
    for container in axes.containers[:_MAX_LINES]:
        if type(container).__name__ != "ErrorbarContainer":
            continue
        data, own_caps, bars = container.lines
        caps += list(own_caps)
        heights = _heights(bars)
        if data is not None:
            x, y = _numbers(data.get_xdata(orig=False)), _numbers(data.get_ydata(orig=False))
        else:
            x, y = _numbers([middle for middle, _, _ in heights]), _numbers([centre for _, centre, _ in heights])
        error = _numbers([half for _, _, half in heights])
        if len(x) == len(y) == len(error):
            found.append({"label": _label(container.get_label()), "x": x, "y": y, "error": error})
    return found, caps


def _heights(bars: Any) -> list[tuple[float, float, float]]:
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


def _numbers(values: Any) -> list[float]:
    try:
        return [float(value) for value in np.asarray(values, dtype=float).reshape(-1)[:_MAX_POINTS]]
    except (TypeError, ValueError):
        return []


def _label(value: Any) -> str:
    text = _text(value)
    return "" if text.startswith("_") else text


def _text(value: Any) -> str:
    text = value.get_text() if hasattr(value, "get_text") else value
    return str(text or "")[:_MAX_TEXT]


def _pictures(figure: Any) -> tuple[str, str]:
    from matplotlib import rc_context

    try:
        with rc_context({"svg.fonttype": "path", "svg.hashsalt": "figure", "savefig.bbox": "tight"}):
            points = sum(len(line.get_xdata()) for axes in figure.get_axes() for line in axes.get_lines())
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
