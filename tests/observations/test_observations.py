"""Observations: what is seen, and above all what must not be held against anybody."""

from __future__ import annotations

from typing import Any

import pytest
from fictional_recordings import (
    Stage,
    arguments,
    data,
    dense,
    flatten,
    matched,
    mlp,
    other_model,
    question_of,
    reference_lab,
    reference_of,
    submission,
)

from grader.observations.execution import failed_cells
from grader.observations.hand_in import HandIn
from grader.observations.observe import observe
from grader.records import Axes, CellFailed, Evaluated, Figure, FigureDrawn, Layer, Line, Match, Observation

REFERENCE = reference_lab()
TRAINED = {"kind": "trained", "points": 1}
WRITTEN = {"kind": "written", "points": 1}


def match_of(rerun: Stage, trainings: list[Any], question: Any = None, **more: Any) -> Match:
    """One question, answered by `trainings`."""
    question = question or question_of("2.3", TRAINED, model="small_mlp")
    return matched(question, rerun, trainings, **more)[1]


def seen(kind: str, match: Match) -> list[Observation]:
    """The observations of one kind."""
    return [observation for observation in observe(match, REFERENCE) if observation.kind == kind]


def test_a_clean_hand_in() -> None:
    """A hand-in whose outputs agree with its code raises nothing but the validation on the test set."""
    rerun, saved = Stage(), Stage("saved")
    training = rerun.train(1, mlp(64, 64))
    rerun.plot(2, training.history.metrics["accuracy"])
    saved.log(1, 10)
    work = submission(counts={0: 1, 1: 2, 2: 3})
    found = observe(match_of(rerun, [training], saved=saved, work=work), REFERENCE)
    assert [observation.kind for observation in found] == ["validation_on_test"]
    assert "So does the reference solution" in found[0].message


@pytest.mark.parametrize("split", ["test", "mixed"])
def test_trained_on_the_test_set(split: str) -> None:
    """Images of the test set among the training rows are named, whatever the arrays are called."""
    rerun = Stage()
    taught = rerun.train(1, mlp(64, 64), train=data(split))
    found = seen("trained_on_test", match_of(rerun, [taught]))
    assert len(found) == 1
    assert "Cell 2 trains on images of the test set" in found[0].message
    rerun = Stage()
    assert seen("trained_on_test", match_of(rerun, [rerun.train(1, mlp(64, 64))])) == []


def test_validated_on_the_training_rows() -> None:
    """Rows of the training part that cannot lie apart are named; parts that may, and splits, are not."""
    rerun = Stage()
    shared = rerun.train(1, mlp(64, 64), validation=data("train"))
    found = seen("validation_on_training", match_of(rerun, [shared]))
    assert len(found) == 1
    assert "60,000 training and 60,000 validation rows" in found[0].proof
    rerun = Stage()
    apart = rerun.train(1, mlp(64, 64), train=data(rows=50_000), validation=data("train", 10_000))
    tested = rerun.train(2, mlp(64, 64))
    assert seen("validation_on_training", match_of(rerun, [apart, tested])) == []


def test_a_stale_log() -> None:
    """Code for 40 epochs above a log of 4 is seen, with both numbers and the cell."""
    rerun, saved = Stage(), Stage("saved")
    training = rerun.train(28, mlp(64, 64), epochs=40)
    saved.log(28, 4)
    found = seen("stale_log", match_of(rerun, [training], saved=saved))
    assert len(found) == 1
    assert found[0].message == "The code of cell 29 trains for 40 epochs; the output saved under it shows 4 epochs."
    assert found[0].question == "2.3"
    assert "fit(epochs=40)" in found[0].proof
    assert "'Epoch 1/4'" in found[0].proof


def test_a_stale_log_of_one_epoch() -> None:
    """Logs without `Epoch k/n` are of one epoch: fifteen of them under code for ten are one observation."""
    rerun, saved = Stage(), Stage("saved")
    trainings = [rerun.train(5, mlp(500, 300, l2=(1e-4,)), batch=32, seed=n) for n in range(15)]
    for n in range(15):
        saved.log(5, 1, steps=1875, seed=n)
    found = seen("stale_log", match_of(rerun, trainings, saved=saved))
    assert len(found) == 1
    assert "shows 1 epoch, in 15 trainings" in found[0].message


