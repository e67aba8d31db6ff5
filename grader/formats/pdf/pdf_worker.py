"""Runs apart (`grader.formats.parser_process`): the pages of a PDF as lines of JSON, then its pictures."""

from __future__ import annotations

import io
import logging
import sys

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect

from grader.formats.parser_process import limit_worker, say
from grader.formats.pdf.characters import (
    Box,
    Char,
    Fonts,
    PlumberPage,
    Shape,
    covers_page,
    picture_boxes,
    render_boxes,
    segments,
)

PAGES_LIMIT = 150
"""Pages of one PDF that are read."""
_CHARS_LIMIT = 40_000
"""Characters of one page; a densely printed one has 6,000."""
_PICTURES_LIMIT = 200
"""Pictures of one PDF."""
_FILLS_LIMIT = 300
"""Tinted boxes of one page."""


def main(arguments: list[str]) -> None:
    """Say `{"pages": n}`, then one line per page, then one per picture."""
    data = limit_worker(arguments)
    logging.disable(logging.CRITICAL)
    try:
        document = pdfplumber.open(io.BytesIO(data))
        pages = document.pages
    except Exception as error:  # whatever the parser makes of a damaged file
        say(error="encrypted" if _is_locked(error) else "damaged")
        return
    say(pages=len(pages))
    fonts = Fonts()
    pictured: list[tuple[int, list[Box]]] = []
    for number, page in enumerate(pages[:PAGES_LIMIT], start=1):
        try:
            boxes = _page(number, page, fonts)
        except Exception as error:  # one page's damage is not the next one's
            say(page=number, error=type(error).__name__)
            boxes = []
        if boxes:
            pictured.append((number, boxes))
        page.close()
    _pictures(pages, pictured)
    say(end=True)


def _is_locked(error: BaseException) -> bool:
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, PDFPasswordIncorrect) or any(isinstance(a, PDFPasswordIncorrect) for a in chain.args):
            return True
        chain = chain.__cause__
    return False


def _page(number: int, page: PlumberPage, fonts: Fonts) -> list[Box]:
    chars = page.chars
    cut = len(chars) > _CHARS_LIMIT
    chars = chars[:_CHARS_LIMIT]
    boxes = picture_boxes(page)
    full = [box for box in boxes if covers_page(box, page)]
    boxes = [box for box in boxes if box not in full or len(chars) < 20]
    chars = [char for char in chars if not any(_within(char, box) for box in boxes)]
    fonts.learn(chars)
    found = segments(chars, fonts)
    fills = [_fill(rect) for rect in (*page.rects, *page.curves) if _is_box(rect, page)]
    say(
        page=number,
        width=float(page.width),
        height=float(page.height),
        segments=[segment.packed() for segment in found],
        fills=list(dict.fromkeys(fills))[:_FILLS_LIMIT],
        pictures=[[round(edge, 1) for edge in box] for box in boxes],
        scanned=bool(full) and len(chars) < 20,
        cut=cut,
    )
    return boxes


def _within(char: Char, box: Box) -> bool:
    across, down = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(box[0] <= across <= box[2] and box[1] <= down <= box[3])


def _is_box(rect: Shape, page: PlumberPage) -> bool:
    """Whether it is a filled box, in a colour, wide enough to hold code and not the page itself."""
    if not rect.get("fill"):
        return False
    width, height = rect["x1"] - rect["x0"], rect["bottom"] - rect["top"]
    if width < 0.3 * float(page.width) or height < 6 or height > 0.98 * float(page.height):
        return False
    return _is_pale(rect.get("non_stroking_color"))


def _is_pale(colour: object) -> bool:
    """Whether it is a tint such as editors put behind code: not white, not dark, and not the red behind warnings."""
    parts = colour if isinstance(colour, tuple | list) else (colour,)
    if not parts or not all(isinstance(part, int | float) for part in parts):
        return False
    if len(parts) == 4:
        black = parts[3]
        parts = tuple((1 - part) * (1 - black) for part in parts[:3])
    return bool(0.5 < min(parts) < 0.995 and parts[0] - min(parts) < 0.08)


def _fill(rect: Shape) -> tuple[float, float, float, float]:
    return round(rect["x0"]), round(rect["top"]), round(rect["x1"]), round(rect["bottom"])


def _pictures(pages: list[PlumberPage], pictured: list[tuple[int, list[Box]]]) -> None:
    left = _PICTURES_LIMIT
    for number, boxes in pictured:
        boxes = boxes[:left]
        left -= len(boxes)
        if not boxes:
            return
        try:
            for place, data in enumerate(render_boxes(pages[number - 1], boxes)):
                say(picture=[number, place], data=data)
        except Exception as error:  # a page that cannot be drawn still has its text
            say(undrawn=number, error=type(error).__name__)


if __name__ == "__main__":
    main(sys.argv[1:])
