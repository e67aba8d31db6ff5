"""A document as one stream of lines and pictures, over its pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from grader.reading.formats.pdf.furniture import columns, without_furniture
from grader.reading.formats.pdf.pages import Figure, Line, Page, lines

_BLANK_LINES = 3


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
    for page, pieces in zip(pages, without_furniture(pages), strict=True):
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