@pytest.mark.parametrize("why", ["early stopping", "cut short", "other number", "a line of evaluate", "repeats itself"])
def test_no_stale_log(why: str) -> None:
    """Early stopping, a cut log, unequal numbers of logs, and lines of `evaluate` prove nothing."""
    rerun, saved = Stage(), Stage("saved")
    trainings = [rerun.train(1, mlp(64, 64), epochs=40)]
    if why == "early stopping":
        saved.log(1, 12, declared=40)
    elif why == "cut short":
        saved.log(1, 3, declared=40)
    elif why == "other number":
        saved.log(1, 4)
        saved.log(1, 40)
    elif why == "a line of evaluate":
        saved.log(1, 1, steps=313)
    else:
        trainings.append(rerun.train(1, mlp(64, 64), epochs=40))
        saved.log(1, 40)
    assert seen("stale_log", match_of(rerun, trainings, saved=saved)) == []


def test_another_batch_size() -> None:
    """Steps that the batch size does not give are seen; rows counted by old versions of Keras are not."""
    rerun, stale, old = Stage(), Stage("saved"), Stage("saved")
    training = rerun.train(1, mlp(64, 64), batch=32)
    stale.log(1, 10, steps=469)
    old.log(1, 10, steps=60_000)
    assert "shows 469 steps per epoch; its code gives 1,875" in (
        seen("stale_batch_size", match_of(rerun, [training], saved=stale))[0].message
    )
    assert seen("stale_batch_size", match_of(rerun, [training], saved=old)) == []
    # The teacher's copy of the data set may be a part of it: the group had all rows.
    part, whole = Stage(), Stage("saved")
    training = part.train(1, mlp(64, 64), batch=32)
    part.events[-1] = training.model_copy(update={"train": training.train.model_copy(update={"rows": 6_000})})
    whole.log(1, 10, steps=1_875)
    assert seen("stale_batch_size", match_of(part, [training], saved=whole)) == []
    # So may what they took of it, unless another training shows that all rows are at hand.
    taken = Stage("saved")
    taken.log(1, 10, steps=1_688)
    match = match_of(part, [training], saved=taken)
    assert [one.kind for one in observe(match, reference_of(part, {}))].count("stale_batch_size") == 0
    assert seen("stale_batch_size", match) != []


def loss_question() -> Any:
    """A question on the loss function."""
    return question_of("2.2.1", WRITTEN, model="small_mlp", title="Which loss function is used?")


@pytest.mark.parametrize(
    ("answer", "compiled", "is_seen"),
    [
        ("categorical_crossentropy, for one-hot labels", "binary_crossentropy", True),
        ("Categorical cross-entropy", "sparse_categorical_crossentropy", False),
        ("not binary cross-entropy but categorical crossentropy", "binary_crossentropy", False),
        ("cross-entropy", "binary_crossentropy", False),
        ("categorical crossentropy", "custom:mine", False),
    ],
)
def test_a_loss_in_the_text(answer: str, compiled: str, is_seen: bool) -> None:
    """A loss named alone in the text and not used in the code is seen; kin, both names, or none are not."""
    rerun = Stage()
    training = rerun.train(1, mlp(64, 64), arguments(compiled))
    found = seen("loss_differs", match_of(rerun, [training], loss_question(), answer=answer))
    assert bool(found) is is_seen


def test_unscaled_input() -> None:
    """Raw pixels are seen, unless the model scales them itself or the data are unknown."""
    raw = {"train": data(scale=1.0), "validation": data("test", 10_000, scale=1.0)}
    for layers, more, expected in (
        (mlp(64, 64), raw, 1),
        ((Layer(class_name="Rescaling", name="r"), *mlp(64, 64)), raw, 0),
        (mlp(64, 64), {"train": data(scale=1.0, dataset=None)}, 0),
        (mlp(64, 64), {}, 0),
    ):
        rerun = Stage()
        match = match_of(rerun, [rerun.train(1, layers, **more)])
        assert len(seen("unscaled_input", match)) == expected


def test_scaled_differently() -> None:
    """Training data scaled and validation data not, or the other way round, is seen once."""
    rerun = Stage()
    training = rerun.train(1, mlp(64, 64), validation=data("test", 10_000, scale=1.0))
    found = seen("scaled_differently", match_of(rerun, [training]))
    assert len(found) == 1
    assert "times 0.0039216 in training, times 1 in cell 2" in found[0].message


def test_decay_on_one_layer() -> None:
    """Weight decay on one hidden layer only is seen where the reference has it on all."""
    rerun = Stage()
    question = question_of("2.4", TRAINED, model="decayed_mlp")
    one = match_of(rerun, [rerun.train(1, mlp(500, 300, l2=(1e-4,)))], question)
    assert "weight decay is on Dense 500 only; Dense 300 has none" in seen("decay_missing", one)[0].message
    rerun = Stage()
    both = match_of(rerun, [rerun.train(1, mlp(500, 300, l2=(1e-4, 1e-4)))], question)
    assert seen("decay_missing", both) == []


