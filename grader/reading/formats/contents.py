"""What one file of a hand-in holds."""

from __future__ import annotations

from grader.records.base import Record
from grader.records.submission import Cell

CELLS_LIMIT = 2_000
"""Cells read of one file."""
SOURCE_LIMIT = 400_000
"""Characters of one cell's source."""
FILE_LIMIT = 120_000_000
"""Bytes of one file; notebooks with many stored pictures reach tens of megabytes."""


class Contents(Record):
    """The cells of one file, and what was repaired while reading it."""

    cells: tuple[Cell, ...]
    """`index` counts within the file, from 0."""
    in_cells: bool = True
    """Its code stood in cells or in a file of its own; False for the listings of a report."""
    notes: tuple[str, ...] = ()
    """One sentence each."""
