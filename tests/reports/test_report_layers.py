"""Layers in words, and two models side by side."""

from __future__ import annotations

from report_records import FACTORS, conv, match, reference, small, wide

from grader.records import Architecture, Layer
from grader.reports.model_words import layer_pairs, layer_words, model_view


def test_layers_are_named_the_way_a_person_names_them() -> None:
    """Sizes, activation, padding and penalty are said; defaults are not."""
    assert [layer_words(layer) for layer in conv().layers[:2]] == [
        "Conv2D 32, 3×3, relu, padding same",
        "MaxPooling2D 2×2",
    ]
    assert layer_words(wide("w", l2=1e-6).layers[1]) == "Dense 500, relu, L2 0.000001"
    assert layer_words(wide("w", l2=1e-6).layers[1], varied=True) == "Dense 500, relu, L2"
    assert layer_words(Layer(class_name="Dense", name="d", config={"units": 4, "activation": "linear"})) == "Dense 4"


def test_an_extra_layer_does_not_shift_the_rows_after_it() -> None:
    """The alignment leaves a gap where the reference has no such layer."""
    pairs = layer_pairs(wide("a", dropout=True), wide("b"))
    assert [pair.reference is None for pair in pairs] == [False, False, True, False, False]


def test_a_model_without_counterpart_is_still_listed() -> None:
    """Every layer stands in the table, whichever side is empty."""
    assert len(layer_pairs(small(), None)) == 4
    assert len(layer_pairs(None, small())) == 4


def test_very_deep_models_are_cut() -> None:
    """A model of a thousand layers does not fill the report."""
    layers = tuple(Layer(class_name=f"L{number}", name="x") for number in range(1_000))
    deep = Architecture(id="deep", kind="functional", layers=layers)
    assert len(layer_pairs(deep, deep)) == 80


def test_differences_in_loss_and_learning_rate_are_marked() -> None:
    """The compile rows carry the sign where they differ, the layers none where they agree."""
    found = match().question("2.3")
    assert found.model
    view = model_view(match(), found.model, found.question, reference().models["small_mlp"])
    assert [row.sign for row in view.layers] == [""] * 5
    assert [(row.number, row.sign) for row in view.settings] == [("Loss", "≠"), ("Optimizer", "≠"), ("Training", "")]


def test_a_free_design_is_not_marked_as_different() -> None:
    """Where any design is allowed, the reference is one example and nothing is a mistake."""
    found = match().question("3.1")
    assert found.model
    view = model_view(match(), found.model, found.question, reference().models["small_mlp"])
    assert {row.sign for row in (*view.layers, *view.settings)} == {""}
    assert "one possible design" in view.reference


def test_a_sweep_is_not_different_because_its_factors_vary() -> None:
    """The table of a sweep names the penalty without a factor."""
    found = match().question("2.4b")
    assert found.model
    view = model_view(match(), found.model, found.question, reference().models["wide_l2"])
    assert {row.sign for row in view.layers} == {""}
    assert "varies" in view.note
    assert len(FACTORS) == 5


def test_epochs_are_marked_only_where_they_were_asked_for() -> None:
    """A sweep trained longer than the reference's is no difference, as nobody asked for a number of epochs."""
    longer = reference().models["wide_l2"]
    assert longer.fit
    shorter = longer.model_copy(update={"fit": longer.fit.model_copy(update={"epochs": 5})})
    found = match().question("2.4b")
    assert found.model
    view = model_view(match(), found.model, found.question, shorter)
    assert [row.sign for row in view.settings if row.number == "Training"] == [""]
    asked = match().question("2.3")
    assert asked.model
    view = model_view(match(), asked.model, asked.question, shorter)
    assert [row.sign for row in view.settings if row.number == "Training"] == ["≠"]
