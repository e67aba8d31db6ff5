"""Sweeps in which what the layers give is penalised, not their weights."""

from __future__ import annotations

import pytest
from fictional_recordings import Stage, dense, flatten, matched, question_of, reference_lab

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.records import Layer, Verdict

FACTORS = (1e-6, 1e-5, 1e-4, 5e-4, 1e-3)
REFERENCE = reference_lab()


def hidden(units: int, factor: float, kernel: float | None = None, kind: str = "l2") -> Layer:
    """A dense layer whose output is penalised, and whose weights are where `kernel` is given."""
    plain = dense(units, l2=kernel)
    penalty = {"class_name": kind.upper(), kind: factor}
    return plain.model_copy(update={"config": {**plain.config, "activity_regularizer": penalty}})


def swept(kind: str = "l2", weights: bool = False) -> Verdict:
    """The verdict on a sweep of five factors, three trainings each."""
    stage = Stage()
    trainings = [
        stage.train(
            1,
            (
                flatten(),
                hidden(500, f, f if weights else None, kind),
                hidden(300, f, f if weights else None, kind),
                dense(10, "softmax"),
            ),
        )
        for f in FACTORS
        for _ in range(3)
    ]
    asked = question_of("1", {"kind": "sweep", "points": 3}, model="decayed_mlp")
    answered, match = matched(asked, stage, trainings)
    return verdict_of(asked.criteria[0], Case(answered, match, REFERENCE))


@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_a_penalty_on_what_layers_give(kind: str) -> None:
    """It is named as the mistake that it is; its factors and its trainings count."""
    found = swept(kind)
    assert "an `activity_regularizer`" in found.explanation
    assert "L2 on the weights (`kernel_regularizer`) was asked for" in found.explanation
    assert found.awarded == 2.0


def test_beside_what_was_asked_for() -> None:
    """Where the weights are decayed as asked, a further penalty is no mistake."""
    assert swept(weights=True).status == "passed"
