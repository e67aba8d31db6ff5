"""Where pictures and drawn figures stand on a page, and what they look like."""

from __future__ import annotations

import base64
import io
from typing import Any

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in points."""

_LEAST = 36.0
"""Points; smaller pictures are icons, bullets or rules."""
_OBJECTS_LIMIT = 6_000
_FIGURE_OBJECTS = 10
_PANEL_POINTS = 20
"""Points of a box with rounded corners, at most."""
_RESOLUTION = 110
_SIDE_LIMIT = 2_400
"""Pixels of a picture's longer side."""


def picture_boxes(page: Any) -> list[Box]:
    """Pictures and drawn figures of a page, from top to bottom; those that overlap are one."""
    whole = (0.0, 0.0, float(page.width), float(page.height))
    images = [_clipped(_box(image), whole) for image in page.images[:400]]
    found = [box for box in images if box[2] - box[0] >= _LEAST and box[3] - box[1] >= _LEAST]
    found += _drawn(page, whole)
    return sorted(_merged(found, 1.0), key=lambda box: (box[1], box[0]))


def _box(thing: dict[str, Any]) -> Box:
    return float(thing["x0"]), float(thing["top"]), float(thing["x1"]), float(thing["bottom"])


def _clipped(box: Box, whole: Box) -> Box:
    return max(box[0], whole[0]), max(box[1], whole[1]), min(box[2], whole[2]), min(box[3], whole[3])


def _drawn(page: Any, whole: Box) -> list[Box]:
    """Figures drawn with lines: many small strokes close together, one of them a curve of several points.

    Boxes around code and rules of tables have few strokes, or no curve; the rounded boxes of LaTeX are no strokes.
    """
    strokes = [(_box(thing), 0) for thing in (*page.lines[:_OBJECTS_LIMIT], *page.rects[:_OBJECTS_LIMIT])]
    curves = [curve for curve in page.curves[:_OBJECTS_LIMIT] if not _is_panel(curve, whole)]
    strokes += [(_box(curve), len(curve.get("pts") or ())) for curve in curves]
    strokes = [(box, points) for box, points in strokes if box[2] - box[0] < 0.7 * whole[2] or box[3] - box[1] > 60]
    strokes = [(box, points) for box, points in strokes if not (box[2] - box[0] > 300 and points == 0)]
    groups: list[tuple[Box, int, bool]] = []
    for box, points in sorted(strokes, key=lambda entry: entry[0][1])[:_OBJECTS_LIMIT]:
        merged, count, curved = box, 1, points >= 5
        rest = []
        for other in groups:
            if _near(merged, other[0], 12.0):
                merged, count, curved = _union(merged, other[0]), count + other[1], curved or other[2]
            else:
                rest.append(other)
        groups = [*rest[-60:], (merged, count, curved)]
    large = [group for group in groups if group[1] >= _FIGURE_OBJECTS and group[2]]
    padded = [(box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4) for box, _, _ in large]
    return [_clipped(box, whole) for box in padded if box[2] - box[0] >= 100 and box[3] - box[1] >= 70]


def _is_panel(curve: dict[str, Any], whole: Box) -> bool:
    """Whether it is a filled box with rounded corners over half of the page's width, as LaTeX puts behind code."""
    box = _box(curve)
    return bool(curve.get("fill")) and len(curve.get("pts") or ()) <= _PANEL_POINTS and box[2] - box[0] > 0.5 * whole[2]


def _near(one: Box, other: Box, reach: float) -> bool:
    return (
        one[0] - reach <= other[2]
        and other[0] - reach <= one[2]
        and one[1] - reach <= other[3]
        and other[1] - reach <= one[3]
    )


def _union(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _merged(boxes: list[Box], reach: float) -> list[Box]:
    kept: list[Box] = []
    for box in boxes:
        rest = []
        for other in kept:
            # Pictures side by side or one under the other touch; only real overlap makes them one.
            if _near(box, other, -reach):
                box = _union(box, other)
            else:
                rest.append(other)
        kept = [*rest, box]
    return kept


def covers_page(box: Box, page: Any) -> bool:
    """Whether it is a scanned page or a background rather than a picture in the text."""
    return (box[2] - box[0]) * (box[3] - box[1]) > 0.8 * float(page.width) * float(page.height)


def rendered(page: Any, boxes: list[Box]) -> list[str]:
    """Each of `boxes` as a base64 PNG of what is seen there, whatever it is made of."""
    longest = max(float(page.width), float(page.height), 1.0)
    resolution = max(10, min(_RESOLUTION, int(72 * _SIDE_LIMIT / longest)))
    picture = page.to_image(resolution=resolution).original.convert("RGB")
    scale = resolution / 72
    found = []
    for box in boxes:
        edges = (int(box[0] * scale), int(box[1] * scale), int(box[2] * scale) + 1, int(box[3] * scale) + 1)
        out = io.BytesIO()
        part = picture.crop(edges)
        # Plots have few colours: a palette makes them a fraction of the size.
        part.quantize(256).save(out, format="PNG", optimize=True)
        found.append(base64.b64encode(out.getvalue()).decode())
    return found