def test_another_model_plotted() -> None:
    """A plot of a model that is neither the last trained nor the question's is seen; comparisons are not."""
    rerun = Stage()
    first, second = rerun.train(0, mlp(64, 64)), rerun.train(1, mlp(64, 64))
    rerun.plot(2, first.history.metrics["val_accuracy"])
    match = match_of(rerun, [second], others=(other_model(first),), cells=(1, 2))
    assert "plots the history of `another model`" in seen("other_model_plotted", match)[0].message
    rerun.plot(2, first.history.metrics["val_accuracy"], second.history.metrics["val_accuracy"])
    rerun.plot(2, second.history.metrics["val_accuracy"])
    match = match_of(rerun, [second], others=(other_model(first),), cells=(1, 2))
    assert len(seen("other_model_plotted", match)) == 1


def test_a_setting_chosen_on_the_test_set() -> None:
    """A sweep validated on the test set is seen where the best of it is taken; one that is only shown is not."""
    sweep = {"kind": "sweep", "points": 1, "regularizer": "l2"}
    question = question_of("2.4", sweep, model="decayed_mlp")
    loop = "for f in factors:\n    accs.append(build(f).fit(x, y).history['val_accuracy'][-1])"
    for code, expected in (
        ({5: loop, 6: "best = factors[np.argmax(mean_acc)]"}, 1),
        ({5: f"{loop}\nbest = max(scores, key=scores.get)"}, 1),
        ({5: loop, 6: "best = max(mean_acc)"}, 0),
        ({5: f"{loop}\nprint(np.argmax(accs))"}, 0),
        ({5: loop, 6: "spread = accs.max(axis=1) - accs.min(axis=1)"}, 0),
        ({5: loop, 6: "plt.title(f'best {max(mean_acc):.4f}')"}, 0),
        ({5: loop, 6: "digits = np.argmax(model.predict(x_val), axis=1)"}, 0),
        ({5: loop, 6: "plt.errorbar(x, mean_acc)"}, 0),
        ({5: f"print(max(h.history['val_accuracy']))\n{loop}"}, 0),
        ({5: loop, 6: "net.fit(x, y)", 7: "best = max(val_acc)"}, 0),
        ({5: loop, 6: "n = max(sizes)"}, 0),
    ):
        rerun = Stage()
        trainings = [rerun.train(5, mlp(500, 300, l2=(f, f))) for f in (1e-6, 1e-4, 1e-3)]
        match = match_of(rerun, trainings, question, work=submission(9, code=code))
        assert len(seen("chosen_on_test", match)) == expected


def test_what_follows_from_a_failure() -> None:
    """A cell that misses what a failed cell would have made is named as a consequence, not as a failure of its own."""
    rerun = Stage()
    root = rerun.add(CellFailed, 3, error="ValueError", message="shapes differ", line=4)
    rerun.add(CellFailed, 4, error="NameError", message="name 'pooled' is not defined", line=1, follows=root.seq)
    work = submission(6, code={3: "pooled = pool(x)", 4: "print(pooled)"})
    match = match_of(rerun, [], work=work)
    assert len(seen("failed_cell", match)) == 1
    assert "`pooled` would have been made" in seen("failed_after_failure", match)[0].message


@pytest.mark.parametrize(
    ("loss", "last", "more", "is_seen"),
    [
        ("binary_crossentropy", dense(10, "softmax"), {}, True),
        ("binary_crossentropy", dense(1, "sigmoid"), {}, False),
        ("binary_crossentropy", dense(10, "sigmoid"), {}, False),
        ("categorical_crossentropy", dense(10, "linear"), {}, True),
        ("categorical_crossentropy", dense(10, "linear"), {"from_logits": True}, False),
        ("sparse_categorical_crossentropy", dense(10, "softmax"), {"from_logits": True}, True),
        ("categorical_crossentropy", dense(1, "softmax"), {}, True),
        ("mean_squared_error", dense(10, "softmax"), {}, False),
        ("custom:mine", dense(10, "softmax"), {}, False),
    ],
)
def test_losses_and_outputs(loss: str, last: Layer, more: dict[str, Any], is_seen: bool) -> None:
    """A loss that contradicts the output layer is seen; multi-label outputs, logits and squared errors are not."""
    rerun = Stage()
    training = rerun.train(1, (flatten(), dense(64), last), arguments(loss, **more))
    assert bool(seen("loss_mismatch", match_of(rerun, [training]))) is is_seen


