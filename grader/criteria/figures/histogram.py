"""The criterion `histogram`: a histogram of the pixel values of one image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import JsonValue

from grader.criteria import Case, Criterion, Seen
from grader.criteria.figure_parts import label_reasons, labels_of, lacking_labels, pixel_counts
from grader.records import Axes, Figure, FigureDrawn, Figures, Mistake, Subject, Verdict

_BARS = 5
"""Bars from which a figure anywhere is taken for a histogram: fewer are patches that decorate."""

_FEWEST_BARS = 3
"""Bars of a histogram: two are a comparison of two numbers."""
_MANY_IMAGES = 0.5
"""Share for a histogram of many images: drawn as asked for, but of other data."""
_LABELS = 0.25
"""Share of the points for labels, where labels are asked for: what is counted matters more."""


class HistogramCriterion(Criterion):
    """A histogram of the pixel values of one image."""

    title: ClassVar[str] = "Histogram"
    about: ClassVar[Subject] = "figure"
    figures: ClassVar[Figures] = "pictures"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"drawing"})
    sentences: ClassVar[Mapping[str, str]] = {
        "lines_alone": "Only lines are drawn for this question, no bars; a histogram may be drawn as a line.",
        "one_image": "{place:capital} draws bars that count {counted:,.0f} values: the pixels of one image.",
        "many_images": (
            "{place:capital} draws bars that count {counted:,.0f} values: those of {images:,.0f} images, not of one."
        ),
        "no_counts": "{place:capital} draws bars whose heights are no counts of the pixels of a known image.",
        "other_counts": ("{place:capital} draws bars that count {counted:,.0f} values, while one image has {pixels}."),
    }

    kind: Literal["histogram"] = "histogram"
    labelled: tuple[Literal["title", "x", "y"], ...] = ()
    """A quarter of the points, when any are asked."""

    def judge(self, case: Case) -> Verdict:
        """Bars that count the pixels of one image, told by their sum.

        A quarter of the points is for labels, where labels are asked for. Bars that count something else, or nothing
        that labgrade knows, and lines without bars are for a person.
        """
        found = case.figures_with(lambda figure: any(_is_histogram(axes) for axes in figure.axes))
        if not found:
            if any(axes.lines for event in case.question.figures for axes in event.figure.axes):
                evidence = case.places(event.cell for event in case.question.figures)
                return self.review(self.because("lines_alone"), evidence=evidence)
            return self.missing(case, "histogram", *case.saved_pictures)
        pixels = pixel_counts(case)
        candidates = [(event, axes) for event in found for axes in event.figure.axes if _is_histogram(axes)]
        event, axes = max(candidates, key=lambda pair: (_rating(pair[1], pixels)[0] or 0.0, -pair[0].seq))
        share, code, values = _rating(axes, pixels)
        reasons = [self.because(code, place=case.place(event.cell), **values)]
        evidence = case.places([event.cell])
        if share is None:
            return self.review(*reasons, evidence=evidence)
        lacking: list[str] = []
        if self.labelled:
            lacking = lacking_labels(event.figure, axes, self.labelled)
            share = (1.0 - _LABELS) * share + _LABELS * (1.0 - len(lacking) / len(self.labelled))
            reasons += label_reasons(lacking, self.labelled, case.question.figures)
        observed: JsonValue = {"counted": sum(axes.heights), "bars": len(axes.heights), "lacks": list(lacking)}
        expected: JsonValue = {"labelled": list(self.labelled)}
        return self.graded(share, *reasons, observed=observed, expected=expected, evidence=evidence)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that are asked for."""
        return self.labelled

    def is_shown_in(self, figure: Figure) -> bool:
        """Whether it has bars."""
        return figure.has_bars

    def is_answered_by(self, figure: Figure) -> bool:
        """Whether it has more bars than a handful of patches."""
        return max((axes.bars for axes in figure.axes), default=0) >= _BARS

    def reference_figure(
        self, drawn: Sequence[Figure], histories: Mapping[str, Sequence[tuple[float, ...]]]
    ) -> Figure | None:
        """The first one that shows it."""
        return next((figure for figure in drawn if self.is_shown_in(figure)), None)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """For each figure with bars."""
        for event in seen.events:
            if isinstance(event, FigureDrawn) and event.figure.has_bars:
                found = labels_of(event.figure)
                yield cls(points=1, labelled=tuple(label for label in found if label != "legend"))


def _is_histogram(axes: Axes) -> bool:
    return axes.bars >= _FEWEST_BARS and not axes.images


def _rating(axes: Axes, pixels: frozenset[int]) -> tuple[float | None, str, dict[str, JsonValue]]:
    """Share for what the bars count (`None`: a person decides), and the code and values of a reason on it."""
    total = math.fsum(height for height in axes.heights if math.isfinite(height))
    if not axes.heights or not pixels or not total.is_integer() or total <= 0:
        return None, "no_counts", {}
    if any(total == count for count in pixels):
        return 1.0, "one_image", {"counted": total}
    size = min(pixels)
    if total % size == 0:
        return _MANY_IMAGES, "many_images", {"counted": total, "images": total / size}
    return None, "other_counts", {"counted": total, "pixels": size}
