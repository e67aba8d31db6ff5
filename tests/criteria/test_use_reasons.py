"""Reasons of the verdicts on what is done with a trained model: codes and values, whatever the sentences say."""

from __future__ import annotations

import math

import pytest
from fictional_recordings import Stage, mlp, submission
from test_figure_checks import confusion, figure, model_of, scored
from test_output_checks import verdict as shown_verdict
from test_use_checks import evaluate, gap, predict, titled, verdict

from grader.criteria.sentences import TemplateError, filled
from grader.records import Axes, CellFailed, Printed, Score, Verdict


def codes(found: Verdict) -> list[str]:
    """The codes of the reasons of `found`, in order."""
    return [reason.code for reason in found.reasons]


def test_evaluation_on_other_data_that_is_not_shown() -> None:
    """What is wrong with the data and that nothing is shown are two reasons, with rows and sets as data."""
    stage = Stage()
    training = scored(stage)
    evaluate(stage, 3, training, "train", 60_000)
    found = verdict("evaluated", stage, [training])
    assert codes(found) == ["evaluated.evaluates_on_other_data", "evaluated.not_shown"]
    assert found.reasons[0].values == {
        "place": "cell 4",
        "rows": 60_000,
        "split": "train",
        "wanted": "test",
        "metrics": {"accuracy": 0.9, "loss": 0.31},
    }
    evaluate(stage, 3, training, "test", 100)
    part = verdict("evaluated", stage, [training], answer="0.90")
    assert codes(part) == ["evaluated.evaluates_on_a_part"]
    assert "on 100 test images, not on all 1,000: accuracy 0.9000, loss 0.3100." in part.explanation


def test_evaluation_that_gives_no_number() -> None:
    """A loss that is not a number is said by name, and is no number of the result; no metrics are said, too."""
    stage = Stage()
    training = scored(stage)
    evaluate(stage, 3, training, metrics={"loss": math.nan, "acc": 0.9})
    found = verdict("evaluated", stage, [training], answer="0.90")
    assert found.reasons[0].values["metrics"] == {"accuracy": 0.9, "loss": None}
    assert "accuracy 0.9000, loss not a number" in found.explanation
    evaluate(stage, 4, training, metrics={})
    assert "on 1,000 test images: no values." in verdict("evaluated", stage, [training], answer="0.90").explanation


def test_two_spellings_of_one_metric_are_both_kept() -> None:
    """Where two metrics have one plain name, the second keeps its own spelling."""
    stage = Stage()
    training = scored(stage)
    evaluate(stage, 3, training, metrics={"accuracy": 0.9, "sparse_categorical_accuracy": 0.8})
    found = verdict("evaluated", stage, [training], answer="0.90")
    assert found.reasons[0].values["metrics"] == {"accuracy": 0.9, "sparse_categorical_accuracy": 0.8}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Accuracy on the test set: 0.987", "review"),
        ("top 5 accuracy: 0.987", "passed"),
        ("score: 0.987", "passed"),
    ],
)
def test_a_metric_of_ones_own_that_is_called_the_accuracy(text: str, status: str) -> None:
    """A print that calls the value of the group's own metric the accuracy is held against labgrade's measurement."""
    stage = Stage()
    training = scored(stage)
    evaluate(stage, 3, training, metrics={"loss": 0.31, "my_score": 0.987})
    stage.add(Printed, 3, text=text)
    found = verdict("evaluated", stage, [training])
    assert found.status == status
    if status == "review":
        assert codes(found)[1:] == ["evaluated.own_metric_as_accuracy", "shared.person_decides"]
        assert found.reasons[1].values == {"metric": "my_score", "accuracy": 0.9}


def test_another_models_evaluation_beside_a_stated_value() -> None:
    """Whose evaluation it is, what is stated and what was not seen are reasons of their own."""
    stage = Stage()
    training, other = scored(stage), scored(stage, 2, 0.8)
    evaluate(stage, 3, other)
    more = {"cells": (3,), "others": (model_of(other),)}
    silent = verdict("evaluated", stage, [training], **more)
    assert codes(silent) == ["evaluated.another_model", "evaluated.own_model_not_evaluated"]
    stated = verdict("evaluated", stage, [training], answer="0.81, or 0.82", **more)
    assert codes(stated) == [
        "evaluated.another_model",
        "evaluated.stated",
        "evaluated.not_seen",
        "shared.person_decides",
    ]
    assert stated.reasons[1].values == {"numbers": ["0.81", "0.82"]}


def test_predictions_with_too_few_labels() -> None:
    """Predictions, how many show both labels, and how many show one, are three reasons."""
    stage = Stage()
    training = scored(stage)
    predict(stage, 3, training, "train")
    figure(stage, 3, *titled(20, "predicted 4, true 4"), *titled(1, "4"))
    found = verdict("prediction", stage, [training], images=25)
    assert codes(found) == ["prediction.predicts", "prediction.too_few_shown", "prediction.one_label_only"]
    assert found.reasons[1].values == {
        "source": "figure",
        "place": "cell 4",
        "what": "labels",
        "images": 20,
        "wanted": 25,
    }
    assert found.explanation == (
        "Cell 4 predicts 1,000 images (training images). The figure of cell 4 shows predicted and true labels of "
        "20 images; 25 were asked for. 1 more image has one label only."
    )


