"""Each lab's own solution, recorded and judged by its own rubric, on data sets small enough for every machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.assets import rubrics_folder
from grader.checks.result import make_result
from grader.matching.match import match_submission
from grader.options import Options
from grader.pipeline import read_solution
from grader.reading.passages.answers import answer_text
from grader.reading.passages.sections import find_passages
from grader.reading.rubric import load_rubric, rubrics
from grader.reading.saved import record_saved
from grader.recorder.reference import SEEDS
from grader.records.progress import Silence
from grader.records.result import Result, Verdict
from grader.workshop import Workshop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LABS = [place.name for place in rubrics([rubrics_folder()])]


def small_dataset(shape: tuple[int, ...], seed: int) -> dict[str, np.ndarray]:
    """300 training and 100 test images of ten bright bars, each in a place of its own, with noise."""
    random = np.random.default_rng(seed)
    labels = (np.arange(400) % 10).astype(np.uint8)
    images = random.integers(0, 60, (400, *shape)).astype(np.uint8)
    for row, label in enumerate(labels):
        images[row, 2 * label + 4] = 255
    columns = labels.reshape(-1, 1) if len(shape) == 3 else labels
    return {"x_train": images[:300], "y_train": columns[:300], "x_test": images[300:], "y_test": columns[300:]}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One workshop, with a cache of its own, small data sets under the names of the real ones, and a single seed."""
    folder = tmp_path_factory.mktemp("small")
    np.savez(folder / "mnist.npz", **small_dataset((28, 28), 1))
    np.savez(folder / "cifar10.npz", **small_dataset((32, 32, 3), 2))
    options = Options(data=folder, cache=folder / "cache", effort="quick")
    with pytest.MonkeyPatch.context() as patch, Workshop(options, Silence()) as opened:
        patch.setitem(SEEDS, "quick", 1)
        yield opened


def graded_solution(lab: str, workshop: Workshop) -> Result:
    """The solution of `lab` as a submission, judged beside itself as the reference."""
    rubric = load_rubric(rubrics_folder() / lab)
    solution = read_solution(rubrics_folder(), rubric, workshop.options)
    reference, rerun = workshop.reference(rubric, solution), workshop.rerun(solution, rubric)
    passages = find_passages(solution, rubric)
    answers = {question.id: answer_text(solution, passages, question, rubric) for question in rubric.questions}
    match = match_submission(solution, rubric, passages, answers, record_saved(solution), rerun, reference)
    return make_result(match, reference, workshop.effort)


def told(question: str, verdict: Verdict) -> str:
    return f"{question} {verdict.criterion}: {verdict.status}: {verdict.explanation}"


@pytest.mark.parametrize("lab", LABS)
def test_solution_earns_full_marks(lab: str, workshop: Workshop) -> None:
    """Every criterion that labgrade decides is met in full; every written answer names each concept asked for."""
    result = graded_solution(lab, workshop)
    verdicts = [(question.id, verdict) for question in result.questions for verdict in question.verdicts]
    decided = [(question, verdict) for question, verdict in verdicts if verdict.criterion != "written"]
    assert [told(*entry) for entry in decided if entry[1].status != "passed"] == []
    written = [(question, verdict) for question, verdict in verdicts if verdict.criterion == "written"]
    assert [told(*entry) for entry in written if "Not found" in entry[1].explanation] == []
    assert [told(*entry) for entry in written if entry[1].observed == {"words": 0}] == []
    assert result.score.awarded == result.score.decided
    assert [model.label for model in result.models if model.matched is None] == []


SHEET = (3, 5, 3, 5, 2, 5, 5, 2, 5, 2, 5, 2, 5, 3, 3, 6, 2, 5, 4, 8, 2, 6, 4, 4, 4)
"""Points of the 25 questions of `image-recognition`, 100 in all."""


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
