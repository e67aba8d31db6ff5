"""Verdicts on figures beyond single histories: comparisons, grids of images, histograms, confusion matrices."""

from __future__ import annotations

from typing import Any

import pytest
from fictional_recordings import Stage, matched, mlp, question_of, reference_lab, submission

from grader.criteria import Case, Text
from grader.criteria.figures.confusion_matrix import counts_of, printed_matrices
from grader.criteria.judge import verdict_of
from grader.records import Axes, Figure, FigureDrawn, Line, ModelMatch, Outcome, Printed, Score, Trained, Verdict

REFERENCE = reference_lab()
LABELS: dict[str, Any] = {"title": "t", "x_label": "epoch", "y_label": "accuracy", "legend": ("a", "b")}


def model_of(training: Trained, reference: str | None = None) -> ModelMatch:
    """A further model of the group, taken for `reference`."""
    return ModelMatch(
        label=f"model, cell {training.cell + 1}",
        reference=reference,
        models=(training.model,),
        architecture=training.architecture,
        trainings=(training.seq,),
        cells=(training.cell,),
    )


def verdict(criterion: dict[str, Any], stage: Stage, trainings: list[Trained], **more: Any) -> Verdict:
    """The verdict of one criterion on a question about `small_mlp`."""
    asked = question_of("1", {"points": 4, **criterion}, model=more.pop("model_name", "small_mlp"))
    answered, match = matched(asked, stage, trainings, **more)
    return verdict_of(asked.criteria[0], Case(answered, match, REFERENCE))


def figure(stage: Stage, cell: int, *axes: Axes) -> FigureDrawn:
    return stage.add(FigureDrawn, cell, figure=Figure(axes=axes))


def line(values: Any) -> Line:
    return Line(x=tuple(range(len(values))), y=tuple(values), points=len(values))


def values(training: Trained, metric: str = "val_accuracy") -> tuple[float, ...]:
    return training.history.metrics[metric]


COMPARISON: dict[str, Any] = {"kind": "comparison_plot", "models": ["small_mlp", "deep_mlp"]}


def two() -> tuple[Stage, Trained, Trained, dict[str, Any]]:
    """A stage with two trained models, the first of which answers the question."""
    stage = Stage()
    first, second = stage.train(1, mlp(64, 64), seed=1), stage.train(2, mlp(500, 300), seed=2)
    return stage, first, second, {"others": (model_of(second, "deep_mlp"),)}


def test_comparison_in_one_set_of_axes() -> None:
    """Both histories together, with labels, earn everything; a missing legend costs its part."""
    stage, first, second, more = two()
    stage.plot(5, values(first), values(second), **LABELS)
    asked = {**COMPARISON, "labelled": ["title", "x", "y", "legend"]}
    assert verdict(asked, stage, [first], **more).status == "passed"
    stage, first, second, more = two()
    stage.plot(5, values(first), values(second), **{**LABELS, "legend": ()})
    found = verdict(asked, stage, [first], **more)
    assert found.awarded == 3.5
    assert "Missing: a legend" in found.explanation


def test_comparison_apart() -> None:
    """Axes beside each other, and separate figures, earn less."""
    stage, first, second, more = two()
    figure(stage, 5, Axes(lines=(line(values(first)),)), Axes(lines=(line(values(second)),)))
    assert verdict(COMPARISON, stage, [first], **more).awarded == 3.0
    stage, first, second, more = two()
    stage.plot(5, values(first))
    stage.plot(6, values(second))
    found = verdict(COMPARISON, stage, [first], **more)
    assert found.awarded == 2.0
    assert "separate figures (cell 6 and cell 7)" in found.explanation


def test_comparison_of_one_model_with_itself() -> None:
    """The same history twice is no comparison, and the absent one is named."""
    stage, first, _, more = two()
    stage.plot(5, values(first), values(first))
    found = verdict(COMPARISON, stage, [first], **more)
    assert found.awarded == 1.0
    assert "`model, cell 2` is plotted; that of `model, cell 3` is not" in found.explanation


def test_comparison_of_training_with_validation() -> None:
    """One model's training curve beside the other's validation curve compares nothing alike."""
    stage, first, second, more = two()
    stage.plot(5, values(first), values(second, "accuracy"))
    assert verdict(COMPARISON, stage, [first], **more).awarded == 2.0


def test_comparison_in_a_picture() -> None:
    """A picture that the rerun did not draw is left to a person."""
    stage, first, _, more = two()
    saved = Stage("saved")
    saved.picture(7)
    assert verdict(COMPARISON, stage, [first], saved=saved, **more).status == "review"
    stage.plot(4, (1.0, 2.0))
    assert verdict(COMPARISON, stage, [first], saved=saved, **more).status == "review"