def test_a_confusion_matrix_of_another_model() -> None:
    """A matrix that does not fit says what was measured, and whose it is where that is known."""
    stage = Stage()
    training, other = scored(stage), scored(stage, 2, 0.8)
    figure(stage, 4, Axes(matrices=(confusion(800),)))
    found = verdict("confusion_matrix", stage, [training], others=(model_of(other),))
    assert codes(found) == ["confusion_matrix.other_count", "confusion_matrix.another_models"]
    assert found.reasons[0].values == {
        "source": "figure",
        "place": "cell 5",
        "total": 1000.0,
        "right": 800.0,
        "measured": 900,
        "rows": 1000,
    }
    assert codes(verdict("confusion_matrix", stage, [training])) == ["confusion_matrix.other_count"]


def test_counts_without_a_score() -> None:
    """Counts that cannot be compared are told by where they stand: in print or in the answer."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64), test=None)
    answered = verdict("right_and_wrong", stage, [training], answer="9,100 right, 900 wrong")
    assert codes(answered) == [
        "right_and_wrong.answer",
        "right_and_wrong.not_compared",
        "shared.person_decides",
    ]
    stage.add(Printed, 4, text="9200 right, 800 wrong")
    printed = verdict("right_and_wrong", stage, [training])
    assert codes(printed)[0] == "right_and_wrong.shown"
    assert printed.explanation.startswith("What cell 5 prints gives 9,200 and 800 of 10,000 images.")


def test_an_image_that_is_not_here() -> None:
    """A missing file closes with a person's decision, and costs nobody points."""
    stage = Stage()
    training = scored(stage)
    stage.add(CellFailed, 5, error="FileNotFoundError", message="No such file: five.png", line=1)
    work = submission(code={5: "image = Image.open('five.png')"})
    found = verdict("single_image", stage, [training], work=work, cells=(5,))
    assert codes(found) == ["single_image.not_here", "shared.person_decides"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [("0.99 and 0.95", "stated"), ("It overfits.", "log_alone")],
)
def test_the_gap_and_where_it_stands(answer: str, code: str) -> None:
    """What is known and where it is stated are two reasons; the numbers are data."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64), history=gap())
    found = verdict("generalisation_gap", stage, [training], answer=answer)
    assert codes(found) == ["generalisation_gap.ends", f"generalisation_gap.{code}"]
    assert found.reasons[0].values == {"training": 0.99, "validation": 0.95, "gap": pytest.approx(0.04)}


def test_a_saved_log_whose_accuracy_is_no_number() -> None:
    """A saved log that ends at no number has no gap, and says so by name."""
    stage, saved = Stage(), Stage("saved")
    log = saved.log(1, 3)
    last = log.epochs[-1].model_copy(update={"metrics": {"accuracy": math.nan, "val_accuracy": 0.1}})
    saved.events[-1] = log.model_copy(update={"epochs": (*log.epochs[:-1], last)})
    found = verdict("generalisation_gap", stage, [], saved=saved, cells=(1,))
    assert codes(found) == ["generalisation_gap.ends_diverged", "generalisation_gap.log_alone"]
    assert "ends at not a number, validation accuracy at 0.1000." in found.explanation


def test_a_log_that_is_short_and_untimed() -> None:
    """Epochs and the time per epoch are two reasons; where the log comes from is data."""
    stage, saved = Stage(), Stage("saved")
    training = stage.train(1, mlp(64, 64))
    saved.log(1, 5, timed=False)
    found = shown_verdict("console_log", stage, [training], saved=saved)
    assert codes(found) == ["console_log.epochs_other", "console_log.untimed"]
    assert found.reasons[0].values == {"source": "saved", "place": "cell 2", "epochs": 5, "wanted": 10}
    told = shown_verdict("console_log", stage, [training], answer="It took 3 s per epoch.", stated=True)
    assert codes(told) == ["console_log.stated"]
    assert told.reasons[0].values == {"time": "3 s"}


def test_an_answer_in_another_language() -> None:
    """Its words, what was found and that the rest was not looked for; no code says that something is missing."""
    answer = "Vi använder softmax för att det är en sannolikhet, och den ger ett tal för varje klass som är möjlig."
    found = shown_verdict("written", Stage(), [], cells=(1,), answer=answer, mentions=[["softmax"], ["one-hot"]])
    assert codes(found) == ["written.words", "written.found", "written.in_another_language"]
    assert found.reasons[2].values == {"language": "Swedish", "found": "some"}


def test_named_numbers_are_worded_in_order() -> None:
    """`scores` takes an object of numbers, and nothing else."""
    assert filled("It gives {m:scores}.", {"m": {"mae": 0.25, "r2": None}}) == "It gives mae 0.2500, r2 not a number."
    assert filled("It gives {m:scores}.", {"m": {}}) == "It gives no values."
    with pytest.raises(TemplateError, match="is no object"):
        filled("It gives {m:scores}.", {"m": [0.25]})


def test_a_model_without_classes_has_no_accuracy() -> None:
    """A regression is measured in other metrics: a person decides, and nothing is taken off."""
    stage = Stage()
    measured = Score(dataset="houses", rows=100, metrics={"mae": 0.5, "loss": 0.4})
    found = verdict("accuracy", stage, [stage.train(1, mlp(64, 64), test=measured)], at_least=0.9)
    assert (found.status, codes(found)) == ("review", ["accuracy.no_accuracy", "shared.person_decides"])
