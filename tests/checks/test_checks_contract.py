"""What every check must do, whatever it is given."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from fictional_recordings import Stage, matched, mlp, other_model, question_of, reference_lab

from grader.checks.judge import judge, verdict_of
from grader.checks.registry import CHECKS, check_of, title_of
from grader.errors import UserError
from grader.records.match import Match, ModelMatch, QuestionMatch
from grader.records.models import History
from grader.records.recording import Outcome

CRITERIA: dict[str, dict[str, Any]] = {
    "architecture": {},
    "parameters": {},
    "compiled": {},
    "trained": {},
    "accuracy": {"within": 0.01},
    "console_log": {},
    "history_plot": {"labelled": ["title", "x", "y", "legend"]},
    "sweep": {},
    "error_bar_plot": {"labelled": ["x"]},
    "comparison_plot": {"models": ["small_mlp", "deep_mlp"], "labelled": ["legend"]},
    "image_grid": {"titled": True},
    "histogram": {"labelled": ["x", "y"]},
    "confusion_matrix": {},
    "evaluated": {},
    "prediction": {},
    "right_and_wrong": {},
    "saved_model": {},
    "summary_shown": {},
    "scaled": {},
    "generalisation_gap": {},
    "single_image": {},
    "states_number": {"of": "best_val_accuracy"},
    "function": {},
    "written": {"mentions": [["one-hot", "categorical"]]},
}


def question(kind: str, model: str | None = "small_mlp", points: float = 2.0) -> Any:
    """A question with one criterion of `kind`."""
    return question_of("1", {"kind": kind, "points": points, **CRITERIA[kind]}, model=model)


def situations() -> dict[str, tuple[Stage, list[Any], dict[str, Any]]]:
    """Recordings from empty to diverged, with the trainings that answer and further words for `matched`."""
    empty, ended, diverged, whole = Stage(), Stage(), Stage(), Stage()
    ended.outcome = Outcome(status="timed out", last_cell=3)
    nan = History(metrics={"loss": (math.nan,) * 3, "val_accuracy": (math.nan,) * 3})
    lost = diverged.train(2, mlp(64, 64), epochs=3, history=nan, test=None)
    diverged.plot(3, nan.metrics["loss"], ())
    diverged.bars(3, (), (), ())
    sweep = [whole.train(2, mlp(64, 64, l2=(f, f)), seed=n) for f in (1e-6, 1e-3) for n in range(2)]
    whole.plot(3, sweep[0].history.metrics["accuracy"])
    whole.bars(3, (1e-6, 1e-3), (0.9, 0.9), (0.1, 0.1))
    gone = ModelMatch(label="gone", reference="small_mlp", models=(), architecture="none", trainings=(99,), cells=(99,))
    return {
        "empty": (empty, [], {}),
        "ended early": (ended, [], {"cells": (4,)}),
        "diverged": (diverged, [lost], {}),
        "whole": (whole, sweep, {"answer": "0.95 and 55,050 with one-hot labels"}),
        "a model that is not there": (empty, [], {"model": gone, "cells": (99, -1)}),
    }


def case(kind: str, situation: str) -> tuple[QuestionMatch, Match]:
    """The match of one situation for a criterion of `kind`."""
    stage, trainings, more = situations()[situation]
    return matched(question(kind), stage, trainings, **dict(more))


@pytest.mark.parametrize("situation", situations())
@pytest.mark.parametrize("kind", CHECKS)
def test_gives_a_verdict(kind: str, situation: str) -> None:
    """A check bears any recording, gives points within its own, a sentence, and the same again."""
    answered, match = case(kind, situation)
    criterion, reference = answered.question.criteria[0], reference_lab()
    verdict = check_of(kind)(criterion, answered, match, reference)
    assert verdict == check_of(kind)(criterion, answered, match, reference)
    assert verdict == pickle.loads(pickle.dumps(verdict))
    assert verdict.criterion == kind
    assert 0.0 <= verdict.awarded <= verdict.points == criterion.points
    assert verdict.awarded == 0.0 or verdict.decided
    assert len(verdict.explanation) > 10
    assert verdict.explanation.endswith(".")
    assert isinstance(verdict.model_dump_json(), str)


@pytest.mark.parametrize("kind", CHECKS)
def test_an_empty_recording_earns_nothing(kind: str) -> None:
    """Nothing handed in earns nothing, and a written answer is still a person's to decide."""
    answered, match = case(kind, "empty")
    verdict = check_of(kind)(answered.question.criteria[0], answered, match, reference_lab())
    assert verdict.awarded == 0.0
    assert verdict.status == ("review" if kind == "written" else "failed")


@pytest.mark.parametrize("kind", [kind for kind in CHECKS if kind not in ("written", "states_number")])
def test_a_limit_costs_nobody_points(kind: str) -> None:
    """What a rerun that ended early did not reach is errored, never failed."""
    answered, match = case(kind, "ended early")
    verdict = check_of(kind)(answered.question.criteria[0], answered, match, reference_lab())
    assert verdict.status == "errored"
    assert "timed out" in verdict.explanation


def test_a_check_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """A check that fails by itself is errored, keeps its traceback in the log, and stops nothing."""
    stage = Stage()
    asked = question_of(
        "1", {"kind": "architecture", "points": 2}, {"kind": "written", "points": 1}, model="no_such_model"
    )
    _, match = matched(asked, stage, [stage.train(1, mlp(64, 64))])
    result = judge(match, reference_lab())[0]
    assert [verdict.status for verdict in result.verdicts] == ["errored", "review"]
    assert result.status == "errored"
    assert "no_such_model" in caplog.text


def test_titles() -> None:
    """The first line of a check's docstring is its title in reports."""
    assert title_of("history_plot") == "History plot"
    assert all(title_of(kind)[0].isupper() and len(title_of(kind)) < 25 for kind in CHECKS)


def test_an_unknown_kind() -> None:
    """An unknown criterion is answered with the nearest known one."""
    with pytest.raises(UserError, match="Did you mean 'accuracy'"):
        check_of("acuracy")


def test_points_of_nothing() -> None:
    """A criterion without points gives a verdict all the same."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    asked = question("trained", points=0.0)
    answered, match = matched(asked, stage, [training], others=(other_model(training),))
    assert verdict_of(asked.criteria[0], answered, match, reference_lab()).status == "passed"
