"""One warm server without Keras, which runs functions of students in the real sandbox within milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from grader.functions.groups import CaseFile, load_cases
from grader.reading.functions.plan import function_plan
from grader.recorder.events import EventLog
from grader.recorder.functions import session
from grader.recorder.functions.desk import FunctionDesk
from grader.records.criteria.functions import FunctionCriterion
from grader.records.functions.outcomes import FunctionTested
from grader.records.functions.plan import FunctionPlan
from grader.records.rubric import Question, Rubric
from grader.records.submission import Cell, Passage, Submission
from grader.sandbox.contract import Limits
from grader.sandbox.warm import WarmServer

LAB = Path(__file__).parents[2] / "rubrics" / "image-recognition"
QUESTIONS = ("20", "21", "22", "23", "24", "25")
Tried = Callable[..., dict[str, FunctionTested]]


def rubric_of(questions: tuple[str, ...]) -> Rubric:
    """A rubric that asks for a function in each of `questions`."""
    asked = tuple(Question(id=one, title=one, criteria=(FunctionCriterion(points=4),)) for one in questions)
    return Rubric(version=1, name="functions", title="Functions", questions=asked)


def plan_of(
    *sources: str, placed: dict[int, str] | None = None, questions: tuple[str, ...] = QUESTIONS
) -> FunctionPlan:
    """The plan of code cells; `placed` says which cell stands under which question."""
    texts = [dedent(source) for source in sources]
    cells = tuple(
        Cell(index=at, kind="code", source=text, file="notebook.ipynb", number=at + 1) for at, text in enumerate(texts)
    )
    passages = tuple(
        Passage(question=question, cell=cell, start=0, end=len(texts[cell]), found_by="heading")
        for cell, question in (placed or {}).items()
    )
    submission = Submission(name="group", files=("notebook.ipynb",), cells=cells, digest="")
    return function_plan(submission, passages, rubric_of(questions))


@pytest.fixture(scope="session")
def server() -> Iterator[WarmServer]:
    """Forks processes that only define; nothing but NumPy is loaded."""
    with WarmServer("grader.recorder.probe.functions.main:main", "", ("numpy",)) as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def impatience() -> Iterator[None]:
    """Functions that never end are given up soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "CALL_SECONDS", 0.5)
        patch.setattr(session, "PROBE_SECONDS", 0.3)
        patch.setattr(session, "_GRACE_SECONDS", 0.7)
        yield


@pytest.fixture(scope="session")
def lab() -> CaseFile:
    """The cases of the image lab."""
    cases = load_cases(LAB, QUESTIONS)
    assert cases is not None
    return cases


@pytest.fixture(scope="session")
def tried(server: WarmServer, lab: CaseFile) -> Tried:
    """Tries the functions in some code on a lab's cases: question -> what the recording says."""

    def run(*sources: str, placed: dict[int, str] | None = None, cases: CaseFile = lab) -> dict[str, FunctionTested]:
        questions = tuple(group.question for group in cases.groups)
        plan = plan_of(*sources, placed=placed, questions=questions)
        log = EventLog(len(sources))
        FunctionDesk(cases, plan, lambda: server.student(Limits(wall_seconds=60), threads=1)).judge(None, log)
        return {event.question: event for event in log.events if isinstance(event, FunctionTested)}

    return run
