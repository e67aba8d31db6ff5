"""The report's own fonts, cut down to the characters that reports use, so that nothing depends on the machine.

Source Sans Pro comes from the package `font-source-sans-pro`, DejaVu Sans Mono from Matplotlib's own files (it also
carries the status shapes). Cutting takes a fifth of a second per face, so the cut files are cached.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Literal

import font_source_sans_pro
import matplotlib
import platformdirs

Face = Literal["regular", "semibold", "italic", "mono"]
Flavour = Literal["woff2", "ttf"]

_SOURCE_SANS = {"regular": "SourceSansPro-Regular", "semibold": "SourceSansPro-Semibold", "italic": "SourceSansPro-It"}
_FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "liga", "tnum", "case"]
_RANGES = (
    (0x20, 0x7F),  # Latin
    (0xA0, 0x250),
    (0x2B0, 0x370),  # accents
    (0x370, 0x400),  # Greek
    (0x400, 0x530),  # Cyrillic
    (0x1E00, 0x1F00),  # Vietnamese and others
    (0x2000, 0x2070),  # dashes and quotes
    (0x2070, 0x20D0),  # superscripts, currencies
    (0x2100, 0x2150),
    (0x2190, 0x2200),  # arrows
    (0x2200, 0x2300),  # mathematics
    (0x2500, 0x2600),  # boxes and shapes
    (0x2713, 0x2718),
    (0xFFFD, 0xFFFE),
)


def font_file(face: Face) -> Path:
    """The uncut TrueType file of `face`."""
    if face == "mono":
        return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
    return Path(font_source_sans_pro.font_directory) / f"{_SOURCE_SANS[face]}.ttf"


@lru_cache(maxsize=8)
def font_bytes(face: Face, flavour: Flavour) -> bytes:
    """The cut font, from the cache where it is there."""
    source = font_file(face)
    recipe = f"2 {source.name} {source.stat().st_size} {flavour} {_RANGES} {_FEATURES}"
    cached = _cache_folder() / f"{source.stem}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.{flavour}"
    try:
        return cached.read_bytes()
    except OSError:
        data = _compressed(font_bytes(face, "ttf")) if flavour == "woff2" else _cut(source)
        _remember(cached, data)
        return data


def font_data_uri(face: Face) -> str:
    """The cut font for an HTML file that stands alone."""
    return "data:font/woff2;base64," + base64.b64encode(font_bytes(face, "woff2")).decode("ascii")


def _cache_folder() -> Path:
    return platformdirs.user_cache_path("labgrade") / "fonts"


def _cut(source: Path) -> bytes:
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    options = subset.Options()
    options.layout_features = _FEATURES
    options.hinting = False
    options.notdef_outline = True
    options.drop_tables = [*options.drop_tables, "FFTM"]
    font = TTFont(source, lazy=True, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for low, high in _RANGES for code in range(low, high)])
    subsetter.subset(font)
    data = BytesIO()
    font.save(data)
    return data.getvalue()


def _compressed(sfnt: bytes) -> bytes:
    from fontTools.ttLib import TTFont

    font = TTFont(BytesIO(sfnt), recalcTimestamp=False)
    font.flavor = "woff2"
    data = BytesIO()
    font.save(data)
    return data.getvalue()


def _remember(path: Path, data: bytes) -> None:
    """Writes the cache entry whole or not at all; a cache that cannot be written only costs time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        Path(file.name).replace(path)
    except OSError:
        return
