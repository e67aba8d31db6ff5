"""Confusion matrices in figures and in printed text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.criteria.case import Text

Matrix = tuple[tuple[float, ...], ...]

_ROW = re.compile(r"[\s\d\[\]),.|]{3,400}")
"""Without an opening bracket: shapes such as `(60000, 28, 28)` are no rows."""
_DECIMAL = re.compile(r"\d\.\d")
_LABEL = re.compile(r"^\s{0,20}(?:tf\.Tensor\(|array\(|[A-Za-z_]{1,20}\s)")
_INTEGER = re.compile(r"\d{1,7}")
_MOST_LINES = 2_000
"""Lines of one text that are looked at: a matrix stands in a few dozen, a log of hundreds of epochs is no matrix."""
_LARGEST = 20
"""Classes up to which printed rows are read as a matrix: NumPy breaks wider ones, pandas leaves columns out."""


@dataclass(frozen=True)
class Counts:
    """A square table of counts, or of shares, and what it says."""

    size: int
    """Number of classes."""
    total: float
    right: float
    """Sum of the diagonal."""
    mean_diagonal: float
    is_counts: bool
    """Whole numbers; otherwise shares of rows, columns or all."""


def counts_of(matrix: Matrix) -> Counts | None:
    """`matrix` read as a confusion matrix; `None` when it cannot be one. A margin of sums is left out."""
    matrix = _without_margin(matrix)
    size = len(matrix)
    values = [value for row in matrix for value in row]
    if size < 2 or any(len(row) != size for row in matrix):
        return None
    if not all(math.isfinite(value) and value >= 0.0 for value in values) or not any(values):
        return None
    diagonal = [matrix[place][place] for place in range(size)]
    whole = all(float(value).is_integer() for value in values) and sum(values) > size
    return Counts(size, math.fsum(values), math.fsum(diagonal), math.fsum(diagonal) / size, whole)


def _without_margin(matrix: Matrix) -> Matrix:
    """A last row and column that hold the sums of the others are taken away."""
    size = len(matrix)
    if size < 3 or any(len(row) != size for row in matrix):
        return matrix
    inner = tuple(row[:-1] for row in matrix[:-1])
    sums = all(math.fsum(row) == total for row, total in zip(inner, (row[-1] for row in matrix), strict=False))
    return inner if sums and math.fsum(map(math.fsum, inner)) == matrix[-1][-1] > 0 else matrix


def printed_matrices(text: Text) -> Iterator[Matrix]:
    """Square tables of whole numbers in `text`, with or without a column of class numbers."""
    rows: list[tuple[float, ...]] = []
    for line in [*text.text.splitlines()[:_MOST_LINES], ""]:
        row = _row(line)
        if rows and (row is None or len(row) != len(rows[0])):
            yield from _squares(rows)
            rows = []
        if row is not None:
            rows.append(row)


def _row(line: str) -> tuple[float, ...] | None:
    if len(line) > 400:
        return None
    line = _LABEL.sub("", line, count=1)
    line = re.sub(r"(?:dtype|shape)\s?=.{0,60}$", "", line)
    if not _ROW.fullmatch(line) or _DECIMAL.search(line):
        return None
    found = tuple(float(token) for token in _INTEGER.findall(line))
    return found if len(found) >= 2 else None


def _squares(rows: list[tuple[float, ...]]) -> Iterator[Matrix]:
    width = len(rows[0])
    if 2 <= width <= _LARGEST and len(rows) == width:
        yield tuple(rows)
        return
    numbered = rows[-(width - 1) :]
    if 3 <= width <= _LARGEST + 1 and [row[0] for row in numbered] == [float(n) for n in range(width - 1)]:
        yield tuple(row[1:] for row in numbered)
