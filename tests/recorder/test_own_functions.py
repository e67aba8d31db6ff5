"""A function in place of a name: a library's own is its name, whoever hands it out; a student's own never is."""

from __future__ import annotations

from typing import Any

import pytest

DATA = """
import keras, tensorflow as tf
from keras import layers
from tensorflow.keras import backend as K
(x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
x, y = x.reshape(-1, 784) / 255.0, keras.utils.to_categorical(y, 10)
"""
TRAIN = """
model = keras.Sequential([keras.Input((784,)), layers.Dense(16, activation={activation}), layers.Dense(10, {last})])
model.compile(optimizer={optimizer}, loss={loss}, metrics=[{metric}])
model.fit(x, y, epochs=1, batch_size=64, verbose=0)
"""
NAMED = {
    "activation": "'relu'",
    "last": "'softmax'",
    "optimizer": "'sgd'",
    "loss": "'categorical_crossentropy'",
    "metric": "'categorical_accuracy'",
}


def key(record: Any, **changed: str) -> tuple[str | None, bool]:
    """(key of the training, whether the host trained it) of the model with some names in another form."""
    recorded = record(DATA, changed.pop("before", ""), TRAIN.format(**{**NAMED, **changed}))
    assert not [event for event in recorded.recording.events if event.kind == "failed"]
    training = recorded.recording.trainings()[0]
    return training.key, training.native is None


@pytest.fixture(scope="module")
def named(bench: Any) -> str:
    """The key of the training whose model, loss and metric are given by their names."""
    found, by_host = key(bench.record)
    assert by_host
    return str(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        {"activation": "tf.nn.relu"},
        {"activation": "keras.ops.relu", "last": "tf.nn.softmax"},
        {"activation": "K.relu", "last": "keras.activations.softmax"},
        {"activation": "tf.keras.activations.relu", "last": "tf.compat.v1.nn.softmax"},
        {"loss": "keras.losses.categorical_crossentropy"},
        {"loss": "tf.keras.losses.CategoricalCrossentropy()"},
        {"loss": "tf.losses.CategoricalCrossentropy"},
        {"loss": "K.categorical_crossentropy"},
        {"metric": "tf.keras.metrics.CategoricalAccuracy()"},
        {"metric": "keras.metrics.CategoricalAccuracy"},
        {"metric": "keras.metrics.categorical_accuracy"},
        {"optimizer": "tf.train.GradientDescentOptimizer(0.01)"},
    ],
    ids=lambda changed: " ".join(changed.values()),
)
def test_a_librarys_function_is_its_name(named: str, record: Any, changed: dict[str, str]) -> None:
    """The same model, trained by the host under the same key."""
    assert key(record, **changed) == (named, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        {"before": "def relu(x): return -x", "activation": "relu"},
        {"before": "def softmax(x): return tf.nn.softmax(2 * x)", "last": "softmax"},
        {
            "before": "relu = lambda x: x\nrelu.__name__, relu.__module__ = 'relu', 'keras.src.activations'",
            "activation": "relu",
        },
        {"before": "def categorical_crossentropy(a, b): return K.mean(a - b)", "loss": "categorical_crossentropy"},
        {"before": "def categorical_accuracy(a, b): return K.mean(a)", "metric": "categorical_accuracy"},
        {"activation": "K.hard_sigmoid"},
    ],
    ids=lambda changed: " ".join(changed.values())[:40],
)
def test_a_function_of_the_same_name_is_not(named: str, record: Any, changed: dict[str, str]) -> None:
    """A group's own function makes the training its own: it runs beside the code."""
    found, by_host = key(record, **changed)
    assert not by_host
    assert found != named


@pytest.mark.slow
def test_a_single_number_stays_one(record: Any) -> None:
    """`Normalization(axis=None)` has weights without an axis, and computes with them wherever it is trained."""
    source = """
import keras, numpy as np
from keras import layers
(x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
y, y_test = keras.utils.to_categorical(y, 10), keras.utils.to_categorical(y_test, 10)
norm = layers.Normalization(axis=None)
norm.adapt(x)
model = keras.Sequential([keras.Input((28, 28)), norm, layers.Flatten(), layers.Dense(10, activation="softmax")])
model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
run = model.fit(x, y, epochs=3, verbose=0, validation_data=(x_test, y_test))
print("last", abs(model.evaluate(x_test, y_test, verbose=0)[0] - run.history["val_loss"][-1]) < 1e-4)
print("scale", round(float(np.std(model.layers[0](x))), 2))
"""
    recorded = record(source)
    assert not [event for event in recorded.recording.events if event.kind == "failed"]
    training = recorded.recording.trainings()[0]
    assert training.native is None
    said = "".join(event.text for event in recorded.recording.events if event.kind == "printed")
    assert "last True" in said
    assert "scale 1.0" in said
