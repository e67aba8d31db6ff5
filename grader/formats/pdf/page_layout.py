"""The pages of a PDF as one stream of lines and pictures, and its running text as Markdown.

What stands on a page but is not the group's text is left out, and columns are read one after the other. Paragraphs are
whole again, over pages too; headings are told by their size, and words joined over line ends.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from grader.facts.languages import QUESTION_WORDS, TASK_WORDS, alternatives
from grader.formats.pdf.characters import Segment
from grader.formats.pdf.page_lines import Figure, Line, Page, lines

# Furniture and columns

_ZONE = 0.09
"""Share of a page's height, at its top and bottom, in which headers and footers stand."""
_NUMBER = re.compile(
    r"[-–—|\s]*(?:page|sida|seite|página|pagina|p\.?)?\s*(\d{1,4})(?:\s*(?:/|of|av|von|de|sur|\|)\s*\d{1,4})?[-–—|\s]*$",
    re.I,
)
_LEAST_LINES = 8
"""Pieces of text in either column; half as many rows have some in both."""
_WIDEST = 4_000
"""Points; wider pages are posters or traps, and no columns are looked for."""


def strip_furniture(pages: Sequence[Page]) -> list[list[Segment]]:
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


def _marginal(page: Page) -> list[tuple[str, Segment]]:
    """Pieces of the two outermost rows at the top and at the bottom, where they lie near the edge."""
    rows = sorted({piece.row for piece in page.pieces})
    found = []
    for piece in page.pieces:
        if piece.row in rows[:2] and piece.bottom < _ZONE * page.height:
            found.append(("top", piece))
        elif piece.row in rows[-2:] and piece.top > (1 - _ZONE) * page.height:
            found.append(("bottom", piece))
    return found


def _key(where: str, piece: Segment) -> tuple[str, str]:
    return where, re.sub(r"\d+", "#", piece.text.strip().casefold())


def columns(page: Page, pieces: list[Segment]) -> list[list[Segment]]:
    """`pieces` in groups that are read one after the other: one, unless the page is set in two columns."""
    gutter = _gutter(page, pieces)
    if gutter is None:
        return [pieces]
    groups: list[list[Segment]] = []
    left: list[Segment] = []
    right: list[Segment] = []
    across: list[Segment] = []
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


def _gutter(page: Page, pieces: list[Segment]) -> float | None:
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


# The stream

_BLANK_LINES = 3
"""Blank lines for one gap, at most."""


@dataclass(frozen=True)
class Stream:
    """Lines and pictures in reading order."""

    items: tuple[Line | Figure, ...]
    pages: dict[int, Page]

    def lines(self) -> list[Line]:
        """Its lines alone."""
        return [item for item in self.items if isinstance(item, Line)]


def stream(pages: Sequence[Page]) -> Stream:
    """The stream of `pages`, without headers, footers and page numbers."""
    items: list[Line | Figure] = []
    for page, pieces in zip(pages, strip_furniture(pages), strict=True):
        figures = page.figures()
        for group in columns(page, pieces):
            items += _merged(lines(page, group), figures)
        items += figures
    return Stream(tuple(items), {page.number: page for page in pages})


def _merged(found: list[Line], figures: list[Figure]) -> Iterator[Line | Figure]:
    """`found` with those of `figures` that stand above one of them, which are taken out."""
    for line in found:
        while figures and figures[0].top < line.top:
            yield figures.pop(0)
        yield line


def listing_text(lines_of_code: Sequence[Line], left: float | None = None) -> str:
    """Lines in a type of one width as text: indentation from their left edges, blank lines from the gaps.

    `left`: the edge from which indentation counts; by default that of the leftmost line.
    """
    left = min(line.x0 for line in lines_of_code) if left is None else left
    widths = [(line.x1 - line.x0) / len(line.text) for line in lines_of_code if line.text and line.mono]
    width = median(widths) if widths else 0.27 * median(line.size for line in lines_of_code)
    pitch = usual_pitch(lines_of_code)
    text: list[str] = []
    edges = _edges(lines_of_code, left, width)
    before: Line | None = None
    for line in lines_of_code:
        if before is not None and before.page == line.page and pitch:
            text += [""] * max(0, min(_BLANK_LINES, round((line.top - before.top) / pitch) - 1))
        indent = max(0, round((line.x0 - edges[line.page]) / width)) if width > 0 else 0
        text.append(" " * min(indent, 200) + line.text)
        before = line
    return "\n".join(text)


def _edges(found: Sequence[Line], left: float, width: float) -> dict[int, float]:
    """The edge from which indentation counts on each page: pages may have other margins."""
    edges: dict[int, float] = {}
    for line in found:
        edges[line.page] = min(edges.get(line.page, line.x0), line.x0)
    return {page: edge if edge < left - 0.5 * width else left for page, edge in edges.items()}


