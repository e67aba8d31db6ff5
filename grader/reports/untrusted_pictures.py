"""Pictures that a student made: decoded under limits, rebuilt, and handed on as data URIs; or a note why not.

Nothing of the original bytes reaches the report. A PNG or JPEG is decoded and encoded again (`rasters.py`); an SVG is
rebuilt element by element (`untrusted_svg.py`). A picture that fails becomes a note, never an exception.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from grader.records import Figure, SavedImage
from grader.reports.rasters import PictureError, base64_bytes, raster
from grader.reports.untrusted_svg import vector

MOST_FIGURES = 4
"""Per question."""
_DOTS_PER_INCH = 100
"""At which a notebook's pictures are set: Matplotlib's own resolution for figures."""


@dataclass(frozen=True)
class Picture:
    """A picture that is safe to show, or a note that says why there is none."""

    source: str = ""
    """Data URI; empty when the picture could not be shown."""
    width: float = 0.0
    """Its own width in millimetres, at most that of the page."""
    note: str = ""
    """Why it cannot be shown, or not in full, as a clause; else empty."""


def figure_picture(figure: Figure) -> Picture:
    """The picture of a figure drawn during the rerun."""
    if figure.svg:
        return _shown("image/svg+xml", figure.svg)
    if figure.png:
        return _shown("image/png", figure.png)
    return Picture(note="this figure was too large to keep a picture of it; its data were checked all the same")


def saved_picture(image: SavedImage) -> Picture:
    """The picture of a saved output."""
    return _shown(image.media_type, image.data)


def _shown(media_type: str, data: str) -> Picture:
    try:
        if media_type == "image/svg+xml":
            copy = vector(data)
            note = "parts of this picture could not be shown" if copy.dropped else ""
            return Picture(_data_uri("image/svg+xml", copy.svg.encode()), copy.width, note)
        png = raster(base64_bytes(data), "JPEG" if media_type == "image/jpeg" else "PNG")
    except PictureError as error:
        return Picture(note=f"this picture cannot be shown: {error}")
    with Image.open(BytesIO(png), formats=["PNG"]) as image:
        width = image.width / _DOTS_PER_INCH * 25.4
    return Picture(_data_uri("image/png", png), width)


def _data_uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64," + base64.b64encode(data).decode("ascii")
