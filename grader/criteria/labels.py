"""What is written around a plot: title, axis labels, legend."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

from grader.criteria.sentences import shared
from grader.facts.keras import ACCURACY, LOSS, split_metric
from grader.facts.languages import SAYS_ACCURACY, SAYS_LOSS
from grader.records import Axes, Figure, Reason

Label: TypeAlias = Literal["title", "x", "y", "legend"]

_WORDS = {"title": "a title", "x": "a label on the x axis", "y": "a label on the y axis", "legend": "a legend"}


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


def label_reasons(lacking: Sequence[str], asked: Sequence[str]) -> tuple[Reason, ...]:
    """One reason on the labels: what is missing, or that all are there; none where none are asked for."""
    if not asked:
        return ()
    code = "labels_missing" if lacking else "labels"
    return (shared(code, labels=[_WORDS.get(name, name) for name in lacking or asked]),)
