"""Whether pixels are scaled inside a model: real models, trained in the sandbox, each in a way that groups write."""

from __future__ import annotations

import pytest

from grader.code.pixel_arithmetic import ModelCode
from grader.criteria.input_scaling import PixelRange, given_range, range_at_weights
from tests.recorder.conftest import Bench

SETUP = """
import keras, numpy as np
from keras import layers, ops
(x_train, y_train), _ = keras.datasets.mnist.load_data()
SCALE = 255.0
def train(model, x=x_train):
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y_train, epochs=1, batch_size=200, verbose=0)
def functional(change):
    inputs = keras.Input((28, 28))
    outputs = layers.Dense(10, activation="softmax")(layers.Flatten()(change(inputs)))
    return keras.Model(inputs, outputs)
def row(*first):
    return keras.Sequential([*first, layers.Flatten(), layers.Dense(10, activation="softmax")])
"""
NET = """
class {name}(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten, self.first = layers.Flatten(), layers.Dense(8)
        self.flat = layers.Flatten()
        self.scale = layers.Rescaling(1 / 255)
        self.blocks = [layers.Flatten(), layers.Dense(8)]
        self.out = layers.Dense(10, activation="softmax")
    def call(self, x, training=False):
        {body}
train({name}())
"""


def net(name: str, body: str) -> str:
    """A class of the group's own whose `call` has these statements."""
    return NET.format(name=name, body="\n        ".join(body.split("; ")))


SCALED = {
    "a Lambda": "train(row(layers.Lambda(lambda x: x / 255)))",
    "a Lambda of a function": "def to_unit(pixels):\n    return pixels / SCALE\ntrain(row(layers.Lambda(to_unit)))",
    "a division in a functional model": "train(functional(lambda inputs: inputs / 255))",
    "centred in a functional model": "train(functional(lambda inputs: (inputs - 127.5) / 127.5))",
    "a product in a functional model": "train(functional(lambda inputs: inputs * (1 / 255.0)))",
    "a division in call": net("Divides", "x = ops.cast(x, 'float32') / 255.0; return self.out(self.flat(x))"),
    "a layer in call": net("Rescales", "x = self.flat(self.scale(x)); return self.out(x)"),
    "a division that is not followed": net(
        "Loops", "x = x / 255; y = [layer(x) for layer in self.blocks[:1]][0]; return self.out(y)"
    ),
    "behind shaping and augmentation": (
        "train(row(layers.Reshape((28, 28, 1)), layers.RandomTranslation(0.1, 0.1), layers.Rescaling(1 / 255)))"
    ),
    "a model of preprocessing": (
        "train(row(keras.Sequential([layers.Reshape((28, 28, 1)), layers.Rescaling(1 / 255)])))"
    ),
    "normalised by its own statistics": "train(row(layers.BatchNormalization()))",
}
UNSCALED = {
    "nothing": "train(row())",
    "a factor of one": "train(row(layers.Rescaling(1.0)))",
    "halved by a Lambda": "train(row(layers.Lambda(lambda x: x / 2)))",
    "halved in a functional model": "train(functional(lambda inputs: inputs / 2))",
    "halved in call": net("Halves", "x = x / 2; return self.out(self.flat(x))"),
    "behind the first Dense": "train(row(layers.Flatten(), layers.Dense(8), layers.Rescaling(1 / 255)))",
    "normalised behind the first Dense": "train(row(layers.Flatten(), layers.Dense(8), layers.BatchNormalization()))",
    "divided behind the first Dense": net("Late", "x = self.first(self.flat(x)); x = x / 255; return self.out(x)"),
    "a layer that is never called": net("Unused", "return self.out(self.flat(x))"),
    "multiplied by 255": "train(functional(lambda inputs: inputs * 255))",
    "scaled, and scaled back": "train(row(layers.Rescaling(255.0)), x_train / 255)",
}
UNKNOWN = {
    "a way that cannot be followed": net(
        "Hidden", "y = [layer(x) for layer in self.blocks[:1]][0]; return self.out(y)"
    ).replace("self.scale = layers.Rescaling(1 / 255)", "pass"),
}
ALL = {**SCALED, **UNSCALED, **UNKNOWN}


@pytest.fixture(scope="module")
def ranges(bench: Bench) -> dict[str, PixelRange]:
    """Kind of model -> the range of the pixels at its first weights, as told by recording and code."""
    sources = [SETUP, *ALL.values()]
    recording = bench.record(*sources).recording
    failures = [event for event in recording.events if event.kind == "failed"]
    assert not failures, failures[0]
    found = {}
    for name, training in zip(ALL, recording.trainings(), strict=True):
        given = given_range(training.train)
        assert given is not None
        code = ModelCode(sources[: training.cell + 1])
        found[name] = range_at_weights(recording.architectures[training.architecture], given, code)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", SCALED)
def test_pixels_scaled_inside_the_model_are_scaled(ranges: dict[str, PixelRange], kind: str) -> None:
    """A layer, arithmetic or code that scales anywhere before the first weights counts, and is named."""
    assert ranges[kind].scaled
    assert ranges[kind].by
    assert not ranges[kind].unknown


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNSCALED)
def test_near_misses_are_not_scaled(ranges: dict[str, PixelRange], kind: str) -> None:
    """What looks like scaling and leaves the range wide, comes too late, or never runs, is told for sure."""
    assert not ranges[kind].scaled
    assert not ranges[kind].unknown


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNKNOWN)
def test_code_that_cannot_be_followed_decides_nothing(ranges: dict[str, PixelRange], kind: str) -> None:
    """A person decides where the model's own code may scale in ways that are not seen."""
    assert ranges[kind].unknown