def usual_pitch(found: Sequence[Line]) -> float:
    """From one line to the next, in points; 0 when no two of them stand on one page."""
    steps = [
        after.top - before.top
        for before, after in pairwise(found)
        if before.page == after.page and after.top > before.top
    ]
    # The tight quarter: blank lines are steps, too.
    return sorted(steps)[len(steps) // 4] if steps else 0.0


# Running text as Markdown

_BULLET = re.compile(r"\s*[•◦▪‣●○■□∙·–]\s*|\s*[-*]\s+")
_OWN_LINE = re.compile(
    r"\s*(?:\(?\d{1,2}(?:\.\d{1,2})+\.?\)?(?:\s|:|$)|\(?\d{1,2}[.)]\s|\(?[a-h]\)\s"
    rf"|(?:{alternatives(QUESTION_WORDS, TASK_WORDS)})\b"
    r"\s*\.?\s*(?:\d|:))",
    re.IGNORECASE,
)
_ENDS = (".", "?", "!", ":", ";")
"""Signs with which a line may end its paragraph."""
_HEADING_LIMIT = 220
"""Characters of a paragraph in bold; a heading told by its size may have three times as many."""


@dataclass(frozen=True)
class Typography:
    """What is usual in a document."""

    size: float
    """Of running text, in points."""
    headings: tuple[float, ...]
    """Sizes of larger text, the largest first."""
    pitch: float
    """From one line of running text to the next, in its size."""
    right: dict[int, float]
    """Right edge of the text of each page."""
    words: frozenset[str]
    """Words that stand whole somewhere, for joining those that a line end cut."""


def typography(lines: Sequence[Line]) -> Typography:
    """The typography of a document."""
    plain = [line for line in lines if not line.mono] or list(lines)
    weights: Counter[float] = Counter()
    for line in plain:
        weights[line.size] += len(line.text)
    size = max(weights, key=lambda candidate: (weights[candidate], candidate)) if weights else 10.0
    larger = sorted({line.size for line in plain if line.size >= 1.12 * size}, reverse=True)
    steps = [
        (after.top - before.top) / size
        for before, after in pairwise(plain)
        if before.page == after.page and before.size == after.size == size and 0.8 * size < after.top - before.top
    ]
    near = [step for step in steps if step < 2.2]
    right: dict[int, float] = {}
    for line in plain:
        right[line.page] = max(right.get(line.page, 0.0), line.x1)
    words = frozenset(word for line in plain for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.text.casefold()))
    return Typography(size, tuple(larger), min(near, default=1.2) if len(near) < 8 else _usual(near), right, words)


def _usual(steps: list[float]) -> float:
    """The tight step: spacing between paragraphs may be as frequent as that within them."""
    return min(median(steps), sorted(steps)[len(steps) // 4] * 1.1)


def paragraphs(lines: Sequence[Line], usual: Typography) -> list[str]:
    """`lines`, which follow each other, as Markdown paragraphs; headings bear `#`, bold lines `**`."""
    groups: list[list[Line]] = []
    for line in lines:
        if not line.text.strip():
            continue
        if groups and _goes_on(groups[-1], line, usual):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [_paragraph(group, usual) for group in groups]


def is_heading(paragraph: str) -> bool:
    """Whether `paragraphs` made it a heading."""
    return paragraph.startswith("#")


def _goes_on(group: list[Line], line: Line, usual: Typography) -> bool:
    last = group[-1]
    if abs(line.size - last.size) > 0.06 * last.size or _level(line, usual) != _level(last, usual):
        return False
    if line.bold != last.bold and (line.bold or _ended_early(last, line, usual)):
        return False
    if _BULLET.match(line.text) or " | " in line.text or " | " in last.text:
        return False
    if _OWN_LINE.match(line.text) and (_ended_early(last, line, usual) or last.text.rstrip().endswith(_ENDS)):
        return False
    heading = _level(line, usual) > 0
    if line.page != last.page:
        ended = last.text.rstrip().endswith(_ENDS) or _ended_early(last, line, usual)
        return not heading and not ended and not line.text[:1].isdigit()
    step = (line.top - last.top) / last.size
    if step > 1.3 * max(usual.pitch, 1.0) or step < 0:
        return False
    return heading or line.bold or not _ended_early(last, line, usual)


def _ended_early(last: Line, line: Line, usual: Typography) -> bool:
    """Whether the next line's first word would have fitted into `last`: its end is meant, not the page's width."""
    words = line.text.split()
    if not words or (re.search(r"[^\W\d_][-‐\u00ad]$", last.text) and words[0][0].islower()):
        return False
    width = (line.x1 - line.x0) / max(len(line.text), 1) * (len(words[0]) + 1.5)
    return last.x1 + width + 0.02 * (usual.right[last.page]) < usual.right[last.page]


def _level(line: Line, usual: Typography) -> int:
    """1 to 4 for headings by size, 0 for others."""
    return min(usual.headings.index(line.size) + 1, 4) if line.size in usual.headings else 0


def _paragraph(group: list[Line], usual: Typography) -> str:
    text = group[0].text.strip()
    for line in group[1:]:
        text = join_lines(text, line.text.strip(), usual.words)
    bullet = _BULLET.match(group[0].text)
    if bullet:
        text = f"- {text[len(bullet[0].lstrip()) :].lstrip()}"
    level = _level(group[0], usual)
    if level and len(text) <= _HEADING_LIMIT * 3:
        return f"{'#' * level} {text}"
    if all(line.bold for line in group) and len(text) <= _HEADING_LIMIT and "*" not in text:
        return f"**{text}**"
    return text


def join_lines(before: str, after: str, words: frozenset[str]) -> str:
    """Two lines of a paragraph as one text; a word that was cut with a hyphen is whole again."""
    if before.endswith("\u00ad"):
        return before[:-1] + after
    cut = re.search(r"([^\W\d_]+)[-‐]$", before)
    rest = re.match(r"[^\W\d_]+", after)
    if cut is None or rest is None or not rest[0][0].islower():
        return f"{before} {after}"
    whole, hyphened = (cut[1] + rest[0]).casefold(), f"{cut[1]}-{rest[0]}".casefold()
    if hyphened in words and whole not in words:
        return before + after
    return before[:-1] + after
