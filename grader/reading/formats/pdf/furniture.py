"""What stands on a page but is not the group's text, and in which order its columns are read."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median

from grader.reading.formats.pdf.pages import Page, Piece

_ZONE = 0.09
"""Share of a page's height, at its top and bottom, in which headers and footers stand."""
_NUMBER = re.compile(
    r"[-–—|\s]*(?:page|sida|seite|página|pagina|p\.?)?\s*(\d{1,4})(?:\s*(?:/|of|av|von|de|sur|\|)\s*\d{1,4})?[-–—|\s]*$",
    re.I,
)
_LEAST_LINES = 8
_WIDEST = 4_000
"""Points; wider pages are posters or traps, and no columns are looked for."""


def without_furniture(pages: Sequence[Page]) -> list[list[Piece]]:
    """The pieces of each page without running headers and footers and page numbers."""
    marginal = [_marginal(page) for page in pages]
    texts = Counter(key for page in marginal for key in {_key(where, piece) for where, piece in page})
    numbers: dict[int, int] = defaultdict(int)
    for page, pieces in zip(pages, marginal, strict=True):
        offsets = {int(match[1]) - page.number for _, piece in pieces if (match := _NUMBER.match(piece.text))}
        for offset in offsets:
            numbers[offset] += 1
    usual = {offset for offset, count in numbers.items() if count >= 2 and 2 * count >= len(pages)}
    usual |= {0} & numbers.keys() if len(pages) == 1 else set()
    kept = []
    for page, pieces in zip(pages, marginal, strict=True):
        dropped = set()
        for where, piece in pieces:
            match = _NUMBER.match(piece.text)
            is_number = match is not None and int(match[1]) - page.number in usual
            count = texts[_key(where, piece)]
            repeated = not piece.mono and count >= (3 if len(pages) > 2 else 2) and 5 * count >= 2 * len(pages)
            if is_number or repeated:
                dropped.add(id(piece))
        kept.append([piece for piece in page.pieces if id(piece) not in dropped])
    return kept


def _marginal(page: Page) -> list[tuple[str, Piece]]:
    """Pieces of the two outermost rows at the top and at the bottom, where they lie near the edge."""
    rows = sorted({piece.row for piece in page.pieces})
    found = []
    for piece in page.pieces:
        if piece.row in rows[:2] and piece.bottom < _ZONE * page.height:
            found.append(("top", piece))
        elif piece.row in rows[-2:] and piece.top > (1 - _ZONE) * page.height:
            found.append(("bottom", piece))
    return found


def _key(where: str, piece: Piece) -> tuple[str, str]:
    return where, re.sub(r"\d+", "#", piece.text.strip().casefold())


def columns(page: Page, pieces: list[Piece]) -> list[list[Piece]]:
    """`pieces` in groups that are read one after the other: one, unless the page is set in two columns."""
    gutter = _gutter(page, pieces)
    if gutter is None:
        return [pieces]
    groups: list[list[Piece]] = []
    left: list[Piece] = []
    right: list[Piece] = []
    across: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (piece.row, piece.x0)):
        if piece.x0 < gutter - 3 and piece.x1 > gutter + 3:
            if left or right:
                groups += [across, left, right]
                left, right, across = [], [], []
            across.append(piece)
        else:
            (left if piece.x1 <= gutter + 3 else right).append(piece)
    groups += [across, left, right]
    return [group for group in groups if group]


def _gutter(page: Page, pieces: list[Piece]) -> float | None:
    """Where the white between two columns of running text lies."""
    if not 100 < page.width < _WIDEST:
        return None
    steps = range(int(0.38 * page.width), int(0.62 * page.width), 3)
    crossing = {step: sum(piece.x0 < step - 3 and piece.x1 > step + 3 for piece in pieces) for step in steps}
    place = float(min(crossing, key=lambda step: (crossing[step], step), default=0))
    if not crossing or 4 * min(crossing.values()) > len(pieces):
        return None
    left = [piece for piece in pieces if piece.x1 <= place + 3]
    right = [piece for piece in pieces if piece.x0 >= place - 3]
    both = {piece.row for piece in left} & {piece.row for piece in right}
    if min(len(left), len(right)) < _LEAST_LINES or len(both) < _LEAST_LINES // 2:
        return None
    for side in (left, right):
        if median(piece.x1 - piece.x0 for piece in side) < 0.22 * page.width:
            return None
        if median(len(piece.text.split()) for piece in side) < 4:
            return None
    return place
