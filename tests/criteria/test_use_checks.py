"""Verdicts on what is done with a trained model: evaluated, asked, saved, counted, shown."""

from __future__ import annotations

from typing import Any

import pytest
from fictional_recordings import Stage, data, dense, matched, mlp, question_of, reference_lab, submission
from test_figure_checks import figure, model_of, scored

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.records import (
    Axes,
    CellFailed,
    Evaluated,
    History,
    LoggedScore,
    ModelSaved,
    Predicted,
    Printed,
    Score,
    SummaryShown,
    Trained,
    Verdict,
)

REFERENCE = reference_lab()


def verdict(kind: str, stage: Stage, trainings: list[Trained], **more: Any) -> Verdict:
    """The verdict of one criterion of 4 points on a question about `small_mlp`; the rest is `matched`'s."""
    extra = {key: more.pop(key) for key in ("saved", "cells", "answer", "others", "work") if key in more}
    asked = question_of("1", {"kind": kind, "points": 4, **more}, model="small_mlp")
    answered, match = matched(asked, stage, trainings, **extra)
    return verdict_of(asked.criteria[0], Case(answered, match, REFERENCE))


def evaluate(stage: Stage, cell: int, training: Trained, split: Any = "test", rows: int = 1000, **more: Any) -> Any:
    fields: dict[str, Any] = {
        "trained": training.seq,
        "metrics": {"loss": 0.31, "accuracy": training.test.accuracy if training.test else 0.5},
    }
    return stage.add(
        Evaluated,
        cell,
        model=training.model,
        architecture=training.architecture,
        data=data(split, rows),
        **(fields | more),
    )


def predict(stage: Stage, cell: int, training: Trained, split: Any = "test", rows: int = 1000, **more: Any) -> Any:
    return stage.add(
        Predicted,
        cell,
        model=training.model,
        architecture=training.architecture,
        data=data(split, rows),
        output_shape=(rows, 10),
        **({"trained": training.seq} | more),
    )


def test_evaluated_and_printed() -> None:
    """The right model on all test images, with its accuracy printed or written down, earns everything."""
    stage = Stage()
    training = scored(stage)
    evaluate(stage, 3, training)
    assert verdict("evaluated", stage, [training], answer="We get 0.90 on the test set.").status == "passed"
    silent = verdict("evaluated", stage, [training])
    assert silent.awarded == 2.0
    assert "neither loss nor accuracy is shown" in silent.explanation
    stage.add(Printed, 3, text="Test accuracy: 0.9\n")
    found = verdict("evaluated", stage, [training])
    assert found.status == "passed"
    assert "on 1,000 test images: accuracy 0.9000, loss 0.3100" in found.explanation


@pytest.mark.parametrize(("split", "rows", "points"), [("train", 60_000, 2.0), ("test", 100, 3.0)])
def test_evaluated_on_other_data(split: str, rows: int, points: float) -> None:
    """Training images, or a part of the test images, earn less."""
    stage = Stage()
    training = scored(stage)
    evaluate(stage, 3, training, split, rows)
    assert verdict("evaluated", stage, [training], answer="0.90").awarded == points


def test_evaluated_on_unknown_data() -> None:
    """Images that labgrade does not recognise are left to a person."""
    stage = Stage()
    training = scored(stage)
    evaluate(stage, 3, training, "unknown")
    assert verdict("evaluated", stage, [training], answer="0.90").status == "review"


def test_evaluated_with_a_word_that_labgrade_contradicts() -> None:
    """What the code claims is held against labgrade's own measurement."""
    stage = Stage()
    training = scored(stage)
    evaluate(stage, 3, training, metrics={"accuracy": 0.99})
    found = verdict("evaluated", stage, [training], answer="0.99")
    assert found.status == "review"
    assert "Labgrade measured an accuracy of 0.9000" in found.explanation


@pytest.mark.parametrize(
    ("accuracy", "measured", "points"),
    [("epoch", True, 4.0), ("untrained", True, 0.0), ("better", True, 0.0), ("epoch", False, 0.0)],
)
def test_a_best_checkpoint_is_evaluated(accuracy: str, measured: bool, points: float) -> None:
    """Weights of an epoch are the model's own, as labgrade measures them; untrained or other weights are not."""
    stage = Stage()
    training = scored(stage)
    epochs = training.history.metrics["val_accuracy"]
    value = {"epoch": epochs[-2], "untrained": 0.1, "better": max(epochs) + 0.05}[accuracy]
    score = Score(dataset="mnist", rows=1000, accuracy=value) if measured else None
    evaluate(stage, 3, training, trained=None, metrics={"accuracy": value}, measured=score)
    stage.add(Printed, 3, text=f"accuracy: {value:.4f}\n")
    assert verdict("evaluated", stage, [training]).awarded == points


