"""Matching of a submission's models, figures and texts to the questions of a lab."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from fictional_recordings import (
    Stage,
    arguments,
    conv,
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
from grader.records import LoggedSummary, Match, Recording, Reference, Rubric

CONV = (conv(32), pool(), conv(32), pool(), flatten(), dense(64), dense(64), dense(10, "softmax"))
WRONG = arguments("binary_crossentropy", "SGD", 0.01)


def lab() -> tuple[Rubric, Reference]:
    """A lab in the manner of DAT405: a given, a small, a deep, a regularised and a convolutional network."""
    stage = Stage("reference")
    reference = reference_of(
        stage,
        {
            "given_mlp": [stage.train(0, mlp(64, 64))],
            "small_mlp": [stage.train(1, mlp(64, 64))],
            "deep_mlp": [stage.train(2, mlp(500, 300), epochs=40)],
            "decayed_mlp": [stage.train(3, mlp(500, 300, l2=(f, f))) for f in (1e-6, 1e-5, 1e-4) for _ in range(3)],
            "conv_net": [stage.train(4, (conv(64), pool(), flatten(), dense(128), dense(10, "softmax")), epochs=8)],
        },
    )
    rubric = rubric_of(
        question_of("2.1.5", {"kind": "parameters", "points": 1}, model="given_mlp"),
        question_of("2.3", {"kind": "trained", "points": 1}, {"kind": "history_plot", "points": 2}, model="small_mlp"),
        question_of("2.4a", {"kind": "architecture", "points": 1}, model="deep_mlp", section="2.4"),
        question_of("2.4b", {"kind": "sweep", "points": 2}, model="decayed_mlp", section="2.4"),
        question_of("3.1", {"kind": "architecture", "points": 1, "must_have": ["Conv2D"]}, model="conv_net"),
    )
    return rubric, reference


@dataclass
class Handed:
    """What a group did, and where."""

    stage: Stage
    given: int
    small: int
    deep: int
    sweep: int
    conv: int


def real_life() -> Handed:
    """A hand-in with the mistakes of real ones: wrong losses, decay on one layer, another convolutional network."""
    stage = Stage()
    stage.train(3, mlp(64, 64), final=0.97)
    small = stage.build(6, mlp(64, 64), summary=True)
    stage.compile(8, small, WRONG)
    trained = stage.fit(9, small, final=0.83)
    stage.plot(10, trained.history.metrics["accuracy"], trained.history.metrics["val_accuracy"])
    deep = stage.build(12, mlp(500, 300), summary=True)
    stage.compile(13, deep, WRONG)
    stage.fit(13, deep, epochs=40, final=0.92)
    for factor in (1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3):
        for replica in range(3):
            stage.train(15, mlp(500, 300, l2=(factor, None)), epochs=10, batch=32, final=0.96, seed=replica)
    stage.train(18, CONV, epochs=40, batch=32, final=0.992)
    return Handed(stage, 3, 9, 13, 15, 18)


def matched_work(recording: Recording, placed: bool = True, saved: Recording | None = None) -> Match:
    """The match of a recording, with or without ids in the notebook."""
    rubric, reference = lab()
    work = submission(20, {5: "2.1", 7: "2.3", 11: "2.4", 17: "3.1"})
    by_question = {"2.1.5": (5, 6), "2.3": (7, 8, 9, 10), "2.4": (11, 12, 13, 14, 15, 16), "3.1": (17, 18)}
    found = passages(work, by_question) if placed else ()
    return match_submission(
        work, rubric, found, {"2.3": "an answer"}, saved or Recording(testimony="saved"), recording, reference
    )


def cells_by_reference(match: Match) -> dict[str | None, tuple[int, ...]]:
    """Training cells of each matched model."""
    return {
        model.reference: tuple(sorted({training.cell for training in match.trainings(model)})) for model in match.models
    }


def test_real_life_mistakes() -> None:
    """Wrong losses, decay on one layer and another convolutional design don't hinder the matching."""
    match = matched_work(real_life().stage.recording())
    expected = {"given_mlp": (3,), "small_mlp": (9,), "deep_mlp": (13,), "decayed_mlp": (15,), "conv_net": (18,)}
    assert cells_by_reference(match) == expected
    assert all(0.5 < model.confidence <= 1.0 and model.reason.endswith(".") for model in match.models)


