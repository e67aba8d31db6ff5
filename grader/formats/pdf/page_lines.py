"""Pages of a PDF as its worker told of them: checked, and put into lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grader.formats.parser_process import Said
from grader.formats.pdf.characters import Segment
from grader.formats.reader import saved_image
from grader.records import SavedImage

_TEXT_LIMIT = 4_000
"""Characters of one piece."""
_PROMPT = re.compile(r"(?P<kind>In|Out)?\s?\[\s*(?P<count>\d{0,5})\s*\]\s*(?P<colon>:?)$")


@dataclass(frozen=True)
class Prompt:
    """`In [3]:`, `Out[3]:`, `[3]:` or `[ ]`."""

    kind: str
    """`In`, `Out` or empty."""
    count: int | None
    colon: bool


@dataclass(frozen=True)
class Line:
    """One line in reading order."""

    page: int
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    mono: bool
    bold: bool
    colours: int
    text: str
    prompt: Prompt | None = None


@dataclass(frozen=True)
class Figure:
    """A picture, and where it stands."""

    page: int
    top: float
    bottom: float
    image: SavedImage | None


@dataclass
class Page:
    """One page."""

    number: int
    width: float
    height: float
    pieces: list[Segment]
    fills: list[tuple[float, float, float, float]]
    """Left, top, right, bottom of tinted boxes."""
    boxes: list[tuple[float, float, float, float]]
    images: dict[int, SavedImage] = field(default_factory=dict)
    scanned: bool = False

    def figures(self) -> list[Figure]:
        """Its pictures from top to bottom."""
        return [Figure(self.number, box[1], box[3], self.images.get(i)) for i, box in enumerate(self.boxes)]

    def fill_of(self, line: Line) -> tuple[float, float] | None:
        """Top and bottom of the tallest tinted box behind `line`."""
        middle = (line.top + line.bottom) / 2
        around = [
            (f[1], f[3]) for f in self.fills if f[1] <= middle <= f[3] and f[0] <= line.x0 + 2 and f[2] >= line.x0
        ]
        return max(around, key=lambda edges: edges[1] - edges[0]) if around else None


def pages(values: Iterable[Said]) -> list[Page]:
    """The pages in the worker's lines; whatever is not as it should be is left out."""
    found: dict[int, Page] = {}
    for value in values:
        segments, picture = value.get("segments"), value.get("picture")
        if isinstance(segments, list):
            page = _page(value, segments)
            found[page.number] = page
        elif isinstance(picture, list):
            number, place = picture
            image = saved_image("image/png", str(value.get("data")))
            if number in found and image is not None:
                found[number].images[int(place)] = image
    return [found[number] for number in sorted(found)]


def _page(value: Said, segments: list[list[object]]) -> Page:
    pieces = []
    for packed in segments:
        *numbers, mono, bold, colours, text = packed
        row, x0, x1, top, bottom, size = (_number(value) for value in numbers)
        shown = _clean(str(text)[:_TEXT_LIMIT])
        pieces.append(
            Segment(int(row), x0, x1, top, bottom, size, bool(mono), bool(bold), int(_number(colours)), shown)
        )
    return Page(
        number=int(_number(value["page"])),
        width=_number(value["width"]),
        height=_number(value["height"]),
        pieces=pieces,
        fills=_boxes(value["fills"]),
        boxes=_boxes(value["pictures"]),
        scanned=bool(value.get("scanned")),
    )


def _boxes(value: object) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of each. Raises `TypeError` or `ValueError` for anything else."""
    if not isinstance(value, list):
        raise TypeError("no list of boxes")
    return [(_number(left), _number(top), _number(right), _number(bottom)) for left, top, right, bottom in value]


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError("no number")
    return float(value)


def _clean(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign == "\u00ad" else " " for sign in text)


def lines(page: Page, pieces: Sequence[Segment]) -> list[Line]:
    """`pieces` of one column as lines: those of one row together, a prompt apart from what follows it."""
    rows: dict[int, list[Segment]] = {}
    for piece in pieces:
        rows.setdefault(piece.row, []).append(piece)
    return [_line(page, row) for row in rows.values()]


def _line(page: Page, row: list[Segment]) -> Line:
    prompt, rest = _prompt(row)
    shown = rest or row
    between = " " if all(piece.mono for piece in shown) else " | "
    text = shown[0].text if len(shown) == 1 else between.join(piece.text.strip() for piece in shown)
    longest = max(shown, key=lambda piece: len(piece.text))
    return Line(
        page=page.number,
        x0=shown[0].x0,
        x1=shown[-1].x1,
        top=min(piece.top for piece in shown),
        bottom=max(piece.bottom for piece in shown),
        size=longest.size,
        mono=longest.mono,
        bold=all(piece.bold for piece in shown),
        colours=max(piece.colours for piece in shown),
        text=text if rest or prompt is None else "",
        prompt=prompt,
    )


def _prompt(row: list[Segment]) -> tuple[Prompt | None, list[Segment]]:
    """The prompt that a row begins with, and what follows it."""
    match = _PROMPT.match(row[0].text.strip())
    if match is None:
        return None, []
    prompt = Prompt(match["kind"] or "", int(match["count"]) if match["count"] else None, bool(match["colon"]))
    # `[1]` before a text is a reference; before code it is a cell's count.
    if not (prompt.kind or prompt.colon):
        beside_code = len(row) > 1 and row[1].mono and row[1].x0 - row[0].x1 > 1.2 * row[0].size
        if not beside_code:
            return None, []
    return prompt, row[1:]
