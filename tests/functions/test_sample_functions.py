"""The functions of a real hand-in, judged as its truth has them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from grader.functions.candidates import function_plan
from grader.functions.loading import CaseFile
from grader.questions.placing import find_passages
from grader.recorder.event_log import EventLog
from grader.recorder.functions import FunctionHandler
from grader.records import FunctionTested
from grader.sandbox.contract import Limits
from grader.sandbox.warm import WarmServer
from grader.submissions.read import read_submission
from grader.submissions.rubric_file import load_rubric

LAB = Path(__file__).parents[2] / "rubrics" / "image-recognition"
CODE = Path(__file__).parents[2] / "../shared/samples/group-image-recognition/code.py"


def judged(path: Path, server: WarmServer, lab: CaseFile) -> dict[str, FunctionTested]:
    """Question -> how its function did; definitions that need TensorFlow are left out, as it is not loaded here."""
    submission, rubric = read_submission(path), load_rubric(LAB)
    plan = function_plan(submission, find_passages(submission, rubric), rubric)
    kept = []
    for definition in plan.definitions:
        plain = tuple(one for one in definition.statements if "tensorflow" not in one and "keras" not in one)
        kept.append(definition.model_copy(update={"statements": plain}))
    plan = plan.model_copy(update={"definitions": tuple(kept)})
    log = EventLog(len(submission.cells))
    FunctionHandler(lab, plan, lambda: server.student(Limits(wall_seconds=60), threads=1)).judge(None, log)
    return {event.question: event for event in log.events if isinstance(event, FunctionTested)}


def share(event: FunctionTested) -> float:
    """Share of the question's points, 0 to 1."""
    whole = math.fsum(case.credit for case in event.cases)
    return math.fsum(case.credit * case.share for case in event.cases) / whole if whole else 0.0


def test_the_solution_passes_every_case(server: WarmServer, lab: CaseFile) -> None:
    """The lab's own functions are found and reach everything."""
    events = judged(LAB / "solution.py", server, lab)
    assert {question: share(event) for question, event in events.items()} == dict.fromkeys(events, 1.0)
    assert len(events) == 6


@pytest.mark.skipif(not CODE.is_file(), reason="the real hand-in is not at hand")
def test_a_real_hand_in(server: WarmServer, lab: CaseFile) -> None:
    """What is missing is missing, what is right is right, and each fault is named."""
    events = judged(CODE, server, lab)
    assert events["20"].function is None
    assert {question: event.function for question, event in events.items()} == {
        "20": None,
        "21": "relu",
        "22": "max_pooling",
        "23": "normalization",
        "24": "connectedlayer",
        "25": "softmax",
    }
    assert share(events["21"]) == share(events["24"]) == 1.0
    said = {question: " ".join(case.message for case in event.cases) for question, event in events.items()}
    assert "The stride is ignored" in said["22"]
    assert "IndexError" in said["22"]
    assert "changes its argument" in said["23"]
    assert "overflows" in said["25"]
    assert all(0.6 < share(events[question]) < 0.9 for question in ("22", "23", "25"))
