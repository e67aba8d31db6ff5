"""What stands under each question id: from its marker to the next one, across cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.reading.passages.markers import TEXT_LEVEL, Heading, Marker
from grader.records.submission import Cell


@dataclass(frozen=True)
class Piece:
    """A part of one cell."""

    cell: int
    start: int
    end: int


@dataclass(frozen=True)
class Region:
    """A marker and all that stands under it."""

    marker: Marker
    pieces: tuple[Piece, ...]


def regions(cells: tuple[Cell, ...], marks: Sequence[Marker | Heading]) -> list[Region]:
    """One region for each marker, in order. A heading of a higher level without an id ends what stands before it."""
    found: list[Region] = []
    enclosing = 0
    for place, mark in enumerate(marks):
        if isinstance(mark, Heading):
            continue
        if mark.level < TEXT_LEVEL:
            enclosing = mark.level
        stop = _stop(marks, place, mark, enclosing)
        end = (stop.cell, stop.start) if stop is not None else (len(cells), 0)
        pieces = _pieces(cells, (mark.cell, mark.start), end)
        if isinstance(stop, Heading) and mark.ids:
            pieces += _shown(cells, stop.cell, marks[place + 1 :])
        found.append(Region(mark, tuple(pieces)))
        if isinstance(stop, Heading):
            enclosing = 0
    return [_within_docstring(region, found) for region in found]


def _within_docstring(region: Region, found: Sequence[Region]) -> Region:
    """A docstring with several ids is a sheet of answers: what follows its cell is not the last one's."""
    cell = region.marker.cell
    together = [other for other in found if other.marker.cell == cell and other.marker.found_by == "docstring"]
    if region.marker.found_by != "docstring" or len(together) < 2:
        return region
    return Region(region.marker, tuple(piece for piece in region.pieces if piece.cell == cell))


def _stop(marks: Sequence[Marker | Heading], place: int, marker: Marker, enclosing: int) -> Marker | Heading | None:
    for mark in marks[place + 1 :]:
        if isinstance(mark, Marker):
            return mark
        if marker.level < TEXT_LEVEL:
            if mark.level < marker.level:
                return mark
        # Plain text stands inside the section of the last heading with an id: the next heading of its level ends it.
        elif mark.level <= (enclosing or 1):
            return mark
    return None


def _shown(cells: tuple[Cell, ...], start: int, following: Sequence[Marker | Heading]) -> list[Piece]:
    """Pictures and printed text under headings without an id, up to the next one: they answer the question above."""
    end = next((mark.cell for mark in following if isinstance(mark, Marker)), len(cells))
    shown = (cell for cell in cells[start:end] if cell.kind == "prose" and cell.outputs and cell.origin != "file")
    return [Piece(cell.index, 0, len(cell.source)) for cell in shown]


def _pieces(cells: tuple[Cell, ...], start: tuple[int, int], end: tuple[int, int]) -> list[Piece]:
    pieces = []
    for cell in cells[start[0] : end[0] + 1]:
        begin = start[1] if cell.index == start[0] else 0
        stop = end[1] if cell.index == end[0] else len(cell.source)
        if cell.source[begin:stop].strip():
            pieces.append(Piece(cell.index, begin, stop))
    return pieces


def uncovered(cells: tuple[Cell, ...], covered: Sequence[Region]) -> list[Piece]:
    """The parts of the submission that stand under no marker."""
    taken: dict[int, list[Piece]] = {}
    for region in covered:
        for piece in region.pieces:
            taken.setdefault(piece.cell, []).append(piece)
    free = []
    for cell in cells:
        position = 0
        for piece in sorted(taken.get(cell.index, []), key=lambda piece: piece.start):
            if cell.source[position : piece.start].strip():
                free.append(Piece(cell.index, position, piece.start))
            position = max(position, piece.end)
        if cell.source[position:].strip():
            free.append(Piece(cell.index, position, len(cell.source)))
    return free