def test_without_any_ids() -> None:
    """A hand-in without any question id is matched by content and order, and its questions find their cells."""
    match = matched_work(real_life().stage.recording(), placed=False)
    expected = {"given_mlp": (3,), "small_mlp": (9,), "deep_mlp": (13,), "decayed_mlp": (15,), "conv_net": (18,)}
    assert cells_by_reference(match) == expected
    question = match.question("2.3")
    assert question.placed_by == "model"
    assert {9, 10} <= set(question.cells)


def test_a_sweep_is_one_family() -> None:
    """Fifteen models of one loop are one family, whatever the strength of their regulariser."""
    match = matched_work(real_life().stage.recording())
    sweep = next(model for model in match.models if model.reference == "decayed_mlp")
    assert len(sweep.models) == len(sweep.trainings) == 15
    assert sweep.label == "15 models, cell 16"


def test_a_regulariser_of_no_strength() -> None:
    """A trial with weight decay 0 in a cell of its own is no part of the sweep that shares its function."""
    stage = Stage()
    stage.train(11, mlp(500, 300, l2=(0.0, 0.0)), epochs=2, final=0.95)
    for factor in (1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3):
        for replica in range(3):
            stage.train(15, mlp(500, 300, l2=(factor, factor)), epochs=2, final=0.96, seed=replica)
    sweep = next(m for m in matched_work(stage.recording()).models if m.reference == "decayed_mlp")
    assert sweep.label == "15 models, cell 16"
    assert sweep.cells == (15,)


@pytest.mark.parametrize(("effort", "cell"), [("quick", 18), ("full", 17)])
def test_best_of_several_attempts(effort: str, cell: int) -> None:
    """Of several free designs the best counts: by the group's own logs, where the rerun had less data than they had."""
    stage, saved = Stage(effort=effort), Stage("saved")
    stage.train(17, CONV, epochs=3, final=0.92)
    stage.train(18, (*CONV[:-1], dense(32), CONV[-1]), epochs=3, final=0.50)
    saved.log(17, 3, 0.975)
    saved.log(18, 3, 0.991)
    match = matched_work(stage.recording(), saved=saved.recording())
    assert cells_by_reference(match)["conv_net"] == (cell,)


def test_one_model_over_three_cells() -> None:
    """A model defined, compiled and trained in three cells is one, and bears the cell that trained it in its label."""
    match = matched_work(real_life().stage.recording())
    small = match.question("2.3").model
    assert small is not None
    assert small.cells == (6, 8, 9)
    assert small.label == "model, cell 10"


def test_trained_only_once() -> None:
    """The network that the lab gives and asks to train, trained once, answers both questions."""
    stage = Stage()
    stage.train(9, mlp(64, 64))
    match = matched_work(stage.recording())
    models = {model.reference: model for model in match.models}
    assert models["given_mlp"].trainings == models["small_mlp"].trainings
    assert models["given_mlp"].confidence < 1.0


def test_a_model_nothing_asks_for() -> None:
    """A further model stays in the match without a reference."""
    stage = real_life().stage
    stage.train(19, (flatten(), dense(10, "softmax")), epochs=3)
    match = matched_work(stage.recording())
    further = [model for model in match.models if model.reference is None]
    assert [model.cells for model in further] == [(19,)]


def test_the_best_of_several_designs() -> None:
    """Of several convolutional attempts the best one answers a question that leaves the design free."""
    stage = real_life().stage
    stage.train(18, (conv(8), flatten(), dense(10, "softmax")), epochs=2, final=0.95)
    stage.train(18, (conv(16), pool(), flatten(), dense(10, "softmax")), epochs=3, final=0.96)
    match = matched_work(stage.recording())
    model = match.question("3.1").model
    assert model is not None
    assert match.trainings(model)[0].fit.epochs == 40


