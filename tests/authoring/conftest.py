"""One session on data sets small enough for every machine, for all tests of rubrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.options import Options
from grader.pipeline import judge_submission, reading
from grader.recorder.lab_solution import SEEDS
from grader.records import Result, Silence
from grader.session import Session

Graded = Callable[[Path], Result]


def small_dataset(shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """300 training and 100 test images of ten bright bars, each in a place of its own, with noise."""
    random = np.random.default_rng(seed)
    labels = (np.arange(400) % 10).astype(np.uint8)
    images = random.integers(0, 60, (400, *shape)).astype(np.uint8)
    for row, label in enumerate(labels):
        images[row, 2 * label + 4] = 255
    columns = labels.reshape(-1, 1) if len(shape) == 3 else labels
    return {"x_train": images[:300], "y_train": columns[:300], "x_test": images[300:], "y_test": columns[300:]}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One session, with a cache of its own, small data sets under the names of the real ones, and a single seed."""
    folder = tmp_path_factory.mktemp("small")
    np.savez(folder / "mnist.npz", **small_dataset((28, 28), 1))
    np.savez(folder / "cifar10.npz", **small_dataset((32, 32, 3), 2))
    options = Options(data=folder, cache=folder / "cache", effort="quick")
    with pytest.MonkeyPatch.context() as patch, Session(options, Silence()) as opened:
        patch.setitem(SEEDS, "quick", 1)
        yield opened


@pytest.fixture(scope="module")
def graded(session: Session) -> Graded:
    """Grades what lies at a path by the rubric that it finds itself, beside that rubric's solution."""

    def grade(path: Path) -> Result:
        read = reading(path, session.options)
        reference = session.reference(read.rubric, read.solution)
        rerun = session.rerun(read.submission, read.rubric, read.functions, reference)
        return judge_submission(read, reference, rerun, session.effort)[0]

    return grade
