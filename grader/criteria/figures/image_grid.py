"""The criterion `image_grid`: several images in one figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import JsonValue, PositiveInt

from grader.criteria import Case, Criterion, Seen
from grader.criteria.figure_parts import image_sizes, images_in, titled_images
from grader.records import Figure, FigureDrawn, Figures, Mistake, Subject, Verdict

_SCATTERED = 0.75
"""Share for the images of one cell in a figure each: all are shown, but nobody sees them side by side."""
_TITLES = 1.0 / 3.0
"""Share of the points for titles: they are a part beside the images and their number."""


class ImageGridCriterion(Criterion):
    """Several images in one figure."""

    title: ClassVar[str] = "Grid of images"
    about: ClassVar[Subject] = "figure"
    figures: ClassVar[Figures] = "pictures"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"drawing", "fewer_images"})
    hint: ClassVar[str] = "at least so many"
    sentences: ClassVar[Mapping[str, str]] = {
        "images": "The figure of {place} shows {images:count image}.",
        "too_few": "The figure of {place} shows {images:count image}; {wanted} {wanted:plural was/were} asked for.",
        "scattered": "{place:capital} shows {images:count image}, in {figures} figures.",
        "all_titled": "Each has a text of its own.",
        "some_titled": ("{titled} of {images} {titled:plural has/have} a text of {titled:plural its/their} own."),
    }

    kind: Literal["image_grid"] = "image_grid"
    images: PositiveInt = 4
    """At least so many."""
    titled: bool = False
    """Each with a title or another text of its own. A third of the points."""

    def judge(self, case: Case) -> Verdict:
        """As many images as asked for in one figure; a montage counts by its tiles.

        A third of the points is for titles, where titles are asked for. Images that one cell draws in a figure each
        earn less than one grid.
        """
        sizes = image_sizes(case)
        found = case.figures_with(lambda figure: images_in(figure, sizes) > 0)
        if not found:
            return self.missing(case, "grid of images", *case.saved_pictures)
        best = max(found, key=lambda event: (self._enough(event.figure, sizes), -event.seq))
        number, where = images_in(best.figure, sizes), case.place(best.cell)
        content = min(1.0, number / self.images)
        beside = [event for event in found if event.cell == best.cell]
        total = sum(images_in(event.figure, sizes) for event in beside)
        if number >= self.images:
            reasons = [self.because("images", place=where, images=number)]
        elif total > number:
            content = _SCATTERED * min(1.0, total / self.images)
            reasons = [self.because("scattered", place=where, images=total, figures=len(beside))]
        else:
            reasons = [self.because("too_few", place=where, images=number, wanted=self.images)]
        share, titled = content, titled_images(best.figure, sizes)
        if self.titled:
            share = (1.0 - _TITLES) * content + _TITLES * min(1.0, titled / max(number, 1)) * float(content > 0.0)
            reasons.append(
                self.because("all_titled")
                if titled >= number
                else self.because("some_titled", titled=titled, images=number)
            )
        observed: JsonValue = {"images": number, "titled": titled}
        expected: JsonValue = {"images": self.images, "titled": self.titled}
        evidence = case.places([best.cell])
        return self.graded(share, *reasons, observed=observed, expected=expected, evidence=evidence)

    @property
    def each_image_titled(self) -> bool:
        """Whether `titled` is set."""
        return self.titled

    def is_shown_in(self, figure: Figure) -> bool:
        """Whether it shows images."""
        return figure.has_images

    def is_answered_by(self, figure: Figure) -> bool:
        """Whether it shows several pictures."""
        return sum(len(axes.images) for axes in figure.axes) > 1

    def reference_figure(
        self, drawn: Sequence[Figure], histories: Mapping[str, Sequence[tuple[float, ...]]]
    ) -> Figure | None:
        """The first one with images: samples are shown before anything is trained."""
        return next((figure for figure in drawn if self.is_shown_in(figure)), None)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """For each figure with several images, so many."""
        for event in seen.events:
            if isinstance(event, FigureDrawn) and event.figure.has_images:
                count = sum(len(axes.images) for axes in event.figure.axes)
                if count > 1:
                    yield cls(points=1, images=count)

    def _enough(self, figure: Figure, sizes: frozenset[tuple[int, int]]) -> tuple[int, int]:
        """Images that count, then those with a text where texts are asked for: the figure with most is taken."""
        number = min(images_in(figure, sizes), self.images)
        return number, titled_images(figure, sizes) if self.titled else 0