@pytest.mark.parametrize(("label", "is_seen"), [("accuracy", True), ("loss", False), ("", False), ("epochs", True)])
def test_an_axis_of_another_name(label: str, is_seen: bool) -> None:
    """A recorded loss drawn beside a y axis that says accuracy or epochs is seen, point by point; no label is not."""
    rerun = Stage()
    training = rerun.train(1, mlp(64, 64))
    rerun.plot(2, training.history.metrics["loss"], training.history.metrics["val_loss"], y_label=label)
    assert bool(seen("axis_label", match_of(rerun, [training]))) is is_seen


def test_evaluated_twice_and_not_at_all() -> None:
    """In the rerun, too, a second evaluation of the older model in place of the newer is seen; one of each is not."""
    rerun = Stage()
    first, second = rerun.train(0, mlp(64, 64)), rerun.train(2, mlp(128))
    for older in (first, first):
        test = {"data": data("test", 10_000), "metrics": {"accuracy": 0.9}}
        rerun.add(Evaluated, 3, model=older.model, architecture=older.architecture, trained=older.seq, **test)
    match = match_of(rerun, [first, second])
    assert len(seen("other_model_evaluated", match)) == 1
    rerun.add(Evaluated, 4, model=second.model, architecture=second.architecture, trained=second.seq, **test)
    assert seen("other_model_evaluated", match_of(rerun, [first, second])) == []


def test_failed_cells() -> None:
    """A failed cell is seen with its error and line; an error stored in the outputs too."""
    rerun = Stage()
    rerun.add(CellFailed, 3, error="NameError", message="name 'x' is not defined", line=4)
    found = seen("failed_cell", match_of(rerun, []))
    assert found[0].proof == "cell 4, line 4: NameError: name 'x' is not defined"


def best_question() -> Any:
    """A question on the best validation accuracy."""
    criterion = {"kind": "states_number", "points": 1, "of": "best_val_accuracy"}
    return question_of("2.4", criterion, model="small_mlp", title="Best validation accuracy")


def test_better_than_claimed() -> None:
    """A better accuracy in the group's own logs than the best it states is seen, as a maybe."""
    rerun, saved = Stage(), Stage("saved")
    training = rerun.train(1, mlp(64, 64))
    best = max(epoch.metrics["val_accuracy"] for epoch in saved.log(1, 10, 0.92).epochs)
    saved.log(2, 10, 0.97)
    match = match_of(rerun, [training], best_question(), saved=saved, answer=f"It is {best:.4f}.", cells=(1, 2))
    found = seen("better_than_claimed", match)
    assert len(found) == 1
    assert "maybe" in found[0].message
    alone = match_of(rerun, [training], best_question(), saved=saved, answer=f"It is {best:.4f}.", cells=(1,))
    assert seen("better_than_claimed", alone) == []


@pytest.mark.parametrize(
    ("answer", "is_seen"),
    [
        ("The accuracy is 0.9911.", True),
        ("The accuracy is 0.9205.", False),
        ("The accuracy is 92.05 %, or 0.921.", False),
        ("The accuracy target is 0.9847.", False),
        ("The dropout rate is 0.625.", False),
        ("The accuracy is about 0.99.", False),
    ],
)
def test_an_unfounded_number(answer: str, is_seen: bool) -> None:
    """An accuracy that stands in no output is seen; rounded ones, those in the code and other numbers are not."""
    rerun = Stage()
    training = rerun.train(1, mlp(64, 64))
    work = submission(5, code={2: "goal = 0.9847"}, outputs={1: ("accuracy: 0.92049998",)})
    match = match_of(rerun, [training], best_question(), work=work, answer=answer)
    assert bool(seen("unfounded_number", match)) is is_seen


def test_no_outputs_no_accusation() -> None:
    """Where no outputs were handed in, no number is called unfounded."""
    rerun = Stage()
    training = rerun.train(1, mlp(64, 64))
    match = match_of(rerun, [training], best_question(), answer="The accuracy is 0.9911.")
    assert seen("unfounded_number", match) == []
    # A log that was pasted elsewhere says nothing of what this code printed, as a script keeps nothing.
    elsewhere = submission(5, outputs={4: ("accuracy: 0.92049998",)})
    match = match_of(rerun, [training], best_question(), work=elsewhere, answer="The accuracy is 0.9911.")
    assert seen("unfounded_number", match) == []