def test_another_model_is_evaluated() -> None:
    """Another model's evaluation under this question is named; with values in the text a person decides."""
    stage = Stage()
    training, other = scored(stage), scored(stage, 2, 0.8)
    evaluate(stage, 3, other)
    others = (model_of(other),)
    found = verdict("evaluated", stage, [training], cells=(1, 3), others=others)
    assert found.status == "failed"
    assert "Cell 4 evaluates `model, cell 3`." in found.explanation
    assert verdict("evaluated", stage, [training], cells=(3,), others=others, answer="0.81").status == "review"


def test_accuracy_from_predictions() -> None:
    """A printed accuracy worked out from predictions is as good when labgrade measures the same."""
    stage = Stage()
    training = scored(stage, accuracy=0.912)
    predict(stage, 3, training)
    assert verdict("evaluated", stage, [training]).status == "failed"
    stage.add(Printed, 4, text="0.912")
    assert verdict("evaluated", stage, [training]).status == "passed"


def test_score_in_the_saved_output_alone() -> None:
    """A score that was handed in but not seen again is left to a person."""
    stage, saved = Stage(), Stage("saved")
    saved.add(LoggedScore, 1, metrics={"accuracy": 0.92}, text="Test accuracy: 0.92")
    training = scored(stage)
    found = verdict("evaluated", stage, [training], saved=saved)
    assert found.status == "review"
    assert "“Test accuracy: 0.92”" in found.explanation


def titled(number: int, title: str) -> list[Axes]:
    return [Axes(images=((28, 28),), title=title) for _ in range(number)]


@pytest.mark.parametrize(
    ("title", "points"),
    [("predicted 4, true 4", 4.0), ("9 (9)", 4.0), ("pred: cat / true: dog", 4.0), ("4", 3.0), ("", 2.0)],
)
def test_predictions_with_labels(title: str, points: float) -> None:
    """Two labels at each image earn everything, one label less, none half."""
    stage = Stage()
    training = scored(stage)
    predict(stage, 3, training)
    figure(stage, 3, *titled(25, title))
    assert verdict("prediction", stage, [training], images=25).awarded == points


def test_labels_that_disagree_go_to_a_person() -> None:
    """Far fewer agreeing labels than the accuracy makes likely: perhaps the wrong ones were shown, perhaps others'."""
    stage = Stage()
    training = scored(stage, accuracy=0.97)
    predict(stage, 3, training)
    figure(stage, 3, *titled(22, "predicted 4, true 9"), *titled(3, "predicted 4, true 4"))
    found = verdict("prediction", stage, [training], images=25)
    assert found.status == "review"
    assert "agree for 3 of 25 images" in found.explanation
    honest = Stage()
    training = scored(honest, accuracy=0.97)
    predict(honest, 3, training)
    figure(honest, 3, *titled(3, "predicted 4, true 9"), *titled(22, "predicted 4, true 4"))
    assert verdict("prediction", honest, [training], images=25).status == "passed"


def test_accuracy_from_predictions_in_parts() -> None:
    """Predictions of the test set batch by batch are those of the whole; of a part of it they are not."""
    stage = Stage()
    training = scored(stage, accuracy=0.912)
    stage.add(Printed, 4, text="0.912")
    predict(stage, 3, training, rows=600)
    assert verdict("evaluated", stage, [training]).status == "failed"
    predict(stage, 3, training, rows=400)
    assert verdict("evaluated", stage, [training]).status == "passed"


