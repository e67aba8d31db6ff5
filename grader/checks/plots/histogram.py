"""The criterion on a histogram of one image's pixel values."""

from __future__ import annotations

import math

from pydantic import JsonValue

from grader.checks.evidence import figures_with, image_shapes, picture_evidence
from grader.checks.plots.labels import label_sentence, lacking_labels
from grader.checks.subject import missing
from grader.checks.verdicts import graded, review
from grader.checks.wording import capitalised, place, places
from grader.records.criteria.plots import HistogramCriterion
from grader.records.figures import Axes, Figure
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.result import Verdict

_FEWEST_BARS = 3
_MANY_IMAGES = 0.5


def check_histogram(
    criterion: HistogramCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Histogram

    Bars that count the pixels of one image, told by their sum. A quarter of the points is for labels, where labels are
    asked for.
    """
    pixels = pixel_counts(match)
    found = figures_with(question, match, lambda figure: any(_is_histogram(axes) for axes in figure.axes))
    if not found:
        if any(axes.lines for event in question.figures for axes in event.figure.axes):
            said = (
                "Only lines are drawn for this question, no bars; a histogram may be drawn as a line. A person decides."
            )
            return review(criterion, said, evidence=places(match, [event.cell for event in question.figures]))
        return missing(criterion, question, match, "histogram", picture_evidence(question, match))
    candidates = [(event, axes) for event in found for axes in event.figure.axes if _is_histogram(axes)]
    event, axes = max(candidates, key=lambda pair: (_content(pair[1], pixels)[0] or 0.0, -pair[0].seq))
    content, said = _content(axes, pixels)
    said = f"{capitalised(place(match, event.cell))} draws bars {said}"
    evidence = places(match, [event.cell])
    if content is None:
        return review(criterion, f"{said} A person decides.", evidence=evidence)
    return _graded(criterion, content, said, event.figure, axes, evidence)


def _graded(
    criterion: HistogramCriterion, content: float, said: str, figure: Figure, axes: Axes, evidence: tuple[str, ...]
) -> Verdict:
    share, lacking = content, list[str]()
    if criterion.labelled:
        lacking = lacking_labels(figure, axes, criterion.labelled)
        share = 0.75 * content + 0.25 * (1.0 - len(lacking) / len(criterion.labelled))
        said = f"{said} {label_sentence(lacking, criterion.labelled)}"
    observed: JsonValue = {"counted": sum(axes.heights), "bars": len(axes.heights), "lacks": list(lacking)}
    expected: JsonValue = {"labelled": list(criterion.labelled)}
    return graded(criterion, share, said, observed=observed, expected=expected, evidence=evidence)


def _is_histogram(axes: Axes) -> bool:
    return axes.bars >= _FEWEST_BARS and not axes.images


def pixel_counts(match: Match) -> frozenset[int]:
    """Numbers of values that one image of the lab may have: all of its channels, or one of them."""
    shapes = image_shapes(match)
    return frozenset({math.prod(shape) for shape in shapes} | {shape[0] * shape[1] for shape in shapes})


def _content(axes: Axes, pixels: frozenset[int]) -> tuple[float | None, str]:
    """Share for what the bars count (`None`: cannot be told), and the end of a sentence on it."""
    total = math.fsum(height for height in axes.heights if math.isfinite(height))
    if not axes.heights or not pixels or not total.is_integer() or total <= 0:
        return None, "whose heights are no counts of the pixels of a known image."
    if any(total == count for count in pixels):
        return 1.0, f"that count {total:,.0f} values: the pixels of one image."
    size = min(pixels)
    if total % size == 0:
        return _MANY_IMAGES, f"that count {total:,.0f} values: those of {total / size:,.0f} images, not of one."
    return None, f"that count {total:,.0f} values, while one image has {size:,}."