def images(number: int, **more: Any) -> list[Axes]:
    return [Axes(images=((28, 28),), **more) for _ in range(number)]


def test_image_grid() -> None:
    """Enough images in one figure pass, fewer in part; matrices are no images, a montage counts by its tiles."""
    asked = {"kind": "image_grid", "images": 9}
    for axes, points in (
        (images(16), 4.0),
        (images(3), 1.25),
        ([Axes(images=((10, 10),))] * 9, 0.0),
        ([Axes(images=((84, 84),))], 4.0),
    ):
        stage = Stage()
        training = stage.train(1, mlp(64, 64))
        figure(stage, 3, *axes)
        assert verdict(asked, stage, [training]).awarded == points


def test_image_grid_over_several_figures() -> None:
    """Nine figures of one cell are not a grid, but nearly."""
    stage = Stage()
    for axes in images(9):
        figure(stage, 3, axes)
    assert verdict({"kind": "image_grid", "images": 9}, stage, []).awarded == 3.0


def test_image_grid_with_titles() -> None:
    """Titles are a third of the points."""
    asked = {"kind": "image_grid", "images": 4, "titled": True, "points": 3}
    stage = Stage()
    figure(stage, 3, *images(4))
    assert verdict(asked, stage, []).awarded == 2.0
    figure(stage, 4, *images(4, title="7"))
    assert verdict(asked, stage, []).status == "passed"


def test_histogram() -> None:
    """Bars that count 784 pixels are one image's; those of many images are told from it."""
    stage = Stage()
    figure(stage, 3, Axes(bars=3, heights=(600.0, 100.0, 84.0)))
    assert verdict({"kind": "histogram"}, stage, []).status == "passed"
    stage = Stage()
    figure(stage, 3, Axes(bars=3, heights=(7000.0, 800.0, 40.0)))
    found = verdict({"kind": "histogram"}, stage, [])
    assert found.awarded == 2.0
    assert "those of 10 images" in found.explanation


@pytest.mark.parametrize("heights", [(), (0.1, 0.2, 0.7), (500.0, 20.0, 3.0)])
def test_histogram_of_unknown_counts(heights: tuple[float, ...]) -> None:
    """Densities and counts of something else are left to a person."""
    stage = Stage()
    figure(stage, 3, Axes(bars=3, heights=heights))
    assert verdict({"kind": "histogram"}, stage, []).status == "review"


def test_histogram_without_labels() -> None:
    """Labels are a quarter."""
    stage = Stage()
    figure(stage, 3, Axes(bars=3, heights=(600.0, 100.0, 84.0), x_label="value"))
    assert verdict({"kind": "histogram", "labelled": ["x", "y"]}, stage, []).awarded == 3.5