def test_accuracy_by_hand_of_a_model_that_cannot_be_measured() -> None:
    """Where labgrade has no score of its own, a value printed where the model is asked goes to a person."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64), test=None)
    predict(stage, 3, training)
    assert verdict("evaluated", stage, [training]).status == "failed"
    stage.add(Printed, 3, text="test accuracy by our own count: 0.9693")
    found = verdict("evaluated", stage, [training])
    assert found.status == "review"
    assert "0.9693 is printed" in found.explanation


def test_predictions_with_probabilities() -> None:
    """Probabilities stand in titles or in print."""
    stage = Stage()
    training = scored(stage)
    predict(stage, 3, training, rows=1)
    assert verdict("prediction", stage, [training], shows="probabilities").awarded == 2.0
    stage.add(Printed, 3, text="[[1.2e-05 0.98 0.01 0.002]]")
    assert verdict("prediction", stage, [training], shows="probabilities").status == "passed"


def test_predictions_of_training_images_or_another_model() -> None:
    """Training images halve the points; another model's predictions are named."""
    stage = Stage()
    training, other = scored(stage), scored(stage, 2)
    predict(stage, 3, other)
    others = (model_of(other),)
    found = verdict("prediction", stage, [training], cells=(3,), others=others)
    assert found.status == "failed"
    assert "predicts with `model, cell 3`, not this model." in found.explanation
    predict(stage, 4, training, "train")
    figure(stage, 4, *titled(1, "1 1"))
    assert verdict("prediction", stage, [training], others=others).awarded == 2.0


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("900 correct, 100 wrong", 4.0),
        ("100  classified incorrectly\n900  classified correctly", 4.0),
        ("950 correct, 50 wrong", 2.0),
        ("900 correct", 0.0),
    ],
)
def test_right_and_wrong(text: str, points: float) -> None:
    """Two counts that add up to the test images must fit the measured accuracy."""
    stage = Stage()
    training = scored(stage)
    stage.add(Printed, 4, text=text)
    assert verdict("right_and_wrong", stage, [training]).awarded == points


def test_right_and_wrong_of_another_model_or_by_hand() -> None:
    """Counts of another model are named as its; counts in a text or a saved output alone go to a person."""
    stage = Stage()
    training, other = scored(stage), scored(stage, 2, 0.8)
    stage.add(Printed, 4, text="800 and 200")
    found = verdict("right_and_wrong", stage, [training], others=(model_of(other),))
    assert found.status == "failed"
    assert "They are those of `model, cell 3`." in found.explanation
    stage = Stage()
    assert verdict("right_and_wrong", stage, [scored(stage)], answer="910 right and 90 wrong").status == "review"


def save(stage: Stage, cell: int, training: Trained, **more: Any) -> Any:
    fields = {"trained": training.seq, "what": "model", "ending": ".keras"}
    return stage.add(ModelSaved, cell, model=training.model, architecture=training.architecture, **(fields | more))


def test_saved_model() -> None:
    """Saved after training passes, in a folder that is not here too; before training earns half."""
    for more, points in (({}, 4.0), ({"written": False}, 4.0), ({"trained": None}, 2.0)):
        stage = Stage()
        training = scored(stage)
        save(stage, 3, training, **more)
        assert verdict("saved_model", stage, [training]).awarded == points
    stage = Stage()
    training, other = scored(stage), scored(stage, 2)
    save(stage, 3, other)
    more = {"others": (model_of(other, "deep_mlp"),)}
    assert "is saved, but not this model" in verdict("saved_model", stage, [training], **more).explanation


def test_saved_less_than_was_asked_for() -> None:
    """Weights alone earn half where the model was asked for; kind of file and folder are reasons of their own."""
    stage = Stage()
    training = scored(stage)
    save(stage, 3, training, what="weights", ending=".h5", written=False)
    found = verdict("saved_model", stage, [training], what="model")
    assert found.awarded == 2.0
    codes = [reason.code for reason in found.reasons]
    assert codes == ["saved_model.saved_as", "saved_model.no_folder", "saved_model.other_asked"]
    assert found.explanation.endswith("The model was asked for.")


def test_saved_in_other_ways() -> None:
    """A checkpoint callback saves too; a pickle is left to a person."""
    stage = Stage()
    kept = scored(stage, fit={"callbacks": ({"class_name": "ModelCheckpoint"},)})
    assert verdict("saved_model", stage, [kept]).status == "passed"
    stage = Stage()
    work = submission(code={3: "pickle.dump(model, open('m.pkl', 'wb'))"})
    assert verdict("saved_model", stage, [scored(stage)], work=work).status == "review"


def test_summary_shown() -> None:
    """A summary in the rerun, or a saved one of the right size."""
    stage, saved = Stage(), Stage("saved")
    training = scored(stage)
    assert verdict("summary_shown", stage, [training], saved=saved).status == "failed"
    stage.add(SummaryShown, 2, model=training.model, architecture=training.architecture)
    assert verdict("summary_shown", stage, [training]).status == "passed"


