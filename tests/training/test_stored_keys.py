"""Trainings that are stored already stay valid: the keys of today are those of the first edition, to the byte.

The keys and seeds below were written down on the code before the second edition. A change that makes one of them
another either trains another thing, and then `ENGINE_VERSION` rises and these are written down anew, or it is a fault.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.training.keras.arguments import canonical_compile, canonical_fit
from grader.training.keras.canonical import canonical_model, without_leading_flatten
from grader.training.spec import ENGINE_VERSION, DataDigests, Runtime, TrainingSpec, array_digest

RUNTIME = Runtime("cpu", 2, (("keras", "3.12.0"), ("numpy", "2.3.5"), ("tensorflow", "2.20.0")))
ROWS = np.arange(24, dtype=np.float32).reshape(4, 6)
DIGESTS = DataDigests(array_digest(ROWS), array_digest(np.arange(4, dtype=np.int64)))
ALL_DIGESTS = DataDigests(*(array_digest(ROWS + at) for at in range(6)))


def item(class_name: str, module: str = "keras.layers", /, **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def dense(units: int, activation: str, **more: Any) -> dict[str, Any]:
    return item("Dense", name="dense_7", units=units, activation=activation, dtype="float32", **more)


def perceptron() -> TrainingSpec:
    """A flattened perceptron, as most hand-ins train it."""
    layers = [item("Flatten", name="flatten"), dense(64, "relu"), dense(10, "softmax")]
    model = item("Sequential", "keras", name="sequential_3", layers=layers)
    architecture, _ = without_leading_flatten(canonical_model(model, (28, 28)))
    sgd = item("SGD", "keras.optimizers", name="SGD", learning_rate=0.10000000149011612, momentum=0.9)
    return TrainingSpec(
        architecture=architecture,
        compile=canonical_compile({"optimizer": sgd, "loss": "categorical_crossentropy", "metrics": ["accuracy"]}),
        fit=canonical_fit({"batch_size": 128, "epochs": 10, "initial_epoch": 0, "shuffle": True}),
        data=DIGESTS,
        effort="quick",
        runtime=RUNTIME,
    )


def convolutional() -> TrainingSpec:
    """A regularised convolutional network with a schedule, callbacks, class weights and every array."""
    regularizer = item("L2", "keras.regularizers", l2=9.999999974752427e-07)
    layers = [
        item("InputLayer", batch_shape=[None, 32, 32, 3], dtype="float32", name="input_1", sparse=False),
        item("Conv2D", name="c", filters=8, kernel_size=[3, 3], padding="same", kernel_regularizer=regularizer),
        item("BatchNormalization", name="b", momentum=0.99),
        item("MaxPooling2D", name="p", pool_size=[2, 2]),
        item("Flatten", name="f"),
        item("Dropout", name="d", rate=0.25, seed=None),
        dense(10, "linear"),
    ]
    decay = item(
        "ExponentialDecay",
        "keras.optimizers.schedules",
        initial_learning_rate=0.01,
        decay_steps=100,
        decay_rate=0.96,
        staircase=False,
        name="decay",
    )
    adam = item("Adam", "keras.optimizers", name="adam", learning_rate=decay, epsilon=1e-7)
    loss = item("SparseCategoricalCrossentropy", "keras.losses", from_logits=True, reduction="sum_over_batch_size")
    stopping = {"class_name": "EarlyStopping", "monitor": "val_loss", "patience": 3, "restore_best_weights": True}
    return TrainingSpec(
        architecture=canonical_model(item("Sequential", "keras", name="cnn", layers=layers), (32, 32, 3)),
        compile=canonical_compile({"optimizer": adam, "loss": loss, "metrics": ["ACC", item("AUC", "keras.metrics")]}),
        fit=canonical_fit(
            {"batch_size": 32, "epochs": 5, "initial_epoch": 1, "callbacks": [stopping], "class_weight": {"0": 2.0}}
        ),
        data=ALL_DIGESTS,
        effort="full",
        runtime=RUNTIME,
        start=array_digest(ROWS),
        seed=7,
        replica=2,
    )


def regression() -> TrainingSpec:
    """A functional network for numbers, under an alias of its loss."""
    first = item("InputLayer", batch_shape=[None, 6], dtype="float32", name="rows", sparse=False)
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 6], "keras_history": ["rows", 0, 0]}}
    layer = dense(1, "linear") | {"name": "out", "inbound_nodes": [{"args": [tensor], "kwargs": {}}]}
    layers = [first | {"name": "rows", "inbound_nodes": []}, layer]
    ends = {"input_layers": [["rows", 0, 0]], "output_layers": [["out", 0, 0]]}
    model = item("Functional", "keras.src.models.functional", name="model_1", layers=layers, **ends)
    return TrainingSpec(
        architecture=canonical_model(model, None),
        compile=canonical_compile({"optimizer": item("RMSprop", "keras.optimizers"), "loss": "mse", "metrics": "mae"}),
        fit=canonical_fit({"batch_size": 4, "epochs": 2, "initial_epoch": 0, "shuffle": False}),
        data=DIGESTS,
        effort="quick",
        runtime=RUNTIME,
    )


KNOWN = {
    perceptron: ("89f503f6a3064ceb347d892fee66a8fc4ddc3d51a21ef9a3033cd84033f6953c", 959380007),
    convolutional: ("75146c58f784b01a89e7c240df8314142ba4d90b932302a63c0a57e9cbebba70", 144105312),
    regression: ("39646194604ad44d15def6a4a3ee153022eb8f752a2d9d4cf78201af4a1d48bd", 220166323),
}


def test_the_engine_is_of_the_version_of_these_keys() -> None:
    """The keys below are those of engine version 3."""
    assert ENGINE_VERSION == 3


@pytest.mark.parametrize("make", KNOWN, ids=lambda make: make.__name__)
def test_keys_and_seeds_are_those_of_stored_trainings(make: Any) -> None:
    """Architecture, arguments, data and machine give the key and the seed that they gave when it was stored."""
    assert (make().key, make().random_seed) == KNOWN[make]


def test_another_framework_is_another_training() -> None:
    """The first framework goes unnamed in the key, as ever; any other is named."""
    assert replace(perceptron(), framework="keras").key == perceptron().key
    assert replace(perceptron(), framework="other").key != perceptron().key


def test_arrays_have_the_digests_under_which_they_were_stored() -> None:
    """The digest of an array is over its type, its shape and its bytes, as ever."""
    assert array_digest(ROWS) == "0bd324705169dedcc61b8317958bb36cbd3050e2185d660d78007236240e1d77"
    assert (
        array_digest(np.arange(4, dtype=np.int64)) == "cad1ae4803cc827db3648b679d3bef098fe2e74ad9bf07a715fb0bd6a57263e9"
    )
