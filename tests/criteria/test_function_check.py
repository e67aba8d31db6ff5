"""From the outcomes of cases to points."""

from __future__ import annotations

from typing import Any

import pytest
from fictional_recordings import Stage, matched, question_of, reference_lab

from grader.criteria import Case
from grader.records import CaseOutcome, FunctionTested, Verdict
from grader.reports.question_pages import function_view

RIGHT = CaseOutcome(title="Three scores", credit=3, status="passed", share=1)
WRONG = CaseOutcome(
    title="Scores around 1000", credit=1, status="failed", share=0, message="It overflows.", given="x", answer="nan"
)
HALF = CaseOutcome(title="Whole numbers", credit=4, status="partial", share=0.5, message="They are cut.")
BROKEN = CaseOutcome(title="Own", credit=1, status="errored", share=0, message="The case itself failed (cases.py:7).")


def verdict(**tested: Any) -> Verdict:
    """The verdict on question 1, whose function did as `tested` says."""
    stage = Stage()
    event = FunctionTested(seq=0, cell=tested.pop("cell", -1), question="1", **tested)
    question, match = matched(question_of("1", {"kind": "function", "points": 4.0}), stage, [])
    match = match.model_copy(update={"rerun": match.rerun.model_copy(update={"events": (event,)})})
    return question.question.criteria[0].judge(Case(question, match, reference_lab()))


@pytest.mark.parametrize(
    ("cases", "status", "awarded"),
    [((RIGHT,), "passed", 4.0), ((RIGHT, WRONG), "partial", 3.0), ((HALF,), "partial", 2.0), ((WRONG,), "failed", 0.0)],
)
def test_points_follow_the_credits(cases: tuple[CaseOutcome, ...], status: str, awarded: float) -> None:
    """A case counts by its credit and by the share of it that was reached."""
    given = verdict(function="softmax", called="softmax(x)", cases=cases)
    assert (given.status, given.awarded) == (status, awarded)
    assert all(case.message in given.explanation for case in cases)
    assert isinstance(given.observed, dict)
    assert len(given.observed["cases"]) == len(cases)  # type: ignore[arg-type]


def test_what_went_wrong_is_told_once() -> None:
    """Two cases with one message are named, more are counted; a name at the beginning of a message stays as it is."""
    same = [WRONG.model_copy(update={"title": title, "message": "f(0) is nan"}) for title in "abc"]
    few = verdict(cell=0, function="f", line=3, reason="its name", cases=(RIGHT, *same[:2]))
    assert few.explanation == "`f` (cell 1, line 3), found by its name, passes 1 of 3 cases. “a” and “b”: f(0) is nan."
    more = verdict(cell=0, function="f", cases=(RIGHT, *same, HALF), remarks=("it leaves work to `np.dot`",))
    assert [reason.code for reason in more.reasons] == [
        *("function.passes", "function.cases", "function.case", "function.remark")
    ]
    assert "3 cases: f(0) is nan. “Whole numbers”: They are cut. It leaves work" in more.explanation


def test_no_function_is_no_points() -> None:
    """What is not there is said so; code that may answer without a function goes to a person."""
    assert verdict().status == "failed"
    assert "No function was found" in verdict().explanation
    assert verdict(computing=0).status == "review"


def test_labgrades_own_trouble_costs_nothing() -> None:
    """A case with a fault of its own, or a process that could not be had, goes to the teacher."""
    assert verdict(function="f", called="f(x)", cases=(RIGHT, BROKEN)).status == "errored"
    assert "cases.py:7" in verdict(function="f", called="f(x)", cases=(RIGHT, BROKEN)).explanation
    assert verdict(trouble="the functions together took too long").status == "errored"


def test_a_function_that_cannot_be_called_waits_for_a_person() -> None:
    """It is named with its parameters."""
    given = verdict(function="normalize", called="normalize(x, mean, sd)")
    assert given.status == "review"
    assert "normalize(x, mean, sd)" in given.explanation


def test_a_students_words_are_escaped_in_the_report() -> None:
    """A name or message with HTML in it is text; only cases with a call to show are shown as one."""
    bad = WRONG.model_copy(update={"message": "It stops with `<script>alert(1)</script>`.", "answer": "<b>1</b>"})
    stage = Stage()
    _, match = matched(question_of("1", {"kind": "function", "points": 4.0}), stage, [])
    event = FunctionTested(seq=0, cell=0, question="1", function="f", called="f(<i>)", cases=(RIGHT, bad, HALF))
    match = match.model_copy(update={"rerun": match.rerun.model_copy(update={"events": (event,)})})
    view = function_view(match, "1")
    assert view is not None
    assert "<script>" not in view.rows[1].message
    assert "&lt;script&gt;" in view.rows[1].message
    assert [call.title for call in view.calls] == ["Scores around 1000"]
    assert [row.weight for row in view.rows] == ["38 %", "12 %", "50 %"]