@pytest.mark.parametrize(
    ("environment", "is_seen"), [({}, True), ({"effort": "quick"}, False), ({"standin": True}, False)]
)
def test_an_accuracy_that_is_not_reached(environment: dict[str, Any], is_seen: bool) -> None:
    """A saved accuracy far above the rerun's is seen with all data only, never with less data or other data."""
    rerun, saved = Stage(**environment), Stage("saved")
    training = rerun.train(1, mlp(64, 64), final=0.85)
    saved.log(1, 10, 0.98)
    assert bool(seen("accuracy_not_reached", match_of(rerun, [training], saved=saved))) is is_seen


def test_execution_order() -> None:
    """Falling execution counts are seen as a maybe, rising ones with gaps are not."""
    rerun = Stage()
    falling = submission(4, counts={0: 1, 1: 7, 2: 3})
    rising = submission(4, counts={0: 1, 1: 7, 3: 12})
    assert "may" in seen("execution_order", match_of(rerun, [], work=falling))[0].message
    assert seen("execution_order", match_of(rerun, [], work=rising)) == []


def test_repeated_cells() -> None:
    """The same model twice is seen once; the same plot is not: it may show another history."""
    rerun = Stage()
    work = submission(
        6,
        code={
            1: "model = Sequential()\nb = 2\nc = 3",
            4: "model = Sequential()\n\nb = 2\nc = 3\n",
            2: "plt.plot(a)\nplt.title('x')\nplt.show()",
            3: "plt.plot(a)\nplt.title('x')\nplt.show()",
        },
    )
    found = seen("repeated_cell", match_of(rerun, [], work=work))
    assert len(found) == 1
    assert found[0].message == "Cell 2 and cell 5 hold the same code."


def test_an_observer_that_fails(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An observer that fails is left out and logged, and the others are heard."""

    def broken(hand_in: HandIn) -> list[Observation]:
        raise RuntimeError("broken on purpose")

    rerun = Stage()
    rerun.add(CellFailed, 3, error="NameError", message="x")
    monkeypatch.setitem(observe.__globals__, "OBSERVERS", (broken, failed_cells))
    assert [observation.kind for observation in observe(match_of(rerun, []), REFERENCE)] == ["failed_cell"]
    assert "broken on purpose" in caplog.text


def test_unregularised_models_are_left_alone() -> None:
    """A model without any weight decay is not told that it lacks it."""
    rerun = Stage()
    training = rerun.train(1, (flatten(), *mlp(64, 64)[1:]))
    assert seen("decay_missing", match_of(rerun, [training])) == []


@pytest.mark.parametrize(
    ("names", "is_seen"),
    [
        (("validation", "training"), True),
        (("training", "validation"), False),
        (("a", "b"), False),
        ((), False),
        (("validation", "validation"), False),
        (("training and validation", "training"), False),
        (("accuracy", "val_accuracy"), False),
    ],
)
def test_a_legend_the_wrong_way_round(names: tuple[str, ...], is_seen: bool) -> None:
    """Only a legend that names both recorded curves, each as the other, is seen."""
    rerun = Stage()
    training = rerun.train(1, mlp(64, 64))
    drawn = [training.history.metrics[metric] for metric in ("accuracy", "val_accuracy")]
    lines = tuple(
        Line(x=tuple(range(len(y))), y=tuple(y), points=len(y), label=name)
        for y, name in zip(drawn, names or ("", ""), strict=True)
    )
    rerun.add(FigureDrawn, 2, figure=Figure(axes=(Axes(lines=lines, legend=names),)))
    assert bool(seen("swapped_legend", match_of(rerun, [training]))) is is_seen


@pytest.mark.parametrize(
    ("start", "step", "label", "is_seen"),
    [
        (0, 10, "epoch", True),
        (0, 1, "epoch", False),
        (1, 1, "epoch", False),
        (11, 1, "epoch", False),
        (0.5, 1, "epoch", False),
        (0, 10, "minutes", False),
        (0, 10, "", False),
    ],
)
def test_epochs_on_another_scale(start: float, step: float, label: str, is_seen: bool) -> None:
    """A whole history in steps of ten epochs is seen; one that starts elsewhere, or counts something else, is not."""
    rerun = Stage()
    training = rerun.train(1, mlp(64, 64))
    y = training.history.metrics["accuracy"]
    rerun.plot(2, y, x=[start + step * n for n in range(len(y))], x_label=label)
    assert bool(seen("scaled_epochs", match_of(rerun, [training]))) is is_seen
