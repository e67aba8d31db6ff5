"""What every check must do, whatever it is given."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from fictional_recordings import Stage, matched, mlp, other_model, question_of, reference_lab

from grader.criteria import Case, Criterion, Seen
from grader.criteria.judge import judge, verdict_of
from grader.criteria.registry import criteria_for, criterion_class
from grader.criteria.sentences import explanation, filled, sample_values
from grader.errors import UserError
from grader.records import History, ModelMatch, Outcome, Verdict

KINDS = tuple(criteria_for())
OPTIONS: dict[str, dict[str, Any]] = {
    "accuracy": {"within": 0.01},
    "history_plot": {"labelled": ["title", "x", "y", "legend"]},
    "error_bar_plot": {"labelled": ["x"]},
    "comparison_plot": {"models": ["small_mlp", "deep_mlp"], "labelled": ["legend"]},
    "image_grid": {"titled": True},
    "histogram": {"labelled": ["x", "y"]},
    "states_number": {"of": "best_val_accuracy"},
    "written": {"mentions": [["one-hot", "categorical"]]},
}


def question(kind: str, model: str | None = "small_mlp", points: float = 2.0) -> Any:
    """A question with one criterion of `kind`."""
    return question_of("1", {"kind": kind, "points": points, **OPTIONS.get(kind, {})}, model=model)


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


def asked(kind: str, situation: str) -> tuple[Criterion, Case]:
    """A criterion of `kind`, and the case that one situation is."""
    stage, trainings, more = situations()[situation]
    answered, match = matched(question(kind), stage, trainings, **dict(more))
    return answered.question.criteria[0], Case(answered, match, reference_lab())


@pytest.mark.parametrize("situation", situations())
@pytest.mark.parametrize("kind", KINDS)
def test_gives_a_verdict(kind: str, situation: str) -> None:
    """A check bears any recording, gives points within its own, a sentence, and the same again."""
    criterion, case = asked(kind, situation)
    verdict = criterion.judge(case)
    assert verdict == criterion.judge(case)
    assert verdict == pickle.loads(pickle.dumps(verdict))
    assert verdict.criterion == kind
    assert 0.0 <= verdict.awarded <= verdict.points == criterion.points
    assert verdict.awarded == 0.0 or verdict.decided
    assert len(verdict.explanation) > 10
    assert verdict.explanation.endswith(".")
    assert verdict.title == criterion.title
    assert verdict.reasons
    assert verdict.explanation == explanation(verdict.reasons, kind, criterion.sentences)
    assert Verdict.model_validate_json(verdict.model_dump_json()).reasons == verdict.reasons


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_recording_earns_nothing(kind: str) -> None:
    """Nothing handed in earns nothing, and a written answer is still a person's to decide."""
    criterion, case = asked(kind, "empty")
    verdict = criterion.judge(case)
    assert verdict.awarded == 0.0
    assert verdict.status == ("review" if criterion.by_person else "failed")


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if not criteria_for()[kind].decided_by_text or kind == "console_log"]
)
def test_a_limit_costs_nobody_points(kind: str) -> None:
    """What a rerun that ended early did not reach is errored, never failed."""
    criterion, case = asked(kind, "ended early")
    verdict = criterion.judge(case)
    assert verdict.status == "errored"
    assert "timed out" in verdict.explanation


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_saved_decides_nothing(kind: str) -> None:
    """Where nothing was saved, saved outputs have no verdict; where the code was not run, that costs nobody points."""
    criterion, case = asked(kind, "empty")
    assert criterion.judge_saved(case) is None
    stage, trainings, more = situations()["empty"]
    stage.outcome = Outcome(status="not run", message="The code was not run.")
    answered, match = matched(question(kind), stage, trainings, **dict(more))
    verdict = verdict_of(criterion, Case(answered, match, reference_lab()))
    assert verdict.awarded == 0.0
    assert verdict.status in ("review", "errored") or criterion.decided_by_text


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_every_sentence_is_one(kind: str, many: bool) -> None:
    """Every sentence of a criterion takes values of the kinds that its fields name, and reads as a sentence."""
    for name, template in criteria_for()[kind].sentences.items():
        said = filled(template, sample_values(template, many))
        assert said.endswith((".", "?")), name
        assert said[:1].isupper() or said[:1].isdigit() or said[0] == "`" or "{" in template[:1], name
        assert "asked for were" not in said, name


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wanted(kind: str) -> None:
    """The answer key has a sentence on what every criterion asks for, and options that are set are in it."""
    criterion, _ = asked(kind, "empty")
    assert criterion.wanted().endswith(".")
    assert ("Asked for" in criterion.wanted()) == bool(OPTIONS.get(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_seen_proposes_little(kind: str) -> None:
    """Of a solution that does nothing under a question, an answer in words is all that is proposed."""
    proposed = list(criteria_for()[kind].propose(Seen(Stage().recording(), (), None)))
    assert bool(proposed) == criteria_for()[kind].by_person


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
    """Every criterion has a short title of its own, with a capital letter."""
    titles = [kind.title for kind in criteria_for().values()]
    assert all(title[0].isupper() and len(title) < 25 for title in titles)
    assert len(set(titles)) == len(titles)


def test_an_unknown_kind() -> None:
    """An unknown criterion is answered with the nearest known one."""
    with pytest.raises(UserError, match="Did you mean 'accuracy'"):
        criterion_class("acuracy")


def test_points_of_nothing() -> None:
    """A criterion without points gives a verdict all the same."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    asked = question("trained", points=0.0)
    answered, match = matched(asked, stage, [training], others=(other_model(training),))
    assert verdict_of(asked.criteria[0], Case(answered, match, reference_lab())).status == "passed"
