"""Each lab's own solution, recorded and judged by its own rubric; and hand-ins to the labs with their faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.assets import rubrics_folder
from grader.records import Result, Verdict
from grader.submissions.rubric_file import load_rubric, rubrics

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

LABS = [place.name for place in rubrics([rubrics_folder()])]
SUBMISSIONS = Path(__file__).parents[2] / "submissions"
SHEET = (3, 5, 3, 5, 2, 5, 5, 2, 5, 2, 5, 2, 5, 3, 3, 6, 2, 5, 4, 8, 2, 6, 4, 4, 4)
"""Points of the 25 questions of `image-recognition`, 100 in all."""
Graded = Callable[[Path], Result]


def told(question: str, verdict: Verdict) -> str:
    return f"{question} {verdict.criterion}: {verdict.status}: {verdict.explanation}"


@pytest.mark.long
@pytest.mark.parametrize("lab", LABS)
def test_solution_earns_full_marks(lab: str, graded: Graded) -> None:
    """Every criterion that labgrade decides is met in full; every written answer names each concept asked for."""
    result = graded(rubrics_folder() / lab / "solution.py")
    assert result.rubric == lab
    verdicts = [(question.id, verdict) for question in result.questions for verdict in question.verdicts]
    decided = [(question, verdict) for question, verdict in verdicts if verdict.criterion != "written"]
    assert [told(*entry) for entry in decided if entry[1].status != "passed"] == []
    written = [(question, verdict) for question, verdict in verdicts if verdict.criterion == "written"]
    assert [told(*entry) for entry in written if "Not found" in entry[1].explanation] == []
    assert [told(*entry) for entry in written if entry[1].observed == {"words": 0}] == []
    assert result.score.awarded == result.score.decided
    assert [model.label for model in result.models if model.matched is None] == []


def test_points_of_the_sheet() -> None:
    """The questions of the sheet that states points have them."""
    questions = load_rubric(rubrics_folder() / "image-recognition").questions
    assert sum(SHEET) == 100
    assert {question.id: question.points for question in questions} == {
        str(number + 1): points for number, points in enumerate(SHEET) if number < len(questions)
    }


@pytest.mark.parametrize("lab", ["mnist-dropout", "dat405-neural-networks"])
def test_points_of_our_own(lab: str) -> None:
    """Where the sheet states none, the points add up to what the rubric's page says."""
    assert load_rubric(rubrics_folder() / lab).points == 20


@pytest.mark.long
def test_script_and_word_report(graded: Graded) -> None:
    """group07: the report's text and the script's code are one submission, and its faults are found."""
    result = graded(SUBMISSIONS / "group07")
    assert result.rubric == "image-recognition"
    assert {model.matched for model in result.models} == {"linear", "relu", "conv", "dropout", "objects"}
    lost = {
        (question.id, verdict.criterion)
        for question in result.questions
        for verdict in question.verdicts
        if verdict.status in ("partial", "failed") and question.id in [str(n) for n in range(1, 20)]
    }
    assert lost - {("12", "accuracy")} == {
        *((number, "history_plot") for number in ("3", "8", "10", "14", "17")),
        *(("16", criterion) for criterion in ("architecture", "parameters", "trained")),
    }
    answers = {question.id: question for question in result.questions}
    (evaluated,) = [verdict for verdict in answers["12"].verdicts if verdict.criterion == "evaluated"]
    assert evaluated.status == "review"
    assert "evaluates `model" in evaluated.explanation
    words = [v.observed for q in result.questions for v in q.verdicts if v.criterion == "written"]
    assert {"words": 0} not in words


@pytest.mark.long
def test_pdf_alone(graded: Graded) -> None:
    """group21: code and outputs out of a PDF's pages are run and judged like a notebook's."""
    result = graded(SUBMISSIONS / "group21")
    assert result.rubric == "dat405-neural-networks"
    assert [model.matched for model in result.models] == [
        *("given_mlp", "small_mlp", "deep_mlp", "decayed_mlp", "conv_net")
    ]
    status = {(q.id, verdict.criterion): verdict.status for q in result.questions for verdict in q.verdicts}
    assert status["2.1.5", "states_number"] == status["2.4-best", "states_number"] == "passed"
    assert status["2.3", "history_plot"] == status["2.4-sweep", "sweep"] == "partial"
    assert "decay_missing" in {observation.kind for observation in result.observations}