def confusion(right: int, total: int = 1000, classes: int = 10) -> tuple[tuple[float, ...], ...]:
    """A matrix with `right` on its diagonal and the rest beside it."""
    rows = [[0.0] * classes for _ in range(classes)]
    for n in range(classes):
        rows[n][n] = float(right // classes + (n < right % classes))
        rows[n][(n + 1) % classes] = float((total - right) // classes + (n < (total - right) % classes))
    return tuple(map(tuple, rows))


def scored(stage: Stage, cell: int = 1, accuracy: float = 0.9, **more: Any) -> Trained:
    return stage.train(cell, mlp(64, 64), test=Score(dataset="mnist", rows=1000, accuracy=accuracy), **more)


MATRIX = {"kind": "confusion_matrix"}


def test_confusion_matrix_that_fits() -> None:
    """Drawn, printed by NumPy or as a table: what counts all test images with the measured accuracy passes."""
    drawn, printed = Stage(), Stage()
    training = scored(drawn)
    figure(drawn, 4, Axes(images=((10, 10),), matrices=(confusion(900),)))
    found = verdict(MATRIX, drawn, [training])
    assert found.status == "passed"
    assert "1,000 images, 900 of them on the diagonal: as labgrade measured." in found.explanation
    training = scored(printed)
    rows = "\n ".join(f"[{' '.join(f'{v:3.0f}' for v in row)}]" for row in confusion(900))
    printed.add(Printed, 4, text=f"tf.Tensor(\n[{rows}], shape=(10, 10), dtype=int32)\n")
    assert verdict(MATRIX, printed, [training]).status == "passed"


def test_confusion_matrix_of_another_model() -> None:
    """A matrix that has another model's score is told as that model's."""
    stage = Stage()
    training, other = scored(stage), scored(stage, 2, 0.8)
    figure(stage, 4, Axes(matrices=(confusion(800),)))
    found = verdict(MATRIX, stage, [training], others=(model_of(other),))
    assert found.status == "failed"
    assert "It is that of `model, cell 3`." in found.explanation
    either = verdict({**MATRIX, "model": "any"}, stage, [training], others=(model_of(other, "deep_mlp"),))
    assert either.status == "failed"


def test_confusion_matrix_that_does_not_fit() -> None:
    """A matrix of other numbers earns half; of a part of the test set, three quarters; shares pass when near."""
    for matrix, points in (
        (confusion(700), 2.0),
        (confusion(90, 100), 3.0),
        (tuple(tuple(v / 100 for v in row) for row in confusion(900)), 4.0),
    ):
        stage = Stage()
        training = scored(stage)
        figure(stage, 4, Axes(matrices=(matrix,)))
        assert verdict(MATRIX, stage, [training]).awarded == points


def test_confusion_matrix_in_the_saved_output_alone() -> None:
    """What only the saved outputs show is left to a person, with its sum and diagonal."""
    stage = Stage()
    training = scored(stage)
    text = "\n".join(" ".join(f"{v:.0f}" for v in row) for row in confusion(9700, 10_000))
    found = verdict(MATRIX, stage, [training], cells=(1, 6), work=submission(outputs={6: (text,)}))
    assert found.status == "review"
    assert "10,000 images, 9,700 of them" in found.explanation


def test_matrices_in_text() -> None:
    """Shapes, rows of numbers and tables of decimals are no matrices; margins and class columns are left out."""
    assert not list(printed_matrices(Text("(60000, 28, 28)\n(10000, 28, 28)\n(5000, 28, 28)", 0, False)))
    assert not list(printed_matrices(Text("0.5 0.2 0.3\n0.1 0.8 0.1\n0.2 0.2 0.6", 0, False)))
    table = "col_0  0  1  2\nrow_0\n0      5  1  0\n1      0  7  1\n2      0  0  9\n"
    (matrix,) = printed_matrices(Text(table, 0, False))
    assert matrix == ((5.0, 1.0, 0.0), (0.0, 7.0, 1.0), (0.0, 0.0, 9.0))
    margin = ((5.0, 1.0, 6.0), (0.0, 7.0, 7.0), (5.0, 8.0, 13.0))
    counts = counts_of(margin)
    assert counts is not None
    assert (counts.size, counts.total, counts.right) == (2, 13.0, 12.0)


def test_pictures_after_an_early_end() -> None:
    """Where the rerun ended early, a missing figure is nobody's fault."""
    stage = Stage()
    stage.outcome = Outcome(status="timed out", last_cell=2)
    for kind in ("image_grid", "histogram", "confusion_matrix"):
        assert verdict({"kind": kind}, stage, [], cells=(5,)).status == "errored"


def test_a_loss_plot_whose_axis_says_accuracy() -> None:
    """The wrong name on an axis is no label of it, and the report says so."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    stage.plot(2, values(training, "loss"), values(training, "val_loss"), **LABELS)
    asked = {"kind": "history_plot", "shows": ["loss", "val_loss"], "labelled": ["title", "x", "y", "legend"]}
    found = verdict(asked, stage, [training])
    assert found.awarded == 3.5
    assert "The y axis says “accuracy”, though the curves are training loss." in found.explanation


PLAIN: dict[str, Any] = {"kind": "history_plot", "shows": ["val_accuracy"]}


def drawn_as(change: Any) -> Verdict:
    """The verdict on a plot of the validation accuracy after `change`."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    figure(stage, 2, Axes(lines=(line(change(values(training))),)))
    return verdict(PLAIN, stage, [training])


def test_changed_histories() -> None:
    """Rounded or resampled, a history is itself; a running mean of it is for a person; other numbers are not it."""
    assert drawn_as(lambda y: [round(value, 3) for value in y]).status == "passed"
    assert drawn_as(lambda y: y[::2]).status == "passed"
    smoothed = drawn_as(lambda y: [(a + b) / 2.0 for a, b in zip((y[0], *y), y, strict=False)])
    assert smoothed.status == "review"
    assert "smoothed or changed" in smoothed.explanation
    assert drawn_as(lambda y: [value - 0.5 for value in y]).status == "failed"
    assert drawn_as(lambda y: y[:2]).status == "failed"


def test_histories_as_bars() -> None:
    """Bars side by side as many as the epochs are a history; bars of other heights are none."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    heights = (*values(training, "accuracy"), *values(training))
    figure(stage, 2, Axes(bars=len(heights), heights=heights))
    assert verdict(PLAIN, stage, [training]).status == "passed"
