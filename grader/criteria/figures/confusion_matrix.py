"""The criterion `confusion_matrix`: a confusion matrix, drawn or printed, that fits the measured accuracy."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import JsonValue

from grader.criteria import SHOWN_IN, AboutAModel, Case, Seen, Text
from grader.records import Figure, FigureDrawn, Figures, Mistake, Reason, Score, Subject, Verdict

Matrix: TypeAlias = tuple[tuple[float, ...], ...]
"""The rows of a table of numbers."""

_TIES = 5
"""Images whose class may turn with rounding: two sums of the same weights differ in the last digits from one machine
to the next, which turns the few images whose two largest outputs are nearly equal."""
_PART = 0.03
"""Deviation from the accuracy that a part of the test images, or the mean of the classes, may have: three standard
deviations of the share that is right of 1,000 images at an accuracy of 0.9. On either side it is another model's."""
_OTHER_DATA = 0.5
"""Share for a matrix of other images or of another state of the model: it was made and shown, and its numbers are
wrong."""
_SUBSET = 0.75
"""Share for a matrix of some of the test images, which fits the accuracy: right, but not of what was asked for."""
_OWNER_TIES = 1
"""Images by which another model's count may differ where the matrix is said to be its: an accusation, so closer."""

_ROW = re.compile(r"[\s\d\[\]),.|]{3,400}")
"""Without an opening bracket: shapes such as `(60000, 28, 28)` are no rows."""
_DECIMAL = re.compile(r"\d\.\d")
_LABEL = re.compile(r"^\s{0,20}(?:tf\.Tensor\(|array\(|[A-Za-z_]{1,20}\s)")
_INTEGER = re.compile(r"\d{1,7}")
_MOST_LINES = 2_000
"""Lines of one text that are looked at: a matrix stands in a few dozen, a log of hundreds of epochs is no matrix."""
_LARGEST = 20
"""Classes up to which printed rows are read as a matrix: NumPy breaks wider ones, pandas leaves columns out."""

_COUNTED = f"{SHOWN_IN} shows {{total:,.0f}} images, {{right:,.0f}} of them on the diagonal"
_SHARES = f"{SHOWN_IN} shows a matrix of shares whose diagonal is {{diagonal:.4g}} on average"
_MEASURED = "labgrade measured {measured} of {rows} right"


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


@dataclass(frozen=True)
class _Shown:
    """A confusion matrix, and where it stands."""

    counts: Counts
    source: str
    """As `SHOWN_IN` takes it."""
    cell: int

    @property
    def is_saved(self) -> bool:
        """In the outputs that were handed in, not in the rerun."""
        return self.source == "saved"


@dataclass(frozen=True)
class _Rating:
    """What a matrix is worth beside the measured accuracy."""

    share: float | None
    """Of the points; `None`: a person decides."""
    code: str
    values: Mapping[str, JsonValue]
    shown: _Shown


