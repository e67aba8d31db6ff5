"""Scorings of weights that a submission sends are bounded together."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from grader.recorder.trainings import TrainingDesk
from grader.records.models import DataUse, TestScore
from grader.training.budget.limits import Budget
from grader.training.pool import DataPool

LAYERS = [
    {"module": "keras.layers", "class_name": "Flatten", "config": {}, "registered_name": None},
    {"module": "keras.layers", "class_name": "Dense", "config": {"units": 10}, "registered_name": None},
]
CONFIG = {"module": "keras", "class_name": "Sequential", "registered_name": None, "config": {"layers": LAYERS}}
HEADER = {"description": {"config": CONFIG}, "compile": {"loss": "mse"}}
USE = DataUse(split="test", dataset="mnist", rows=5, used_rows=5, shape=(4,))
WEIGHTS = [np.zeros((4, 10)), np.zeros(10)]


class Scorer:
    """A trainer that takes its time."""

    budget = Budget(scoring_seconds=0.05)
    asked = 0

    def score(self, *_: Any) -> TestScore:
        """A score, after a while."""
        self.asked += 1
        time.sleep(0.06)
        return TestScore(dataset="mnist", rows=5, accuracy=0.5)


class Data:
    """A data desk that knows no classes."""

    def classes(self, use: DataUse) -> int:
        """None at all."""
        return 0


def test_scorings_are_bounded_together() -> None:
    """The clock of a submission stands still while its weights are scored: it cannot have that done without end."""
    scorer = Scorer()
    desk = TrainingDesk(scorer, DataPool(), Data(), "quick")  # type: ignore[arg-type]
    assert desk.score_on(HEADER, USE, ("x", "y"), WEIGHTS) is not None
    assert desk.score_on(HEADER, USE, ("x", "y"), WEIGHTS) is None
    assert scorer.asked == 1
