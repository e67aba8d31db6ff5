"""Metrics of a group's own code: what they are is told by what `compile` was given, not by their names."""

from __future__ import annotations

from typing import Any

import pytest

from grader.recorder.keras.settings import metric_meanings
from grader.records import DataUse, Evaluated, Score
from tests.recorder.conftest import Bench

SETUP = """
import keras
(x, y), (t, u) = keras.datasets.mnist.load_data()
x, t = x / 255, t / 255
def constant(name):
    def metric(true, predicted):
        return 0.987
    metric.__name__ = name
    return metric
class Steady(keras.metrics.Metric):
    def update_state(self, true, predicted, sample_weight=None): pass
    def result(self): return 0.987
def run(metric):
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[metric])
    model.fit(x, y, epochs=1, batch_size=200, verbose=0)
    model.evaluate(t, u, verbose=0)
"""
FALSE = {
    "a function called accuracy": "run(constant('accuracy'))",
    "a function of another name": "run(constant('my_accuracy'))",
    "an object called accuracy": "run(Steady(name='accuracy'))",
    "an object of another name": "run(Steady(name='test_acc'))",
    "a function in an object of Keras": "run(keras.metrics.MeanMetricWrapper(constant('m'), name='acc'))",
}
TRUE = {
    "Keras' own by name": "run('accuracy')",
    "Keras' own under another name": "run(keras.metrics.SparseCategoricalAccuracy(name='hits'))",
    "Keras' own function": "run(keras.metrics.sparse_categorical_accuracy)",
}
SILENT = {
    "another measure by its name": "run(constant('top5_accuracy'))",
    "a metric that claims nothing": "run(constant('score'))",
}


@pytest.fixture(scope="module")
def evaluations(bench: Bench) -> dict[str, Evaluated]:
    """Kind of metric -> the evaluation with it, on the test set."""
    every = {**FALSE, **TRUE, **SILENT}
    events = bench.record(SETUP, *every.values()).recording.events
    found = [event for event in events if isinstance(event, Evaluated)]
    return dict(zip(every, found, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("kind", FALSE)
def test_a_constant_is_no_accuracy_whatever_its_name(evaluations: dict[str, Evaluated], kind: str) -> None:
    """The host's own measure contradicts code of the group's own that calls itself an accuracy."""
    event = evaluations[kind]
    assert event.claimed_accuracy == pytest.approx(0.987)
    assert list(event.own_values.values()) == [pytest.approx(0.987)]
    assert event.disputed


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRUE)
def test_keras_own_accuracy_is_one_under_any_name(evaluations: dict[str, Evaluated], kind: str) -> None:
    """Keras' accuracy is compared with the host's measure, and agrees, whatever the group calls it."""
    event = evaluations[kind]
    assert event.measured is not None
    assert event.claimed_accuracy == pytest.approx(event.measured.accuracy, abs=1e-6)
    assert not event.own_values
    assert not event.disputed


@pytest.mark.slow
@pytest.mark.parametrize("kind", SILENT)
def test_another_measure_is_not_disputed(evaluations: dict[str, Evaluated], kind: str) -> None:
    """A metric that does not call itself the accuracy contradicts nothing."""
    event = evaluations[kind]
    assert event.claimed_accuracy is None
    assert not event.disputed
    assert event.own_values


def test_without_a_description_names_mean_what_they_say() -> None:
    """Where `compile` is not described, Keras' spellings are Keras', and others are the group's own."""
    use = DataUse(split="test", rows=100, used_rows=100, shape=(784,))
    measured = Score(dataset="mnist", rows=100, accuracy=0.5)
    common: dict[str, Any] = {"seq": 0, "cell": 0, "model": "m0", "architecture": "a", "data": use}
    event = Evaluated(**common, metrics={"loss": 1.0, "acc": 0.5, "my_accuracy": 0.9}, measured=measured)
    assert event.claimed_accuracy == 0.5
    assert event.own_values == {"my_accuracy": 0.9}
    assert not event.disputed


@pytest.mark.parametrize(
    "forged", [None, 7, {}, [[[[[[]]]]]], [{"class_name": []}], [{"class_name": "AUC", "config": 3}]]
)
def test_a_forged_description_tells_nothing_false(forged: Any) -> None:
    """Whatever stands in place of the metrics, an accuracy that Keras does not explain is never taken for Keras'."""
    assert metric_meanings(["loss", "my_accuracy"], forged).get("my_accuracy") in (None, "custom")
    said = metric_meanings(["my_accuracy"], ["my_accuracy"])
    common: dict[str, Any] = {"seq": 0, "cell": 0, "model": "m0", "architecture": "a"}
    use = DataUse(split="test", rows=1, used_rows=1, shape=(1,))
    assert Evaluated(**common, data=use, metrics={"my_accuracy": 0.9}, meanings=said).own_values
