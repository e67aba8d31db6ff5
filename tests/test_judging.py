"""The result: a score that hides nothing, and everything that reports need."""

from __future__ import annotations

import math
from typing import Any

import pytest
from fictional_recordings import Stage, matched, mlp, question_of, reference_lab

from grader.criteria import rounded_points
from grader.criteria.judge import status_of
from grader.judging import make_result
from grader.records import Noted, Outcome, Result, Verdict


def result(stage: Stage, trainings: list[Any]) -> Result:
    """The result of one question: a training that is right, and an answer in words."""
    asked = question_of("2.3", {"kind": "trained", "points": 2}, {"kind": "written", "points": 1.5}, model="small_mlp")
    return make_result(matched(asked, stage, trainings)[1], reference_lab(), "full")


def test_score() -> None:
    """Decided, awarded and awaiting points are kept apart, and a question that awaits a person says so."""
    stage = Stage()
    graded = result(stage, [stage.train(1, mlp(64, 64))])
    assert (graded.score.points, graded.score.decided, graded.score.awarded, graded.score.awaiting) == (3.5, 2, 2, 1.5)
    assert graded.questions[0].status == "review"
    assert graded.questions[0].awarded == 2.0


def test_what_reports_need() -> None:
    """Models with their histories, notes once each, the way the run ended, and the data's source are all there."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    for _ in range(2):
        stage.add(Noted, 0, topic="shim", name="np_utils", message="np_utils was given back")
    stage.outcome = Outcome(status="timed out", message="after 60 s", last_cell=20)
    graded = result(stage, [training])
    assert graded.notes == ("Np_utils was given back.", "The rerun ended early in cell 21 (timed out). after 60 s.")
    model = graded.models[0]
    assert (model.question, model.matched, model.cell, model.parameters) == ("2.3", "small_mlp", 2, 55_050)
    assert model.loss == "categorical_crossentropy"
    assert model.histories == (training.history.metrics,)
    assert graded.environment["effort"] == "full"


def test_round_trip() -> None:
    """A result goes to JSON and back unchanged, and is the same each time."""
    stage = Stage()
    graded = result(stage, [stage.train(1, mlp(64, 64))])
    assert Result.model_validate_json(graded.model_dump_json()) == graded
    assert graded == result(stage, list(stage.recording().trainings()))


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("passed", "passed"), "passed"),
        (("passed", "failed"), "partial"),
        (("failed", "failed"), "failed"),
        (("failed", "absent"), "failed"),
        (("absent",), "absent"),
        (("passed", "review"), "review"),
        (("review", "errored"), "errored"),
        ((), "passed"),
    ],
)
def test_status(statuses: tuple[Any, ...], expected: str) -> None:
    """A question has the gravest status that is left."""
    verdicts = tuple(
        Verdict(criterion="written", status=status, points=1, awarded=0, explanation="Said.") for status in statuses
    )
    assert status_of(verdicts) == expected


@pytest.mark.parametrize(
    ("points", "share", "expected"),
    [
        (2.0, 0.5, 1.0),
        (2.0, 0.99, 1.75),
        (1.0, 2 / 3, 0.75),
        (0.5, 2 / 3, 0.35),
        (3.0, 1.0, 3.0),
        (1.3, 1.0, 1.3),
        (2.0, 0.01, 0.0),
        (0.0, 0.5, 0.0),
        (2.0, math.nan, 0.0),
        (0.1, 0.99, 0.05),
    ],
)
def test_rounding(points: float, share: float, expected: float) -> None:
    """Partial credit goes in quarters, in twentieths under one point, and never rounds up to full marks."""
    assert rounded_points(points, share) == pytest.approx(expected)
