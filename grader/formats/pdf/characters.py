"""Characters and drawings of a PDF's page: where pictures and drawn figures stand, and segments of text.

Characters are put together to segments: blanks and indentation come from positions, not from signs.
"""

from __future__ import annotations

import base64
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NotRequired, Protocol, TypedDict

if TYPE_CHECKING:
    from PIL.Image import Image

# A page, as pdfplumber has it

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in points."""


class Char(TypedDict):
    """A character, as pdfplumber has it; lengths in points, from the upper left corner of the page."""

    text: str
    fontname: str
    size: float
    x0: float
    x1: float
    top: float
    bottom: float
    upright: NotRequired[bool]
    non_stroking_color: NotRequired[object]


class Shape(TypedDict):
    """A line, box, curve or picture, as pdfplumber has it; lengths in points."""

    x0: float
    x1: float
    top: float
    bottom: float
    fill: NotRequired[bool]
    pts: NotRequired[Sequence[tuple[float, float]] | None]
    """The points of a curve."""
    non_stroking_color: NotRequired[object]
    """What it is filled with: a number, or one for each component."""


class Rendered(Protocol):
    """A page as a picture."""

    @property
    def original(self) -> Image: ...


class PlumberPage(Protocol):
    """What is used of a page of pdfplumber."""

    @property
    def width(self) -> float: ...

    @property
    def height(self) -> float: ...

    @property
    def chars(self) -> list[Char]: ...

    @property
    def images(self) -> list[Shape]: ...

    @property
    def lines(self) -> list[Shape]: ...

    @property
    def rects(self) -> list[Shape]: ...

    @property
    def curves(self) -> list[Shape]: ...

    def to_image(self, *, resolution: int) -> Rendered:
        """The page at that many dots per inch."""

    def close(self) -> None:
        """Forget what was read of it."""


# Pictures and drawn figures

_LEAST = 36.0
"""Points; smaller pictures are icons, bullets or rules."""
_OBJECTS_LIMIT = 6_000
"""Lines, boxes and curves of a page, of each kind and together."""
_FIGURE_OBJECTS = 10
"""Strokes of a drawn figure, at least: boxes around code and rules of tables have few."""
_PANEL_POINTS = 20
"""Points of a box with rounded corners, at most."""
_RESOLUTION = 110
"""Dots per inch."""
_SIDE_LIMIT = 2_400
"""Pixels of a picture's longer side."""


def picture_boxes(page: PlumberPage) -> list[Box]:
    """Pictures and drawn figures of a page, from top to bottom; those that overlap are one."""
    whole = (0.0, 0.0, float(page.width), float(page.height))
    images = [_clipped(_box(image), whole) for image in page.images[:400]]
    found = [box for box in images if box[2] - box[0] >= _LEAST and box[3] - box[1] >= _LEAST]
    found += _drawn(page, whole)
    return sorted(_merged(found, 1.0), key=lambda box: (box[1], box[0]))


def _box(thing: Shape) -> Box:
    return float(thing["x0"]), float(thing["top"]), float(thing["x1"]), float(thing["bottom"])


def _clipped(box: Box, whole: Box) -> Box:
    return max(box[0], whole[0]), max(box[1], whole[1]), min(box[2], whole[2]), min(box[3], whole[3])


def _drawn(page: PlumberPage, whole: Box) -> list[Box]:
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


def _is_panel(curve: Shape, whole: Box) -> bool:
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


def covers_page(box: Box, page: PlumberPage) -> bool:
    """Whether it is a scanned page or a background rather than a picture in the text."""
    return (box[2] - box[0]) * (box[3] - box[1]) > 0.8 * float(page.width) * float(page.height)


def render_boxes(page: PlumberPage, boxes: list[Box]) -> list[str]:
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


# Segments of text

_MONO_NAME = re.compile(
    r"mono|courier|consol|menlo|monaco|typewriter|inconsolata|andale|cascadia|jetbrains|lettergothic|cmtt|lmtt|sftt|ectt"
    r"|(?:source|fira|operator)[ -]?code|nimbusmon|lucidaconsole|\bhack\b|sfmono|ocra",
    re.IGNORECASE,
)
_BOLD_NAME = re.compile(r"bold|black|heavy|semib|demi|cmbx|sfbx|ecbx", re.IGNORECASE)
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_LOST = re.compile(r"\(cid:\d{1,6}\)")
_NARROW, _WIDE = set("iljt.,:;'|!"), set("mwMW@%NO")
_PROMPT_BEFORE = re.compile(r"\s*(?:(?:In|Out)\s?)?\[\s*\d{0,5}\s*\]\s*:?\s*$")