@pytest.mark.parametrize(
    ("use", "status"),
    [
        ({}, "passed"),
        ({"scale": 2 / 255, "offset": -1.0}, "passed"),
        ({"scale": 1.0}, "failed"),
        ({"scale": None}, "review"),
    ],
)
def test_scaled(use: dict[str, Any], status: str) -> None:
    """The range that the pixels had when they reached the network decides."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64), train=data(**use))
    found = verdict("scaled", stage, [training])
    assert found.status == status
    assert status != "failed" or "between 0 and 255: they were not scaled" in found.explanation


def gap(training: float = 0.99, validation: float = 0.95) -> History:
    return History(metrics={"accuracy": (0.5, training), "val_accuracy": (0.6, validation)})


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("0.99 on the training images against 0.95 on the validation images", "passed"),
        ("The gap is 0.040.", "passed"),
        ("It overfits.", "partial"),
        ("It ends at 0.99.", "partial"),
    ],
)
def test_generalisation_gap_in_words(answer: str, status: str) -> None:
    """Both values, or their difference, must be stated; the log alone earns half."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64), history=gap())
    found = verdict("generalisation_gap", stage, [training], answer=answer)
    assert found.status == status
    assert "a gap of 0.0400" in found.explanation


def test_generalisation_gap_in_a_plot() -> None:
    """Both curves in one plot show it; in two plots they don't."""
    for together, status in ((True, "passed"), (False, "failed")):
        stage = Stage()
        training = stage.train(1, mlp(64, 64), history=gap(), fit={"verbose": 0})
        if together:
            stage.plot(2, (0.5, 0.99), (0.6, 0.95))
        else:
            stage.plot(2, (0.5, 0.99))
            stage.plot(3, (0.6, 0.95))
        assert verdict("generalisation_gap", stage, [training]).status == status


def test_generalisation_gap_of_other_numbers() -> None:
    """With less data than the group had, its own numbers are left to a person."""
    stage = Stage(effort="quick")
    training = stage.train(1, mlp(64, 64), history=gap())
    assert verdict("generalisation_gap", stage, [training], answer="0.998 and 0.981").status == "review"


READING = {5: "image = Image.open('C:/Users/me/five.png')\nmodel.predict(image)"}


def test_single_image() -> None:
    """Read and predicted passes; a file that was not handed in costs nothing; read alone earns half."""
    stage = Stage()
    training = scored(stage)
    work = submission(code=READING)
    assert verdict("single_image", stage, [training], work=work, cells=(5,)).awarded == 2.0
    predict(stage, 5, training, "unknown", 1)
    assert verdict("single_image", stage, [training], work=work, cells=(5,)).status == "passed"
    stage = Stage()
    training = scored(stage)
    stage.add(CellFailed, 5, error="FileNotFoundError", message="No such file: five.png", line=1)
    found = verdict("single_image", stage, [training], work=work, cells=(5,))
    assert found.status == "errored"
    assert "an image that labgrade does not have" in found.explanation


def test_single_image_of_the_test_set() -> None:
    """A test image is not an own one."""
    stage = Stage()
    training = scored(stage)
    predict(stage, 5, training, rows=1)
    assert verdict("single_image", stage, [training], cells=(5,)).awarded == 1.0


def test_any_model_serves() -> None:
    """Where any of the lab's models will do, the one that serves the group best is taken."""
    stage = Stage()
    training, other = scored(stage), stage.train(2, [dense(10, "softmax")])
    save(stage, 3, other)
    asked = question_of("1", {"kind": "saved_model", "points": 4, "model": "any"}, model="small_mlp")
    second = question_of("2", {"kind": "written", "points": 1}, model="deep_mlp")
    answered, match = matched(asked, stage, [training], others=(model_of(other, "deep_mlp"),))
    beside, _ = matched(second, stage, [])
    match = match.model_copy(update={"questions": (answered, beside)})
    assert verdict_of(asked.criteria[0], Case(answered, match, REFERENCE)).status == "passed"


def test_named_model_of_no_question() -> None:
    """A criterion about a model that no question knows is the rubric's fault, not the group's."""
    stage = Stage()
    found = verdict("saved_model", stage, [scored(stage)], model="no_such")
    assert found.status == "errored"
