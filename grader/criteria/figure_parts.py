"""What a figure shows: lines that are recorded histories, images, and the labels around them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from grader.criteria.case import Case
from grader.criteria.sentences import shared
from grader.facts.keras import ACCURACY, LOSS, canonical_metric, split_metric
from grader.facts.languages import SAYS_ACCURACY, SAYS_LOSS
from grader.records import Axes, Figure, FigureDrawn, Line, Match, ModelMatch, Reason, Trained

Label: TypeAlias = Literal["title", "x", "y", "legend"]

_WORDS = {"title": "a title", "x": "a label on the x axis", "y": "a label on the y axis", "legend": "a legend"}

SCALES = (1.0, 100.0)
"""A share may be plotted as a percentage."""
_SAME = 1e-3
"""Relative deviation of points that are the same: values that were rounded to three decimals before they were plotted
are; two trainings of one network differ by more, in most of their epochs."""
_SAME_NEAR_ZERO = 1e-6
"""Deviation of points near zero that are the same, where a relative one means nothing: that of a float of 32 bits."""
_DECIMALS = (2, 3, 4)
"""Decimals that people round to: with one, many a training's curve is another's too."""
_FEWEST_POINTS = 3
"""Points of a resampled curve: two that agree may do so by chance."""
_FEWEST_VALUES = 3
"""Different values of a rounded curve: a flat one is that of many a training."""
_SMALLEST = 21
"""Side in pixels from which a picture of another size than the data set's is an image: the filters of a network have
sides of 3 to 11, and confusion matrices 10 or 20."""
_MOST_TILES = 10_000
"""Tiles that one montage counts at most: it may show a whole test set, and more than that is no picture of images."""


@dataclass(frozen=True)
class Curve:
    """A plotted line that shows a recorded history."""

    metric: str
    """`accuracy`, `val_accuracy`, `loss`, ..."""
    event: FigureDrawn
    axes: Axes
    line: Line


def is_same_curve(drawn: Sequence[float], recorded: Sequence[float], relative: float = _SAME) -> bool:
    """Whether two curves are equal point by point, gaps included."""
    if len(drawn) != len(recorded) or not drawn:
        return False
    return any(
        all(_is_close(ours, factor * theirs, relative) for ours, theirs in zip(drawn, recorded, strict=True))
        for factor in SCALES
    )


def is_rounded_or_resampled(drawn: Sequence[float], recorded: Sequence[float]) -> bool:
    """Whether `drawn` is `recorded` with its values rounded, or every k-th of its epochs.

    Good enough to find a group's own curve, and no proof that a curve is another training's.
    """
    return _is_rounded(drawn, recorded) or _is_resampled(drawn, recorded)


def _is_rounded(drawn: Sequence[float], recorded: Sequence[float]) -> bool:
    if len(drawn) != len(recorded) or len(set(drawn)) < _FEWEST_VALUES:
        return False
    for scale in SCALES:
        for decimals in _DECIMALS if scale == 1.0 else (0, 1, 2):
            # Half a unit of the last digit, and a little for the float that it is written as.
            off = 0.5001 * 10.0**-decimals
            round_numbers = all(math.isclose(value, round(value, decimals), abs_tol=1e-9) for value in drawn)
            pairs = zip(drawn, recorded, strict=True)
            if round_numbers and all(abs(ours - scale * theirs) <= off for ours, theirs in pairs):
                return True
    return False


def _is_resampled(drawn: Sequence[float], recorded: Sequence[float]) -> bool:
    points = len(drawn)
    if not _FEWEST_POINTS <= points < len(recorded):
        return False
    steps = range(2, len(recorded) // (points - 1) + 2)
    starts = [(step, start) for step in steps for start in {0, step - 1}]
    return any(is_same_curve(drawn, recorded[start::step]) for step, start in starts)


def _is_close(ours: float, theirs: float, relative: float) -> bool:
    if math.isnan(ours) or math.isnan(theirs):
        return math.isnan(ours) and math.isnan(theirs)
    return math.isclose(ours, theirs, rel_tol=relative, abs_tol=_SAME_NEAR_ZERO)


def histories(trainings: Sequence[Trained]) -> list[dict[str, tuple[float, ...]]]:
    """The histories of `trainings` by plain metric name; those that carry on are also given joined end to end."""
    single = [
        {canonical_metric(name): values for name, values in training.history.metrics.items()} for training in trainings
    ]
    carried_on = len(trainings) > 1 and all(training.continued for training in trainings[1:])
    if not carried_on or len({training.model for training in trainings}) > 1:
        return single
    names = [name for name in single[0] if all(name in history for history in single)]
    return [*single, {name: tuple(value for history in single for value in history[name]) for name in names}]


def curves_of(figures: Sequence[FigureDrawn], trainings: Sequence[Trained]) -> list[Curve]:
    """All lines of `figures` that show a history of `trainings`."""
    known = histories(trainings)
    return [
        Curve(metric, event, axes, line)
        for event in figures
        for axes in event.figure.axes
        for line in (*axes.lines, *axes.scattered, *_bar_curves(axes, known))
        if (metric := _metric(line, known)) is not None
    ]


def changed_curve(
    line: Line, metrics: Collection[str], trainings: Sequence[Trained]
) -> tuple[str, tuple[float, ...]] | None:
    """Which of `metrics` `line` may show, smoothed or changed, and the values recorded; nothing for a recorded curve.

    Means of values, however they are weighted, stay between the lowest and the highest of them.
    """
    known = histories(trainings)
    finite = line.points == len(line.y) >= _FEWEST_POINTS and all(math.isfinite(value) for value in line.y)
    if not finite or len(set(line.y)) < _FEWEST_VALUES or _metric(line, known) is not None:
        return None
    for history in known:
        for name in metrics:
            values = history.get(name, ())
            if len(values) != len(line.y):
                continue
            for scale in SCALES:
                low, high = scale * min(values), scale * max(values)
                if all(low - _SAME * high <= value <= high * (1.0 + _SAME) for value in line.y):
                    return name, values
    return None


def _bar_curves(axes: Axes, known: list[dict[str, tuple[float, ...]]]) -> list[Line]:
    """The heights of bars that may be histories drawn side by side: as many of them in a row as there are epochs."""
    heights, found = axes.heights, list[Line]()
    for epochs in sorted({len(values) for history in known for values in history.values()}):
        if epochs > 1 and len(heights) % epochs == 0:
            rows = [heights[start : start + epochs] for start in range(0, len(heights), epochs)]
            found += [Line(x=tuple(map(float, range(epochs))), y=tuple(row), points=epochs) for row in rows]
    return found


def _metric(line: Line, known: list[dict[str, tuple[float, ...]]]) -> str | None:
    """The metric whose history `line` is: exactly, else rounded or every k-th epoch of it."""
    for is_it in (is_same_curve, is_rounded_or_resampled):
        for history in known:
            for name, values in history.items():
                if line.points == len(line.y) and is_it(line.y, values):
                    return name
    return None


def owner_of(
    line: Line, metric: str | None, match: Match, models: Sequence[ModelMatch]
) -> tuple[ModelMatch, str] | None:
    """Whose history `line` shows, among `models`, and which metric; `metric` narrows it where it is known."""
    for model in models:
        for history in histories(match.trainings(model)):
            for name, values in history.items():
                if (metric is None or name == canonical_metric(metric)) and is_same_curve(line.y, values):
                    return model, name
    return None


def is_recorded(trainings: Sequence[Trained], metric: str) -> bool:
    """Whether any of `trainings` recorded `metric`."""
    return any(training.history.values_of(metric) for training in trainings)


def image_sizes(case: Case) -> frozenset[tuple[int, int]]:
    """Height and width, in pixels, of the images of the lab's data sets."""
    return frozenset((shape[0], shape[1]) for shape in case.image_shapes)


