"""Copies, retries and other networks beside the one that is meant: what was trained, drawn and evaluated answers."""

from __future__ import annotations

from typing import Any

import pytest
from fictional_recordings import (
    Stage,
    arguments,
    conv,
    data,
    dense,
    flatten,
    mlp,
    passages,
    pool,
    question_of,
    reference_of,
    rubric_of,
    submission,
)

from grader.matching import match_submission
from grader.matching.assignment import THRESHOLD, WEIGHTS, Likeness, architecture_likeness
from grader.records import Evaluated, Layer, Match, Recording

WIDE = mlp(120, 40)
LINEAR = (flatten(), dense(90, "linear"), dense(10, "softmax"))
RELU = (flatten(), dense(90), dense(10, "softmax"))
ENCODER = (conv(32), pool(), conv(16), dense(784, "sigmoid"))
CLASSIFIER = (conv(32), pool(), flatten(), dense(10, "softmax"))


def matched(stage: Stage, where: dict[str, tuple[int, ...]] | None = None, **asked: Any) -> Match:
    """The match of a hand-in with a lab whose questions 1, 2, ... ask for `asked`: a network, or a sweep of one."""
    solution = Stage("reference")
    made: dict[str, list[Any]] = {}
    questions = []
    for number, (name, layers) in enumerate(asked.items(), start=1):
        criterion: dict[str, Any] = {"kind": "trained", "points": 1}
        if name == "free":
            criterion = {"kind": "architecture", "points": 1, "must_have": ["Conv2D"]}
        if name == "sweep":
            made[name] = [solution.train(number, mlp(120, 40, l2=(f, f))) for f in (1e-5, 1e-4, 1e-3) for _ in "ab"]
            criterion = {"kind": "sweep", "points": 1}
        else:
            made[name] = [solution.train(number, layers)]
        questions.append(question_of(str(number), criterion, model=name))
    reference, rubric = reference_of(solution, made), rubric_of(*questions)
    work = submission(20, {0: "1"})
    return match_submission(
        work, rubric, passages(work, where or {}), {}, Recording(testimony="saved"), stage.recording(), reference
    )


def trained_in(match: Match, name: str) -> list[int]:
    """Cells that trained what was taken for the reference's model `name`."""
    found = next((model for model in match.models if model.reference == name), None)
    return [training.cell for training in match.trainings(found)]


def evaluate(stage: Stage, cell: int, model: str, trained: int | None = None) -> None:
    """The model is evaluated on the test set."""
    known = stage.id_of(model)
    stage.add(
        Evaluated, cell, model=model, architecture=known, trained=trained, data=data("test"), metrics={"accuracy": 0.9}
    )


@pytest.mark.parametrize("weights_known", [True, False])
def test_a_copy_is_no_second_network(weights_known: bool) -> None:
    """A model that is loaded and evaluated belongs to the trained one, wherever it stands."""
    stage = Stage()
    first = stage.train(3, WIDE)
    copy = stage.build(7, WIDE)
    evaluate(stage, 7, copy, first.seq if weights_known else None)
    match = matched(stage, {"1": (2, 3), "2": (6, 7)}, given=WIDE, again=WIDE)
    assert trained_in(match, "given") == trained_in(match, "again") == [3]
    assert all(copy in model.models for model in match.models if model.reference)


def test_a_clone_in_the_same_place() -> None:
    """A clone that nothing is done with stays a copy."""
    stage = Stage()
    stage.train(3, WIDE)
    stage.build(4, WIDE)
    assert [model.cells for model in matched(stage, {"1": (3, 4)}, given=WIDE).models] == [(3,)]


def test_another_network_is_no_copy() -> None:
    """Of other layers, built before, or built under a question of its own and left there: networks of their own."""
    stage = Stage()
    stage.build(1, WIDE)
    stage.train(3, mlp(120, 40))
    stage.build(5, mlp(120, 41))
    stage.build(7, WIDE)
    match = matched(stage, {"1": (3,), "2": (7,)}, given=WIDE, again=WIDE)
    assert {cell for model in match.models for cell in model.cells} == {1, 3, 5, 7}


@pytest.mark.parametrize("epochs", [1, 2, 5, 10])
def test_a_later_retry_is_set_aside(epochs: int) -> None:
    """What is plotted answers, not a shorter or equal training of the same network below it."""
    stage = Stage()
    shown = stage.train(3, WIDE, epochs=10)
    stage.plot(4, shown.history.metrics["accuracy"])
    stage.train(6, WIDE, epochs=epochs)
    match = matched(stage, {"2": (3, 4, 6)}, given=WIDE, again=WIDE)
    assert trained_in(match, "again") == trained_in(match, "given") == [3]


def test_a_trial_before_is_set_aside() -> None:
    """Nor does a short trial above it."""
    stage = Stage()
    stage.train(2, WIDE, epochs=1)
    shown = stage.train(3, WIDE, epochs=10)
    evaluate(stage, 4, shown.model, shown.seq)
    assert trained_in(matched(stage, {"1": (2, 3, 4)}, given=WIDE), "given") == [3]


@pytest.mark.parametrize("spoils", ["drawn", "evaluated", "elsewhere", "longer", "nothing shown", "other layers"])
def test_no_retry(spoils: str) -> None:
    """A second training is one of its own where it is shown, stands elsewhere, is longer or of another network; and
    where neither is shown."""
    stage = Stage()
    shown = stage.train(3, WIDE, epochs=10)
    if spoils != "nothing shown":
        stage.plot(4, shown.history.metrics["accuracy"])
    layers = mlp(120, 41) if spoils == "other layers" else WIDE
    second = stage.train(6, layers, epochs=20 if spoils == "longer" else 10)
    if spoils == "drawn":
        stage.plot(7, second.history.metrics["val_accuracy"])
    if spoils == "evaluated":
        evaluate(stage, 7, second.model, second.seq)
    where = {"1": (3, 4), "2": (6, 7)} if spoils == "elsewhere" else {"2": (3, 4, 6, 7)}
    match = matched(stage, where, given=WIDE, again=WIDE)
    assert {*trained_in(match, "given"), *trained_in(match, "again")} == {3, 6}