@dataclass
class Fonts:
    """Which fonts give all characters one width: by name, else by measure."""

    _widths: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))

    def learn(self, chars: list[Char]) -> None:
        """Measure the characters of one page."""
        for char in chars:
            size = char["size"] or 1.0
            self._widths[char["fontname"]].setdefault(char["text"], (char["x1"] - char["x0"]) / size)

    def is_mono(self, font: str) -> bool:
        """Whether every character of `font` is as wide as the next."""
        if _MONO_NAME.search(font):
            return True
        widths = self._widths.get(font, {})
        known = {text: width for text, width in widths.items() if text.strip() and len(text) == 1}
        if len(known) < 6 or not (known.keys() & _NARROW and known.keys() & _WIDE):
            return False
        return max(known.values()) - min(known.values()) < 0.01


@dataclass(frozen=True)
class Segment:
    """Characters that stand together in a row: made by the worker, and by its reader once checked."""

    row: int
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    mono: bool
    bold: bool
    colours: int
    text: str

    def packed(self) -> list[object]:
        """As JSON, in the order of its fields."""
        edges = [round(value, 2) for value in (self.x0, self.x1, self.top, self.bottom, self.size)]
        return [self.row, *edges, self.mono, self.bold, self.colours, self.text]


def segments(chars: list[Char], fonts: Fonts) -> list[Segment]:
    """The segments of a page, from top to bottom and left to right. Turned characters are left out."""
    upright = [char for char in chars if char.get("upright") and char["text"]]
    found: list[Segment] = []
    for row, members in enumerate(_rows(upright)):
        made = (_segment(row, piece, fonts) for piece in _pieces(members, fonts))
        found += [segment for segment in made if segment is not None]
    return found


def _rows(chars: list[Char]) -> list[list[Char]]:
    """Characters by line: a character whose middle lies within half a letter of a line's middle belongs to it."""
    rows: list[list[Char]] = []
    middle, height = 0.0, 0.0
    visible = [char for char in chars if not char["text"].isspace()]
    for char in sorted(visible, key=lambda char: ((char["top"] + char["bottom"]) / 2, char["x0"])):
        own = (char["top"] + char["bottom"]) / 2
        if rows and own - middle <= 0.5 * max(height, char["size"] * 0.9):
            rows[-1].append(char)
            if char["size"] >= height:
                middle, height = max(middle, own) if char["size"] == height else own, char["size"]
        else:
            rows.append([char])
            middle, height = own, char["size"]
    for row in rows:
        row.sort(key=lambda char: (char["x0"], char["x1"]))
    return rows


def _pieces(row: list[Char], fonts: Fonts) -> list[list[Char]]:
    """A row cut where a column or a prompt's gutter lies."""
    pieces: list[list[Char]] = []
    for char in row:
        last = pieces[-1][-1] if pieces else None
        if last is not None and char["text"] == last["text"] and abs(char["x0"] - last["x0"]) < 0.15 * char["size"]:
            continue  # bold by printing twice
        if last is None:
            pieces.append([char])
            continue
        gap = char["x0"] - last["x1"]
        both_mono = fonts.is_mono(char["fontname"]) and fonts.is_mono(last["fontname"])
        wide = gap > (0.9 if both_mono else max(1.8, 14 / (char["size"] or 1))) * char["size"]
        after_prompt = gap > 0.2 * char["size"] and len(pieces[-1]) < 12 and _PROMPT_BEFORE.match(_plain(pieces[-1]))
        if (wide and not both_mono) or after_prompt:
            pieces.append([char])
        else:
            pieces[-1].append(char)
    return pieces


def _plain(piece: list[Char]) -> str:
    return "".join(char["text"] for char in piece)


def _segment(row: int, piece: list[Char], fonts: Fonts) -> Segment | None:
    weights: dict[float, int] = defaultdict(int)
    mono = bold = 0
    for char in piece:
        weights[round(char["size"], 1)] += 1
        mono += fonts.is_mono(char["fontname"])
        bold += bool(_BOLD_NAME.search(char["fontname"]))
    is_mono = 2 * mono > len(piece)
    text = _LOST.sub("\ufffd", _spaced(piece, is_mono)).rstrip()
    if not text.strip():
        return None
    return Segment(
        row=row,
        x0=piece[0]["x0"],
        x1=max(char["x1"] for char in piece),
        top=min(char["top"] for char in piece),
        bottom=max(char["bottom"] for char in piece),
        size=max(weights, key=lambda size: (weights[size], size)),
        mono=is_mono,
        bold=5 * bold >= 4 * len(piece),
        colours=len({str(char.get("non_stroking_color")) for char in piece}),
        text=text,
    )


def _spaced(piece: list[Char], mono: bool) -> str:
    """The text of `piece` with blanks where there is room for them."""
    text = ""
    last: Char | None = None
    for char in piece:
        if last is not None:
            gap = char["x0"] - last["x1"]
            if mono:
                width = max(char["x1"] - char["x0"], 0.3 * char["size"], 0.1)
                text += " " * min(200, round(gap / width)) if gap > 0.4 * width else ""
            elif gap > 0.13 * char["size"]:
                text += " "
        text += _LIGATURES.get(char["text"], char["text"])
        last = char
    return text
