"""The reference: every model with as many seeds as the effort asks for, none trained twice."""

from __future__ import annotations

from typing import Any

import pytest

from grader.criteria.models.compiled import CompiledCriterion
from grader.recorder.lab_solution import SEEDS, complete_reference
from grader.records import Question, Rubric, Silence

pytestmark = [pytest.mark.slow, pytest.mark.long]

SOLUTION = """
import keras
from keras import layers
(x, y), (t, u) = keras.datasets.mnist.load_data()
def train(name, units):
    model = keras.Sequential(
        [layers.Flatten(), layers.Dense(units, "relu"), layers.Dense(10, "softmax")], name=name)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x / 255, y, epochs=1, verbose=0)
train("given", 8); train("again", 8)
for _ in range(3): train("sweep", 9)
train("unnamed", 10)
"""


def test_every_named_model_has_its_seeds(bench: Any) -> None:
    """Two models of one definition share their seeds; a sweep's replicas are its seeds; others are left alone."""
    names = ("given", "again", "sweep")
    criteria = (CompiledCriterion(points=1),)
    questions = tuple(Question(id=name, title=name, model=name, criteria=criteria) for name in names)
    rubric = Rubric(version=1, name="lab", title="Lab", questions=questions)
    recorded, desk = bench.recorded_with_desk(SOLUTION, effort="quick")
    before = bench.service.trained
    reference = complete_reference(rubric, recorded, desk, "quick", Silence())
    assert {name: len(model.trainings) for name, model in reference.models.items()} == {
        "given": 2,
        "again": 2,
        "sweep": 3,
    }
    given, again = ({training.key for training in reference.models[name].trainings} for name in names[:2])
    assert given == again
    assert len(given) == SEEDS["quick"]
    assert bench.service.trained == before
    assert reference.models["given"].spread is not None