def test_five_and_five_epochs_are_one_training() -> None:
    """The same model fitted on in the same place is one training; so where two questions ask for such a network."""
    stage = Stage()
    model = stage.build(3, WIDE)
    stage.compile(3, model)
    stage.fit(3, model, epochs=5)
    stage.fit(4, model, epochs=5, continued=True)
    match = matched(stage, {"2": (3, 4)}, given=WIDE, again=WIDE)
    assert trained_in(match, "again") == [3, 4]


def test_the_layers_count_before_the_heading() -> None:
    """Networks under each other's questions are known by their layers: an activation is enough."""
    stage = Stage()
    stage.train(3, RELU)
    stage.train(6, LINEAR)
    match = matched(stage, {"1": (2, 3), "2": (5, 6)}, linear=LINEAR, relu=RELU)
    assert (trained_in(match, "linear"), trained_in(match, "relu")) == ([6], [3])


@pytest.mark.parametrize(
    ("layers", "taken"),
    [
        (mlp(60, 20), True),
        ((flatten(), dense(120, "sigmoid"), dense(40, "sigmoid"), dense(10, "sigmoid")), True),
        (mlp(120, 40, 40), True),
        (mlp(120), True),
        (mlp(120, 40, l2=(1e-4, None)), True),
    ],
)
def test_a_network_built_wrongly_in_its_place(layers: tuple[Layer, ...], taken: bool) -> None:
    """Where no network has the very layers, the one under the question is what the group means."""
    stage = Stage()
    stage.train(3, layers)
    assert (trained_in(matched(stage, {"1": (2, 3)}, given=WIDE), "given") == [3]) is taken


def test_an_activation_layer_is_the_activation() -> None:
    """`Dense(90)` with an `Activation` behind it is the network with the activation within."""
    own = Layer(class_name="Activation", name="a", config={"activation": "relu"})
    stage = Stage()
    stage.train(3, LINEAR)
    stage.train(6, (flatten(), dense(90, "linear"), own, dense(10, "softmax")))
    match = matched(stage, linear=LINEAR, relu=RELU)
    assert (trained_in(match, "linear"), trained_in(match, "relu")) == ([3], [6])


def test_a_sweep_answers_the_plain_question() -> None:
    """Where the sweep's networks are the only ones with these layers, the plain question is about them too."""
    stage = Stage()
    for factor in (1e-5, 1e-4, 1e-3):
        stage.train(4, mlp(120, 40, l2=(factor, factor)))
    match = matched(stage, {"1": (4,)}, plain=WIDE, sweep=None)
    assert trained_in(match, "plain") == trained_in(match, "sweep") == [4, 4, 4]


def test_the_baseline_of_a_sweep_answers_the_plain_question() -> None:
    """Of a sweep with networks without decay, those are the plain ones."""
    stage = Stage()
    for factor in (None, 1e-5, 1e-4, 1e-3):
        stage.train(4, mlp(120, 40, l2=(factor, factor)))
    match = matched(stage, {"2": (4,)}, plain=WIDE, sweep=None)
    assert (len(trained_in(match, "plain")), len(trained_in(match, "sweep"))) in {(1, 4), (1, 3)}


def test_plain_networks_trained_several_times_answer_the_sweep() -> None:
    """A sweep whose regulariser was forgotten is found; a single training is none."""
    several, single = Stage(), Stage()
    for _ in range(6):
        several.train(4, WIDE)
    single.train(4, WIDE)
    match = matched(several, {"1": (4,)}, plain=WIDE, sweep=None)
    assert len(trained_in(match, "plain")) == len(trained_in(match, "sweep")) == 6
    assert trained_in(matched(single, {"1": (4,)}, plain=WIDE, sweep=None), "sweep") == []


def test_another_sweep_is_no_plain_network() -> None:
    """Networks of other widths answer no plain question."""
    stage = Stage()
    for factor in (1e-5, 1e-4, 1e-3):
        stage.train(4, mlp(60, 20, l2=(factor, factor)))
    assert trained_in(matched(stage, plain=WIDE, sweep=None), "plain") == []


def test_an_autoencoder_is_no_classifier() -> None:
    """Of free designs the one that gives what is asked for answers, however well the other does."""
    stage = Stage()
    stage.train(3, CLASSIFIER, final=0.9)
    stage.train(5, ENCODER, given=arguments("mse"), final=0.99)
    assert trained_in(matched(stage, {"1": (3, 5)}, free=CLASSIFIER), "free") == [3]


def test_the_threshold_from_both_sides() -> None:
    """Right layers with everything else wrong are above it; a network of another kind with all else right is below."""
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    wrong_around = Likeness(architecture=1.0, section=0.4, regularisation=0.5, order=0.75, fit=0.3, compile=0.0)
    assert wrong_around.total >= THRESHOLD
    given, other = (stage_architecture(layers) for layers in (WIDE, CLASSIFIER))
    alike = architecture_likeness(other, given)
    assert Likeness(alike, 0.3, 1.0, 1.0, 1.0, 1.0).total < THRESHOLD


def stage_architecture(layers: tuple[Layer, ...]) -> Any:
    """The architecture of these layers."""
    stage = Stage()
    model = stage.build(0, layers)
    return stage.architectures[stage.id_of(model)]