class ConfusionMatrixCriterion(AboutAModel):
    """A confusion matrix, drawn or printed, that fits the accuracy which labgrade measured."""

    title: ClassVar[str] = "Confusion matrix"
    about: ClassVar[Subject] = "figure"
    figures: ClassVar[Figures] = "pictures"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"prediction", "drawing"})
    sentences: ClassVar[Mapping[str, str]] = {
        "saved": f"{_COUNTED}.",
        "no_score": f"{_COUNTED}; labgrade has no score to compare with.",
        "no_score_shares": f"{_SHARES}; labgrade has no score to compare with.",
        "as_measured": f"{_COUNTED}: as labgrade measured.",
        "other_count": f"{_COUNTED}: {_MEASURED} for this model.",
        "part_of_data": f"{_COUNTED}: not of all {{rows}} test images.",
        "other_images": f"{_COUNTED}: {_MEASURED}, so these are other images or another model's.",
        "near_shares": f"{_SHARES}: near the accuracy of {{accuracy:score}} that labgrade measured.",
        "other_shares": f"{_SHARES}: {_MEASURED}.",
        "another_models": "It is that of `{model}`.",
    }

    kind: Literal["confusion_matrix"] = "confusion_matrix"

    def judge(self, case: Case) -> Verdict:
        """Drawn with `imshow`, as a heat map or by scikit-learn, or printed, it must fit the measured accuracy.

        Its sum must be the number of test images and its diagonal the number that the model classifies rightly, as
        labgrade measured. One that only the saved outputs show, or of shares far from the accuracy, is for a person.
        """
        case = case.about(self.model)
        shown = _shown(case)
        fresh = [matrix for matrix in shown if not matrix.is_saved]
        if not fresh:
            saved = (self._reason("saved", shown[0], case),) if shown else case.saved_pictures
            return self.missing(case, "confusion matrix", *saved)
        score = case.score
        if score is None:
            first = fresh[0]
            code = "no_score" if first.counts.is_counts else "no_score_shares"
            return self.review(self._reason(code, first, case), evidence=case.places([first.cell]))
        rated = [_rating(matrix, score) for matrix in fresh]
        best = max(rated, key=lambda one: (-1.0 if one.share is None else one.share, -one.shown.cell))
        said, evidence = self._reason(best.code, best.shown, case, **best.values), case.places([best.shown.cell])
        if best.share is None:
            return self.review(said, evidence=evidence)
        counts = best.shown.counts
        owner = _owner(counts, case) if best.share < 1.0 else None
        return self.graded(
            0.0 if owner else best.share,
            *((said, self.because("another_models", model=owner)) if owner else (said,)),
            observed={"total": counts.total, "right": counts.right},
            expected={"total": score.rows, "right": round(score.accuracy * score.rows)},
            evidence=evidence,
        )

    def is_shown_in(self, figure: Figure) -> bool:
        """Whether it shows a square matrix."""
        return figure.has_square_matrix

    def reference_figure(
        self, drawn: Sequence[Figure], histories: Mapping[str, Sequence[tuple[float, ...]]]
    ) -> Figure | None:
        """The first one that shows it."""
        return next((figure for figure in drawn if self.is_shown_in(figure)), None)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """For each figure with a square matrix, where a model is asked."""
        for event in seen.events:
            if seen.model is not None and isinstance(event, FigureDrawn) and event.figure.has_square_matrix:
                yield cls(points=1)

    def _reason(self, code: str, shown: _Shown, case: Case, **values: JsonValue) -> Reason:
        """A reason on `shown`: its place and its numbers are added to `values`."""
        counts = shown.counts
        numbers: dict[str, JsonValue] = (
            {"total": counts.total, "right": counts.right} if counts.is_counts else {"diagonal": counts.mean_diagonal}
        )
        return self.because(code, source=shown.source, place=case.place(shown.cell), **numbers, **values)


def _shown(case: Case) -> list[_Shown]:
    """Matrices under the question, else anywhere; those of the rerun first."""
    found = []
    classes = _classes(case)
    for event in case.figures_with(_has_matrix):
        for axes in event.figure.axes:
            for matrix in axes.matrices:
                counts = counts_of(matrix)
                if counts is not None and counts.size == (classes or counts.size):
                    found.append(_Shown(counts, "figure", event.cell))
    for text in [*case.texts(case.cells), *case.texts()]:
        for matrix in printed_matrices(text):
            counts = counts_of(matrix)
            if counts is not None and counts.is_counts and counts.size == (classes or counts.size):
                found.append(_Shown(counts, text.source, text.cell))
    return found


def _classes(case: Case) -> int | None:
    """Number of classes that the model tells apart; `None` when it is not known."""
    architecture = case.architecture
    units = architecture.layers[-1].config.get("units") if architecture and architecture.layers else None
    return units if isinstance(units, int) and units > 1 else None


def _has_matrix(figure: Figure) -> bool:
    return any(counts_of(matrix) is not None for axes in figure.axes for matrix in axes.matrices)


def _rating(shown: _Shown, score: Score) -> _Rating:
    counts, right = shown.counts, round(score.accuracy * score.rows)
    measured: dict[str, JsonValue] = {"measured": right, "rows": score.rows}
    if not counts.is_counts:
        share = counts.mean_diagonal / (100.0 if counts.mean_diagonal > 1.0 else 1.0)
        # Shares of all images have the accuracy as the sum of the diagonal, shares of a class about as their mean.
        near = min(abs(share - score.accuracy), abs(counts.right - score.accuracy)) <= _PART
        if near:
            return _Rating(1.0, "near_shares", {"accuracy": score.accuracy}, shown)
        return _Rating(None, "other_shares", measured, shown)
    if counts.total == score.rows:
        if abs(counts.right - right) <= _TIES:
            return _Rating(1.0, "as_measured", {}, shown)
        return _Rating(_OTHER_DATA, "other_count", measured, shown)
    if counts.total < score.rows and abs(counts.right / counts.total - score.accuracy) <= _PART:
        return _Rating(_SUBSET, "part_of_data", {"rows": score.rows}, shown)
    return _Rating(_OTHER_DATA, "other_images", measured, shown)


def _owner(counts: Counts, case: Case) -> str | None:
    """Another of the group's models whose score the matrix has to the image."""
    for other in case.others:
        score = case.score_of(other)
        right = round(score.accuracy * score.rows) if score else 0
        if score and counts.total == score.rows and abs(counts.right - right) <= _OWNER_TIES:
            return other.label
    return None


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