def test_figures_found_anywhere() -> None:
    """A plot of the model's history counts wherever it was drawn, another model's only under the question itself."""
    stage = real_life().stage
    trained = next(training for training in stage.recording().trainings() if training.cell == 9)
    late = stage.plot(19, [100 * value for value in trained.history.metrics["val_accuracy"]])
    other = stage.plot(19, [0.1, 0.2, 0.3])
    figures = matched_work(stage.recording()).question("2.3").figures
    assert late in figures
    assert other not in figures
    assert len(figures) == 2


def test_trained_again_in_a_later_cell() -> None:
    """One object compiled anew and trained again in a later cell is split by training."""
    stage = Stage()
    model = stage.build(3, mlp(64, 64))
    stage.compile(3, model)
    stage.fit(3, model)
    stage.compile(8, model, WRONG)
    stage.fit(9, model, continued=True)
    expected = {"given_mlp": (3,), "small_mlp": (9,)}
    assert cells_by_reference(matched_work(stage.recording())) == expected


def test_a_training_carried_on() -> None:
    """Two fits of the same network with the same arguments in two cells stay one model where only one is asked for."""
    stage = Stage()
    model = stage.build(12, mlp(500, 300))
    stage.compile(12, model)
    stage.fit(12, model, epochs=20)
    stage.fit(13, model, epochs=20, continued=True)
    match = matched_work(stage.recording())
    deep = match.question("2.4a").model
    assert deep is not None
    assert len(deep.trainings) == 2


def test_built_but_never_trained() -> None:
    """A model that is built and shown but never trained still answers for its architecture."""
    stage = Stage()
    stage.build(12, mlp(500, 300), summary=True)
    model = matched_work(stage.recording()).question("2.4a").model
    assert model is not None
    assert model.trainings == ()


def test_falls_back_on_saved_outputs() -> None:
    """Where no code ran, a saved summary with the right size fills the place, with low confidence."""
    saved = Stage("saved")
    saved.add(LoggedSummary, 12, layers=(("Dense", "(None, 500)", 392_500),), parameters=545_810)
    saved.log(13, 40)
    match = matched_work(Stage().recording(), saved=saved.recording())
    model = match.question("2.4a").model
    assert model is not None
    assert model.models == ()
    assert model.cells == (12, 13)
    assert 0.0 < model.confidence <= 0.4


def test_nothing_at_all() -> None:
    """An empty recording gives a match with every question and no model."""
    match = matched_work(Stage().recording(), placed=False)
    assert match.models == ()
    assert all(question.model is None for question in match.questions)


def test_the_same_each_time() -> None:
    """The same recording gives the same match."""
    assert matched_work(real_life().stage.recording()) == matched_work(real_life().stage.recording())


def test_a_baseline_belongs_to_its_sweep() -> None:
    """Networks without decay trained in the sweep's own loop are part of the sweep; the plain network stays its own."""
    stage = Stage()
    stage.train(13, mlp(500, 300), epochs=40)
    for factor in (None, 1e-6, 1e-4, 1e-3):
        for _ in range(2):
            stage.train(15, mlp(500, 300, l2=(factor, factor)))
    match = matched_work(stage.recording())
    sweep = match.question("2.4b").model
    deep = match.question("2.4a").model
    assert sweep is not None
    assert deep is not None
    assert len(sweep.trainings) == 8
    assert deep.cells == (13,)


def test_earlier_to_earlier() -> None:
    """Of two equal networks without any ids, the earlier answers the earlier question, wherever others stand."""
    stage = Stage()
    stage.train(2, mlp(500, 300), epochs=40)
    stage.train(3, mlp(64, 64))
    stage.train(9, mlp(64, 64))
    found = cells_by_reference(matched_work(stage.recording(), placed=False))
    assert (found["given_mlp"], found["small_mlp"]) == ((3,), (9,))
