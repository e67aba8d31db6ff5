"""The reference: every model with as many seeds as the effort asks for, none trained twice."""

from __future__ import annotations

from typing import Any

import pytest

from grader.criteria.models.compiled import CompiledCriterion
from grader.recorder.lab_solution import SEEDS, complete_reference, is_trained_inside
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


LOOP = """
import keras, numpy as np, tensorflow as tf
keras.utils.set_random_seed(3)
(x, y), (t, u) = keras.datasets.mnist.load_data()
net = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)], name="by_hand")
rate, loss = keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
rows = x.reshape(-1, 784).astype("float32") / 255
for first in range(0, 384, 64):
    with tf.GradientTape() as tape:
        value = loss(y[first:first + 64], net(rows[first:first + 64], training=True))
    rate.apply_gradients(zip(tape.gradient(value, net.trainable_variables), net.trainable_variables))
print(net.predict(t.reshape(-1, 784).astype("float32") / 255).shape)
"""
SUBCLASS = """
import keras
(x, y), (t, u) = keras.datasets.mnist.load_data()
class Net(keras.Model):
    def __init__(self):
        super().__init__(name="own_class")
        self.flat, self.last = keras.layers.Flatten(), keras.layers.Dense(10, "softmax")
    def call(self, rows):
        return self.last(self.flat(rows))
net = Net()
net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(x / 255, y, epochs=2, verbose=0)
print(net.evaluate(t / 255, u, verbose=0))
"""
OWN_CALLBACK = """
import keras
(x, y), (t, u) = keras.datasets.mnist.load_data()
class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = logs["accuracy"] > 2
net = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, "softmax")], name="stopped")
net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(x / 255, y, epochs=2, verbose=0, callbacks=[Stop()])
print(net.evaluate(t / 255, u, verbose=0))
"""
PIPELINE = """
import keras, tensorflow as tf
(x, y), (t, u) = keras.datasets.mnist.load_data()
rows = tf.data.Dataset.from_tensor_slices((x / 255, y)).shuffle(100).batch(32)
net = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, "softmax")], name="pipeline")
net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(rows, epochs=2, validation_data=(t / 255, u), verbose=0)
print(net.evaluate(t / 255, u, verbose=0))
"""


def lab(*names: str) -> Rubric:
    """A rubric with one question about each of the models of these `names`."""
    criteria = (CompiledCriterion(points=1),)
    questions = tuple(Question(id=name, title=name, model=name, criteria=criteria) for name in names)
    return Rubric(version=1, name="lab", title="Lab", questions=questions)


@pytest.mark.parametrize(
    ("name", "solution"),
    [("by_hand", LOOP), ("own_class", SUBCLASS), ("stopped", OWN_CALLBACK), ("pipeline", PIPELINE)],
)
def test_trained_by_the_solution_itself(bench: Any, name: str, solution: str) -> None:
    """What a solution trains by itself is a reference too, measured, trusted, and drawn anew with another seed."""
    rubric = lab(name)
    recorded, desk = bench.recorded_with_desk(solution)
    assert is_trained_inside(rubric, recorded)
    again = bench.record(solution, redraw=1).recording
    reference = complete_reference(rubric, recorded, desk, "quick", Silence(), [again])
    model = reference.models[name]
    assert [training.replica for training in model.trainings] == [0, 1]
    assert all(training.vouched for training in model.trainings)
    assert all(training.architecture in model.architectures for training in model.trainings)
    first, second = model.trainings
    assert first.history != second.history or first.test != second.test
    assert model.mean_accuracy is not None


def test_trained_by_both(bench: Any) -> None:
    """A model that the trainer trained as well needs no second run, and nothing else of it counts."""
    solution = OWN_CALLBACK + "net.fit(x / 255, y, epochs=1, verbose=0)"
    recorded, _ = bench.recorded_with_desk(solution)
    assert not is_trained_inside(lab("stopped"), recorded)
    assert not is_trained_inside(lab("another"), recorded)
