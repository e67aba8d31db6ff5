"""The criterion on several images in one figure."""

from __future__ import annotations

from pydantic import JsonValue

from grader.checks.evidence import figures_with, image_shapes, picture_evidence
from grader.checks.subject import missing
from grader.checks.verdicts import graded
from grader.checks.wording import capitalised, counted, place, places
from grader.records.criteria.plots import ImageGridCriterion
from grader.records.figures import Axes, Figure
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import FigureDrawn
from grader.records.result import Verdict

_SMALLEST = 21
"""Side in pixels from which a picture is an image: smaller ones are matrices or filters."""
_SCATTERED = 0.75


def check_image_grid(
    criterion: ImageGridCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Grid of images

    As many images as asked for in one figure; a montage counts by its tiles. A third of the points is for titles, where
    titles are asked for.
    """
    sizes = image_sizes(match)
    found = figures_with(question, match, lambda figure: images_in(figure, sizes) > 0)
    if not found:
        return missing(criterion, question, match, "grid of images", picture_evidence(question, match))
    best = max(found, key=lambda event: (_enough(event.figure, sizes, criterion), -event.seq))
    number = images_in(best.figure, sizes)
    content, said = min(1.0, number / criterion.images), _one_figure(best, number, criterion.images, match)
    cells = [best.cell]
    beside = [event for event in found if event.cell == best.cell]
    total = sum(images_in(event.figure, sizes) for event in beside)
    if number < criterion.images and total > number:
        content = _SCATTERED * min(1.0, total / criterion.images)
        said = f"{capitalised(place(match, best.cell))} shows {counted(total, 'image')}, in {len(beside)} figures."
    share, titled = content, titled_images(best.figure, sizes)
    if criterion.titled:
        share = (2.0 * content + min(1.0, titled / max(number, 1)) * float(content > 0.0)) / 3.0
        said += (
            " Each has a text of its own." if titled >= number else f" {titled} of {number} have a text of their own."
        )
    observed: JsonValue = {"images": number, "titled": titled}
    expected: JsonValue = {"images": criterion.images, "titled": criterion.titled}
    return graded(criterion, share, said, observed=observed, expected=expected, evidence=places(match, cells))


def _enough(figure: Figure, sizes: frozenset[tuple[int, int]], criterion: ImageGridCriterion) -> tuple[int, int]:
    number = min(images_in(figure, sizes), criterion.images)
    return number, titled_images(figure, sizes) if criterion.titled else 0


def _one_figure(event: FigureDrawn, number: int, wanted: int, match: Match) -> str:
    asked = "" if number >= wanted else f"; asked for were {wanted}"
    return f"The figure of {place(match, event.cell)} shows {counted(number, 'image')}{asked}."


def image_sizes(match: Match) -> frozenset[tuple[int, int]]:
    """Height and width of the images of the lab's data sets."""
    return frozenset((shape[0], shape[1]) for shape in image_shapes(match))


def images_in(figure: Figure, sizes: frozenset[tuple[int, int]]) -> int:
    """Images that `figure` shows; matrices, colour bars and the like are none."""
    return sum(_images(axes, sizes) for axes in figure.axes)


def _images(axes: Axes, sizes: frozenset[tuple[int, int]]) -> int:
    return sum(_tiles(shape, sizes) for shape in axes.images)


def _tiles(shape: tuple[int, ...], sizes: frozenset[tuple[int, int]]) -> int:
    """1 for an image, the number of tiles for a montage of the data set's images, 0 for what is none."""
    if len(shape) < 2:
        return 0
    for height, width in sorted(sizes):
        if shape[0] % height == 0 and shape[1] % width == 0:
            return min((shape[0] // height) * (shape[1] // width), 10_000)
    return int(min(shape[:2]) >= _SMALLEST)


def titled_images(figure: Figure, sizes: frozenset[tuple[int, int]]) -> int:
    """Sets of axes with an image and a text of their own."""
    return sum(1 for axes in figure.axes if _images(axes, sizes) and text_of(axes))


def text_of(axes: Axes) -> str:
    """What is written around an image: its title, or its axes' labels."""
    return " ".join(text for text in (axes.title, axes.x_label, axes.y_label) if text.strip())
