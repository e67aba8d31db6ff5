"""Which printed accuracies state the best validation accuracy, and which are those of a test."""

from __future__ import annotations

import pytest
from fictional_recordings import Stage, matched, mlp, question_of, reference_lab, submission

from grader.criteria import Case
from grader.criteria.figure_parts import label_reasons
from grader.criteria.judge import verdict_of
from grader.records import Axes, Figure, FigureDrawn


@pytest.mark.parametrize(
    ("printed", "shift", "passes"),
    [
        ("Test accuracy: {:.4f}", 0.002, False),
        ("evaluate: {:.4f}", 0.002, False),
        ("[0.1042, {:.4f}]", 0.002, False),
        ("Test accuracy: {:.4f}", 0.0, True),
        ("[0.1042, {:.4f}]", 0.0, True),
        ("Validation accuracy: {:.4f}", 0.002, True),
        ("best {:.4f}", 0.002, True),
        ("best accuracy on the test/validation data {:.4f}", 0.002, True),
        ("latest {:.4f}", 0.002, True),
    ],
)
def test_a_test_accuracy_is_another_number(printed: str, shift: float, passes: bool) -> None:
    """What `evaluate` found counts where it is the best of the history, and not where it is only near it."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    best = max(training.history.metrics["val_accuracy"])
    work = submission(3, outputs={1: (printed.format(best - shift),)})
    criterion = {"kind": "states_number", "points": 1, "of": "best_val_accuracy", "tolerance": 0.005}
    asked = question_of("1", criterion, model="small_mlp")
    answered, match = matched(asked, stage, [training], cells=(1,), work=work, answer="")
    assert (verdict_of(asked.criteria[0], Case(answered, match, reference_lab())).status == "passed") is passes


@pytest.mark.parametrize("legend", [(), ("training",)])
def test_a_legend_is_said_where_there_is_one(legend: tuple[str, ...]) -> None:
    """A line that needs no legend isn't said to have one."""
    figure = Figure(axes=(Axes(title="t", legend=legend),))
    event = FigureDrawn(seq=1, cell=1, figure=figure)
    said = label_reasons((), ("title", "legend"), [event])
    assert said[0].values["labels"] == ["a title", *(["a legend"] if legend else [])]
