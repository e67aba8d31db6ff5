"""One warm server without Keras, which runs functions of students in the real sandbox within milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from function_trials import LAB, QUESTIONS, Tried, plan_of

from grader.functions.loading import CaseFile, load_cases
from grader.recorder import functions
from grader.recorder.event_log import EventLog
from grader.recorder.functions import FunctionHandler
from grader.records import FunctionTested
from grader.sandbox.contract import Limits
from grader.sandbox.warm import WarmServer


@pytest.fixture(scope="session")
def server() -> Iterator[WarmServer]:
    """Forks processes that only define; nothing but NumPy is loaded."""
    with WarmServer("grader.probe.function_calls:main", "", ("numpy",)) as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def impatience() -> Iterator[None]:
    """Functions that keep the processor busy are given up soon, those that wait for it on a busy machine late."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functions, "CALL_SECONDS", 0.5)
        patch.setattr(functions, "PROBE_SECONDS", 0.3)
        patch.setattr(functions, "WALL_FACTOR", 60)
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
        FunctionHandler(cases, plan, lambda: server.student(Limits(wall_seconds=60), threads=1)).judge(None, log)
        return {event.question: event for event in log.events if isinstance(event, FunctionTested)}

    return run