def pixel_counts(case: Case) -> frozenset[int]:
    """Numbers of values that one image of the lab may have: all of its channels, or one of them."""
    shapes = case.image_shapes
    return frozenset({math.prod(shape) for shape in shapes} | {shape[0] * shape[1] for shape in shapes})


def images_in(figure: Figure, sizes: frozenset[tuple[int, int]]) -> int:
    """Images that `figure` shows, a montage by its tiles; matrices, colour bars and the like are none."""
    return sum(_images(axes, sizes) for axes in figure.axes)


def titled_images(figure: Figure, sizes: frozenset[tuple[int, int]]) -> int:
    """Sets of axes with an image and a text of their own."""
    return sum(1 for axes in figure.axes if _images(axes, sizes) and text_of(axes))


def text_of(axes: Axes) -> str:
    """What is written around an image: its title, or its axes' labels."""
    return " ".join(text for text in (axes.title, axes.x_label, axes.y_label) if text.strip())


def _images(axes: Axes, sizes: frozenset[tuple[int, int]]) -> int:
    return sum(_tiles(shape, sizes) for shape in axes.images)


def _tiles(shape: tuple[int, ...], sizes: frozenset[tuple[int, int]]) -> int:
    """1 for an image, the number of tiles for a montage of the data set's images, 0 for what is none."""
    if len(shape) < 2:
        return 0
    for height, width in sorted(sizes):
        if shape[0] % height == 0 and shape[1] % width == 0:
            return min((shape[0] // height) * (shape[1] // width), _MOST_TILES)
    return int(min(shape[:2]) >= _SMALLEST)


def labels_of(figure: Figure) -> tuple[Label, ...]:
    """The labels that all of `figure` bears: what a drafted rubric asks for."""
    axes = figure.axes
    found: dict[Label, bool] = {
        "title": bool(figure.title) or any(one.title for one in axes),
        "x": bool(axes) and all(one.x_label for one in axes),
        "y": bool(axes) and all(one.y_label for one in axes),
        "legend": any(one.legend for one in axes),
    }
    return tuple(label for label, there in found.items() if there)


def lacking_labels(figure: Figure, axes: Axes, asked: Sequence[str], metrics: Collection[str] = ()) -> list[str]:
    """Those of `asked` (`title`, `x`, `y`, `legend`) that `axes` of `figure` do without.

    `metrics` are those whose curves the axes show: a y axis that names the wrong one has no label either.
    """
    series = sum(1 for line in axes.lines if line.points > 1) + len(axes.error_bars)
    there = {
        "title": bool(axes.title.strip() or figure.title.strip()),
        "x": bool(axes.x_label.strip()),
        "y": bool(axes.y_label.strip()) and not misnamed_axis(axes, metrics),
        # One line alone needs no legend to be told from others.
        "legend": bool(axes.legend) or series <= 1,
    }
    return [name for name in asked if not there.get(name, True)]


def misnamed_axis(axes: Axes, metrics: Collection[str]) -> bool:
    """Whether the y axis says accuracy where only losses are drawn, or loss where only accuracies are."""
    stems = {split_metric(metric)[1] for metric in metrics}
    says_accuracy, says_loss = bool(SAYS_ACCURACY.search(axes.y_label)), bool(SAYS_LOSS.search(axes.y_label))
    return (stems == {LOSS} and says_accuracy and not says_loss) or (
        stems == {ACCURACY} and says_loss and not says_accuracy
    )


def label_reasons(
    lacking: Sequence[str], asked: Sequence[str], figures: Sequence[FigureDrawn] | None = None
) -> tuple[Reason, ...]:
    """One reason on the labels: what is missing, or that all are there; none where none are asked for.

    A legend that a single line does without is not said to be there, where none of the `figures` has one.
    """
    drawn = figures is None or any(axes.legend for event in figures for axes in event.figure.axes)
    there = [name for name in asked if drawn or name != "legend"]
    said = list(lacking or there)
    if not said:
        return ()
    code = "labels_missing" if lacking else "labels"
    return (shared(code, labels=[_WORDS.get(name, name) for name in said]),)
