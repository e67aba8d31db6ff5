"""Untrusted PNG and JPEG files, decoded under limits and encoded afresh, so that nothing but pixels passes."""

from __future__ import annotations

import base64
import binascii
import warnings
from io import BytesIO
from typing import Literal

from PIL import Image

MOST_PIXELS = 16_000_000
"""Of a picture before it is made smaller: 64 MB once it is decoded with its transparency."""
MOST_BYTES = 12_000_000
WIDEST = 1_400
"""Pixels: enough for the width of the page (170 mm) at 200 per inch."""


class PictureError(Exception):
    """A picture cannot be shown. The message is a clause for the reader."""


def raster(data: bytes, kind: Literal["PNG", "JPEG"], widest: int = WIDEST, most_pixels: int = MOST_PIXELS) -> bytes:
    """`data` decoded under limits and encoded afresh as PNG, at most `widest` pixels wide, with nothing but its pixels.

    Raises `PictureError` for data that are too large, damaged, or not of this `kind`.
    """
    if len(data) > MOST_BYTES:
        raise PictureError("it is larger than 12 MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _encoded(data, kind, widest, most_pixels)
    except PictureError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever their format leads them to
        raise PictureError("its data are damaged") from error


def _encoded(data: bytes, kind: str, widest: int, most_pixels: int) -> bytes:
    with Image.open(BytesIO(data), formats=[kind]) as image:
        if image.width * image.height > most_pixels or not image.width or not image.height:
            raise PictureError(f"it has {image.width} × {image.height} pixels, more than a report can show")
        image.load()
        shown = _flat(image)
    if shown.width > widest:
        shown = shown.resize((widest, max(1, round(shown.height * widest / shown.width))), Image.Resampling.LANCZOS)
    # A new image of the same pixels has no profile, comment or other chunk that could be carried along.
    clean = Image.frombytes(shown.mode, shown.size, shown.tobytes())
    target = BytesIO()
    clean.save(target, format="PNG", compress_level=6)
    return target.getvalue()


def _flat(image: Image.Image) -> Image.Image:
    """Without transparency or palette, on white; grey stays grey."""
    if image.mode in ("L", "RGB"):
        return image.copy()
    if image.mode in ("1", "I", "F", "I;16"):
        return image.convert("L")
    layered = image.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(ground, layered).convert("RGB")


def base64_bytes(text: str) -> bytes:
    """The bytes of `text`, line breaks allowed. Raises `PictureError` for what is no base64, or too long."""
    if len(text) > MOST_BYTES * 4 // 3:
        raise PictureError("it is larger than 12 MB")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("its data are damaged") from error
