"""Scorings of weights that a submission sends are bounded together."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from grader.probe.descriptions import CompileDescription, DataReference, ModelDescription
from grader.probe.messages import ModelEvaluated
from grader.recorder.trainings import TrainingHandler
from grader.records import DataUse, Score
from grader.training.budget import Budget
from grader.training.spec import DataPool

LAYERS = [
    {"module": "keras.layers", "class_name": "Flatten", "config": {}, "registered_name": None},
    {"module": "keras.layers", "class_name": "Dense", "config": {"units": 10}, "registered_name": None},
]
CONFIG = {"module": "keras", "class_name": "Sequential", "registered_name": None, "config": {"layers": LAYERS}}
SENT = ModelEvaluated(
    model="m0",
    description=ModelDescription(config=CONFIG),
    compile=CompileDescription(loss="mse"),
    data=DataReference(rows=5),
    metrics={},
)
USE = DataUse(split="test", dataset="mnist", rows=5, used_rows=5, shape=(4,))
WEIGHTS = [np.zeros((4, 10)), np.zeros(10)]


class Scorer:
    """A trainer that takes its time."""

    budget = Budget(scoring_seconds=0.05)
    asked = 0

    def score(self, *_: Any, **__: Any) -> Score:
        """A score, after a while."""
        self.asked += 1
        time.sleep(0.06)
        return Score(dataset="mnist", rows=5, accuracy=0.5)


class Data:
    """A data desk that knows no classes."""

    def classes(self, use: DataUse) -> int:
        """None at all."""
        return 0


def test_scorings_are_bounded_together() -> None:
    """The clock of a submission stands still while its weights are scored: it cannot have that done without end."""
    scorer = Scorer()
    desk = TrainingHandler(scorer, DataPool(), Data(), "quick")  # type: ignore[arg-type]
    assert desk.score_on(SENT, USE, ("x", "y"), WEIGHTS) is not None
    assert desk.score_on(SENT, USE, ("x", "y"), WEIGHTS) is None
    assert scorer.asked == 1
