"""Functions are tried in the process that ran the submission, while it lives, and in another where it does not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from grader.criteria.answers.function import FunctionCriterion
from grader.datasets.fingerprints import dataset_fingerprints
from grader.functions.candidates import function_plan
from grader.functions.loading import load_cases
from grader.recorder.functions import FunctionHandler
from grader.recorder.host import Recorder
from grader.recorder.shown_data import DataHandler
from grader.recorder.trainings import TrainingHandler
from grader.records import Cell, FunctionTested, Question, Recording, Rubric, Silence, Submission
from grader.sandbox.contract import Limits

pytestmark = [pytest.mark.slow, pytest.mark.long]

CASES = """
import numpy as np
from numpy.testing import assert_allclose
from grader.functions import FunctionTests

class TestScale(FunctionTests):
    question = "1"
    names = ("scale",)
    arguments = {"x": ("values",)}

    def test_scales(self, call):
        '''Three numbers'''
        assert_allclose(call(np.arange(3.0)), [0, 7, 14])
"""


def recorded(bench: Any, folder: Path, *sources: str) -> Recording:
    """The recording of code cells, with their function `scale` tried."""
    (folder / "cases.py").write_text(dedent(CASES))
    cases = load_cases(folder, ("1",))
    assert cases is not None
    rubric = Rubric(
        version=1,
        name="scaling",
        title="Scaling",
        questions=(Question(id="1", title="Scale", criteria=(FunctionCriterion(points=1),)),),
    )
    cells = tuple(
        Cell(index=at, kind="code", source=dedent(source), file="notebook.ipynb", number=at + 1)
        for at, source in enumerate(sources)
    )
    submission = Submission(name="group", files=("notebook.ipynb",), cells=cells, digest="")
    data = DataHandler(bench.pool, lambda name: None, lambda one: dataset_fingerprints(one, bench.folder))
    desk = TrainingHandler(bench.service, bench.pool, data, "full")
    functions = FunctionHandler(cases, function_plan(submission, (), rubric), lambda: bench.server.student(Limits()))
    recorder = Recorder(cells, desk, data, bench.pool, Silence())
    return recorder.record(bench.server.student(Limits()), "full", 2, functions).recording


def outcome(recording: Recording) -> FunctionTested:
    return next(event for event in recording.events if isinstance(event, FunctionTested))


def test_the_living_process_is_asked(bench: Any, tmp_path: Path) -> None:
    """What the cells worked out is there for the functions, and nothing that a function does is recorded."""
    recording = recorded(
        bench,
        tmp_path,
        "factor = sum(int(digit) for digit in '34')",
        "import matplotlib.pyplot as plt\ndef scale(x):\n    print('called')\n    plt.figure(); plt.show()\n"
        "    return factor * x",
    )
    assert outcome(recording).cases[0].status == "passed"
    assert recording.outcome.status == "finished"
    assert not [event for event in recording.events if event.kind in ("printed", "figure")]


def test_a_function_that_ends_the_process(bench: Any, tmp_path: Path) -> None:
    """The run counts as finished, and the function as failed."""
    recording = recorded(bench, tmp_path, "import os\ndef scale(x):\n    os._exit(3)")
    assert recording.outcome.status == "finished"
    assert outcome(recording).cases[0].status == "failed"
    assert "process ended" in outcome(recording).cases[0].message


def test_a_run_that_ended_early(bench: Any, tmp_path: Path) -> None:
    """A crash before the function costs it nothing: its definition is run by itself."""
    recording = recorded(bench, tmp_path, "import os\nos._exit(1)", "factor = 7\ndef scale(x):\n    return factor * x")
    assert recording.outcome.status == "crashed"
    assert outcome(recording).cases[0].status == "passed"
