from __future__ import annotations

from typing import Any

import pytest
from fictional_recordings import Stage, matched, mlp, question_of, reference_lab, submission

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.records import CellFailed, LoggedScore, LoggedSummary, ModelMatch, Outcome, Verdict

ARCHITECTURE = {"kind": "architecture", "points": 2}
PARAMETERS = {"kind": "parameters", "points": 1}
TRAINED = {"kind": "trained", "points": 1, "epochs": 10, "batch_size": 128}
PLOT = {"kind": "history_plot", "points": 2, "shows": ["accuracy"]}
MODEL = ModelMatch(label="saved output", reference="small_mlp", models=(), architecture=None, cells=(3,))


def not_run() -> Stage:
    stage = Stage()
    stage.outcome = Outcome(status="not run", message="the code was not run, as --saved-only asks")
    return stage


def summary(saved: Stage, cell: int, *layers: tuple[str, str, int]) -> None:
    saved.add(LoggedSummary, cell, layers=layers, parameters=sum(count for _, _, count in layers))


def small(saved: Stage, cell: int = 3) -> None:
    summary(
        saved,
        cell,
        ("Flatten", "(None, 784)", 0),
        ("Dense", "(None, 64)", 50_240),
        ("Dense", "(None, 64)", 4_160),
        ("Dense", "(None, 10)", 650),
    )


def judged(criterion: dict[str, Any], rerun: Stage | None = None, saved: Stage | None = None, **more: Any) -> Verdict:
    question = question_of("2.3", criterion, model="small_mlp")
    fields = {"cells": (3,), "model": MODEL, **more}
    answered, match = matched(question, rerun or not_run(), saved=saved, **fields)
    return verdict_of(question.criteria[0], Case(answered, match, reference_lab()))


@pytest.mark.parametrize("criterion", [ARCHITECTURE, PARAMETERS, TRAINED, PLOT, {"kind": "compiled", "points": 1}])
def test_nothing_is_lost_where_nothing_ran(criterion: dict[str, Any]) -> None:
    """Code that was not run costs no points: a person decides, and is told why."""
    verdict = judged(criterion)
    assert verdict.status == "review"
    assert "--saved-only" in verdict.explanation


@pytest.mark.parametrize(
    ("steps", "epochs", "status"), [(469, 10, "passed"), (1875, 10, "review"), (469, 5, "partial")]
)
def test_logs_decide_epochs(steps: int, epochs: int, status: str) -> None:
    """Epochs are counted in the saved log; a batch size shows in its steps, or stays open."""
    saved = Stage("saved")
    saved.log(3, epochs, steps=steps)
    assert judged(TRAINED, saved=saved).status == status


def test_a_log_without_its_end() -> None:
    """A log that breaks off fails nobody."""
    saved = Stage("saved")
    saved.log(3, 6, declared=10)
    assert judged(TRAINED, saved=saved).status == "review"


def test_own_logs_come_first() -> None:
    """The log under the question counts, not that of a model which was only guessed to be its own."""
    saved = Stage("saved")
    saved.log(3, 10)
    saved.log(7, 4)
    verdict = judged(TRAINED, saved=saved, cells=(7,))
    assert verdict.observed == {"epochs": 4}


def test_scores_reach_but_never_fail() -> None:
    """A saved score that is good enough passes; one that is not awaits a person."""
    for value, status in ((0.991, "passed"), (0.95, "review")):
        saved = Stage("saved")
        saved.add(LoggedScore, 3, metrics={"accuracy": value}, text="")
        assert judged({"kind": "accuracy", "points": 1, "at_least": 0.99}, saved=saved).status == status


def test_criteria_of_the_text_stay_decided() -> None:
    """What the hand-in itself decides is decided, run or not."""
    stated = {"kind": "states_number", "points": 1, "equals": 55_050}
    assert judged(stated, answer="55050 parameters").status == "passed"
    assert judged(stated, answer="There are 17 of them.").status == "failed"


def test_a_picture_is_named() -> None:
    """A saved picture is presence, not content."""
    saved = Stage("saved")
    saved.picture(3)
    verdict = judged(PLOT, saved=saved)
    assert verdict.status == "review"
    assert "picture" in verdict.explanation


def page(**cell: Any) -> Any:
    work = submission()
    cells = list(work.cells)
    cells[3] = cells[3].model_copy(update={"origin": "listing", "page": 2, **cell})
    return work.model_copy(update={"cells": tuple(cells)})


def test_damaged_code_costs_nothing() -> None:
    """Code that a document damaged is not run, and what hangs on it awaits a person, with the page."""
    verdict = judged(ARCHITECTURE, rerun=Stage(), work=page(unrun="damaged"))
    assert verdict.status == "review"
    assert "page 2" in verdict.explanation


def test_code_of_a_document_that_stops() -> None:
    """An error in code taken from a report may be the report's: nobody fails by it."""
    rerun = Stage()
    rerun.add(CellFailed, 3, error="NameError", message="name 'x_train' is not defined")
    assert judged(TRAINED, rerun=rerun, work=page()).status == "review"
    assert judged(TRAINED, rerun=rerun, work=submission()).status == "failed"


def test_what_ran_is_judged_as_ever() -> None:
    """Code of a document that runs is judged like any other."""
    rerun = Stage()
    trained = rerun.train(3, mlp(64, 32))
    question = question_of("2.3", ARCHITECTURE, model="small_mlp")
    answered, match = matched(question, rerun, [trained], work=page())
    assert verdict_of(question.criteria[0], Case(answered, match, reference_lab())).status == "partial"


def test_printed_summaries_count_parameters() -> None:
    """The parameters of a printed summary are compared; its layers are shown to a person."""
    saved = Stage("saved")
    small(saved)
    for equals, status in ((55_050, "passed"), (55_051, "failed")):
        assert judged({**PARAMETERS, "equals": equals}, saved=saved).status == status
    assert judged({**ARCHITECTURE, "must_have": ["Dense"]}, saved=saved).status == "passed"
    assert judged({**ARCHITECTURE, "must_have": ["Conv2D"]}, saved=saved).status == "review"
    assert judged(ARCHITECTURE, saved=saved).observed == ["Dense", "Dense", "Dense"]
