"""Curves, sweeps, and the figures drawn of them."""

from __future__ import annotations

import base64
import itertools
import math
from xml.etree import ElementTree

import pytest
from report_records import match, reference, training

from grader.records import CompileArguments, History, ModelMatch
from grader.reports.charts import history_figure, spread, sweep_figure
from grader.reports.history_charts import training_figure
from grader.reports.history_curves import Band, Curve, Panel, SweepPoint, panels, same_loss, sweep_points, values

NAN = math.nan


def drawing(uri: str) -> ElementTree.Element:
    return ElementTree.fromstring(base64.b64decode(uri.partition(",")[2]))


def model(question: str) -> ModelMatch:
    found = match().question(question).model
    assert found
    return found


@pytest.mark.parametrize("places", [[5, 5, 5], [0, 1, 50, 51, 52], [100, 99, 98, 0], [-3, 120], [7]])
def test_labels_never_cover_each_other(places: list[float]) -> None:
    """Names at line ends are at least a line apart, in the order of their lines, inside the axes."""
    moved = spread(places, 10, 0, 100)
    ordered = sorted(moved)
    assert all(b - a >= 10 - 1e-9 for a, b in itertools.pairwise(ordered))
    ranked = sorted(range(len(places)), key=lambda number: places[number])
    assert [moved[number] for number in ranked] == ordered
    assert min(moved) >= -1e-9
    assert max(moved) <= 100 + 1e-9


def test_the_same_figure_has_the_same_bytes() -> None:
    """Nothing in a figure depends on the clock or on chance."""
    panel = Panel("Accuracy", "accuracy", (Curve("yours", (0.1, 0.2), (0.2, 0.3)),), None)
    assert history_figure([panel]) == history_figure([panel])


@pytest.mark.parametrize(
    "curve",
    [
        Curve("yours", (NAN,) * 4, (NAN,) * 4),
        Curve("yours", (2.0, 1e20, NAN), (2.0, NAN, NAN)),
        Curve("yours", (0.5,), (0.6,)),
        Curve("yours", (), (0.6, 0.7)),
        Curve("yours", (-1.0, 0.0), ()),
    ],
)
def test_odd_histories_are_drawn_all_the_same(curve: Curve) -> None:
    """Diverged, single-epoch and half-empty histories make a figure."""
    assert drawing(history_figure([Panel("Loss", "loss", (curve,), None)])).tag.endswith("svg")


def test_a_name_from_a_student_is_not_read_as_a_formula() -> None:
    """A metric called like a broken formula is drawn letter by letter."""
    panel = Panel("$\\frac{", "x", (Curve("yours", (1.0, 2.0), ()),), Band((1.0,), (1.0,), (1.0,), (), 1))
    assert history_figure([panel]).startswith("data:image/svg+xml")


def test_letters_are_paths_so_that_no_font_is_needed() -> None:
    """A figure holds no text elements and stays small."""
    uri = history_figure([Panel("Accuracy", "accuracy", (Curve("yours", (0.1, 0.9), (0.2, 0.8)),), None)])
    tags = {element.tag.rpartition("}")[2] for element in drawing(uri).iter()}
    assert "text" not in tags
    assert len(uri) < 60_000


def test_accuracy_is_found_under_any_of_its_names() -> None:
    """`acc` and `categorical_accuracy` are accuracies."""
    old = training(1, 0, "a", history=History(metrics={"acc": (0.5,), "val_acc": (0.6,), "loss": (math.inf,)}))
    assert values(old, "accuracy", True) == (0.6,)
    assert math.isnan(values(old, "loss", False)[0])


def test_losses_of_different_kinds_do_not_share_axes() -> None:
    """The student's loss stands alone, and the caption says why."""
    figure, _ = training_figure(match(), model("2.3"), reference().models["small_mlp"])
    assert figure
    assert any("drawn alone" in text for text in figure.caption)
    shared = panels(match().trainings(model("2.3")), reference().models["small_mlp"].trainings, comparable=False)
    assert [panel.band is None for panel in shared] == [False, True]


def test_sparse_and_one_hot_cross_entropy_are_the_same_quantity() -> None:
    """Two spellings of one loss share axes, but not when only one side is penalised."""
    one = CompileArguments(optimizer="SGD", loss="categorical_crossentropy")
    other = one.model_copy(update={"loss": "sparse_categorical_crossentropy"})
    assert same_loss(one, other, (False, False))
    assert not same_loss(one, other, (True, False))
    assert not same_loss(one, one.model_copy(update={"loss": "binary_crossentropy"}), (False, False))


def test_fifteen_trainings_become_one_sweep() -> None:
    """A sweep is drawn by factor, with its numbers in the table and in the alt text."""
    figure, rows = training_figure(match(), model("2.4b"), reference().models["wide_l2"])
    assert figure
    assert len(rows) == 5
    assert all("(3 trainings)" in row.yours and "(2 trainings)" in row.reference for row in rows)
    assert "regularisation factor" in figure.alt


def test_trainings_of_one_factor_are_no_sweep() -> None:
    """Many trainings of the same model are curves, not a sweep."""
    trainings = [training(number, 0, "small") for number in range(6)]
    assert sweep_points(trainings, match().rerun.architectures) == ()
    drawn = panels(trainings, (), comparable=False)
    assert [curve.behind for curve in drawn[0].curves] == [True] * 5 + [False]


def test_lost_replicas_of_a_sweep_are_counted_not_drawn() -> None:
    """A factor whose trainings all diverged leaves a gap."""
    points = [SweepPoint(0.0, (0.9, 0.91), 0), SweepPoint(1e-3, (), 3)]
    assert math.isnan(points[1].mean)
    assert sweep_figure(points, (), "validation accuracy") == sweep_figure(points, (), "validation accuracy")


def test_alt_texts_say_what_is_seen_in_numbers() -> None:
    """The alt text names first and last values of the student and of the reference."""
    figure, _ = training_figure(match(), model("2.3"), reference().models["small_mlp"])
    assert figure
    assert "Your validation accuracy goes from 0.7200 to" in figure.alt
    assert "mean of 2 seeds" in figure.alt


def test_a_model_that_was_never_trained_has_no_figure() -> None:
    """Without a training there is nothing to draw."""
    untrained = ModelMatch(label="m", reference=None, models=("m1",), architecture="small")
    assert training_figure(match(), untrained, reference().models["small_mlp"]) == (None, ())
