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
_BASE = (
    *((0x20, 0x7F), (0xA0, 0x100), (0x2010, 0x2027), (0x2030, 0x203B), (0x20AC, 0x20AD), (0x2190, 0x2194)),
    *((0x2212, 0x2213), (0x2248, 0x2249), (0x2260, 0x2266), (0x25A0, 0x2600), (0xFFFD, 0xFFFE)),
)
"""What every report's fonts carry: Latin, dashes and quotes, the status shapes, a few signs."""
_MORE = (
    (0x100, 0x250),  # Latin of other languages
    (0x250, 0x370),  # phonetics, accents
    (0x370, 0x400),  # Greek
    (0x400, 0x530),  # Cyrillic
    (0x1E00, 0x2000),  # Vietnamese, old Greek
    (0x2000, 0x2190),  # rare punctuation, superscripts, currencies, letter-like signs
    (0x2190, 0x2300),  # arrows, mathematics
    (0x2300, 0x2400),
    (0x2500, 0x25A0),  # boxes
    (0x2600, 0x2800),  # signs
)
"""Added whole when a report uses any character of it, so that few different fonts are ever cut."""


Coverage = tuple[int, ...]
"""Which of the additional ranges a font carries, by their first characters."""


def coverage(text: str) -> Coverage:
    """The additional ranges that `text` needs."""
    rare = {ord(character) for character in set(text)}
    rare = {code for code in rare if not any(low <= code < high for low, high in _BASE)}
    return tuple(low for low, high in _MORE if any(low <= code < high for code in rare))


def font_file(face: Face) -> Path:
    """The uncut TrueType file of `face`."""
    if face == "mono":
        return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
    return Path(font_source_sans_pro.font_directory) / f"{_SOURCE_SANS[face]}.ttf"


def carries(text: str, covered: Coverage) -> bool:
    """Whether the cut fonts hold every character of `text`, so that no font of the machine is needed."""
    return all(ord(character) in _characters(covered) for character in set(text) if character not in "\n\t")


@lru_cache(maxsize=8)
def _characters(covered: Coverage) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    faces: tuple[Face, ...] = ("regular", "mono")
    fonts = (TTFont(BytesIO(font_bytes(face, "ttf", covered)), lazy=True) for face in faces)
    return frozenset().union(*(font.getBestCmap() for font in fonts))


@lru_cache(maxsize=16)
def font_bytes(face: Face, flavour: Flavour, covered: Coverage = ()) -> bytes:
    """The cut font, from the cache where it is there."""
    source = font_file(face)
    recipe = f"3 {source.name} {source.stat().st_size} {flavour} {_BASE} {_MORE} {covered}"
    cached = _cache_folder() / f"{source.stem}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.{flavour}"
    try:
        return cached.read_bytes()
    except OSError:
        data = _compressed(font_bytes(face, "ttf", covered)) if flavour == "woff2" else _cut(source, covered)
        _remember(cached, data)
        return data


def font_data_uri(face: Face, covered: Coverage = ()) -> str:
    """The cut font for an HTML file that stands alone."""
    return "data:font/woff2;base64," + base64.b64encode(font_bytes(face, "woff2", covered)).decode("ascii")


def _cache_folder() -> Path:
    return platformdirs.user_cache_path("labgrade") / "fonts"


def _cut(source: Path, covered: Coverage) -> bytes:
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.layout_features = ["kern", "liga", "ccmp", "tnum", *(["mark", "mkmk", "locl"] if covered else [])]
    options.hinting = False
    options.notdef_outline = True
    options.drop_tables = [*options.drop_tables, "FFTM"]
    font = TTFont(source, lazy=True, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    ranges = [*_BASE, *(pair for pair in _MORE if pair[0] in covered)]
    subsetter.populate(unicodes=[code for low, high in ranges for code in range(low, high)])
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
