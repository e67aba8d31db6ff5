"""How figures are described: what a reader of the picture sees, wherever Matplotlib keeps it."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import pytest

from grader.probe.drawing import describe_figure


def test_labels_of_the_whole_figure() -> None:
    """Labels and legends of the figure are those of axes without their own."""
    figure, axes = plt.subplots()
    axes.plot([1, 2], label="a")
    figure.supxlabel("epoch")
    figure.supylabel("loss")
    figure.legend()
    drawn = describe_figure(figure, pictured=False).axes[0]
    assert (drawn.x_label, drawn.y_label, drawn.legend) == ("epoch", "loss", ("a",))


def test_twin_axes() -> None:
    """The legend, title and x label of either are of both; each keeps its own y label."""
    _, axes = plt.subplots()
    twin = axes.twinx()
    axes.set(xlabel="epoch", ylabel="accuracy", title="run")
    twin.set(ylabel="loss")
    twin.plot([1, 2], label="b")
    twin.legend()
    first, second = describe_figure(plt.gcf(), pictured=False).axes
    assert (first.legend, first.y_label) == (("b",), "accuracy")
    assert (second.title, second.x_label, second.y_label) == ("run", "epoch", "loss")


def test_subplots_are_no_twins() -> None:
    """Axes side by side share no title."""
    figure, (left, _) = plt.subplots(1, 2, sharex=True)
    left.set(title="left")
    assert [axes.title for axes in describe_figure(figure, pictured=False).axes] == ["left", ""]


@pytest.mark.parametrize(
    ("names", "x"),
    [
        (["0.01", "0.001"], (0.01, 0.001)),
        (["$10^{-2}$", "l2 = 1e-3"], (0.01, 0.001)),
        (["small", "large"], (0.0, 1.0)),
        (["0.01", "none"], (0.0, 1.0)),
    ],
)
def test_categories(names: list[str], x: tuple[float, ...]) -> None:
    """Error bars stand at the number that the tick says, and at their places where a tick says none."""
    figure, axes = plt.subplots()
    axes.bar(names, [0.9, 0.8], yerr=[0.1, 0.2])
    (series,) = describe_figure(figure, pictured=False).axes[0].error_bars
    assert series.x == pytest.approx(x)
    assert series.error == pytest.approx((0.1, 0.2))
