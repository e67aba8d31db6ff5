"""The allow-list between a sandbox's description and the trainer."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from grader.training.keras.arguments import canonical_compile, canonical_fit
from grader.training.keras.canonical import canonical_model
from grader.training.plain import NotExpressibleError
from grader.training.spec import canonical_digest


def keras_object(name: str, config: dict[str, Any], module: str = "keras.layers") -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def dense(units: int, name: str = "dense", activation: str = "relu", **more: Any) -> dict[str, Any]:
    config = {"name": name, "units": units, "activation": activation, "dtype": "float32", **more}
    return keras_object("Dense", config)


def sequential(*layers: dict[str, Any], name: str = "sequential") -> dict[str, Any]:
    return keras_object("Sequential", {"name": name, "layers": list(layers)}, module="keras")


def sgd(**config: Any) -> dict[str, Any]:
    return keras_object("SGD", {"name": "sgd", "learning_rate": 0.1, **config}, module="keras.optimizers")


FIT = {"batch_size": 32, "epochs": 3, "initial_epoch": 0}


def test_names_do_not_matter() -> None:
    """Two models that differ in the names of model and layers alone share one training."""
    one = canonical_model(sequential(dense(64, "dense"), name="a"), (784,))
    other = canonical_model(sequential(dense(64, "dense_45"), name="b"), (784,))
    assert canonical_digest(one) == canonical_digest(other)


def test_arguments_matter() -> None:
    """One unit more is another training."""
    one, other = (canonical_model(sequential(dense(units)), (784,)) for units in (64, 65))
    assert canonical_digest(one) != canonical_digest(other)


def test_single_precision_is_spelled_shortest() -> None:
    """A learning rate that went through single precision is the number that was written."""
    arguments = canonical_compile({"optimizer": sgd(learning_rate=0.10000000149011612), "loss": "mse"})
    assert arguments["optimizer"]["config"]["learning_rate"] == 0.1


@pytest.mark.parametrize(
    "layer",
    [
        keras_object("Lambda", {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}),
        keras_object("Dense", {"name": "d", "units": 4}, module="os"),
        keras_object("Dense", {"name": "d", "units": 4}) | {"registered_name": "mine>Dense"},
        dense(4, activation="os.system"),
        dense(4, kernel_initializer=keras_object("Evil", {}, module="keras.initializers")),
        dense(4, kernel_initializer=keras_object("Zeros", {}, module="builtins")),
        dense(4, activation={"class_name": "function", "module": "builtins", "config": "eval"}),
        dense(4, note="x" * 5_000),
        dense(4, bias_initializer=float("inf")),
    ],
)
def test_foreign_code_is_refused(layer: dict[str, Any]) -> None:
    """Lambdas, other modules, registered names, unknown functions and odd values never reach the trainer."""
    with pytest.raises(NotExpressibleError):
        canonical_model(sequential(layer), (784,))


def test_deep_nesting_is_refused() -> None:
    """A configuration nested without end is refused, not followed."""
    value: Any = 1
    for _ in range(100):
        value = [value]
    with pytest.raises(NotExpressibleError, match="nested"):
        canonical_model(sequential(dense(4, extra=value)), (784,))


def test_functional_graph_is_renamed() -> None:
    """A functional model's graph refers to layers by position, whatever they were called."""

    def model(input_name: str, name: str) -> dict[str, Any]:
        tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": [input_name, 0, 0]}}
        entry = keras_object("InputLayer", {"batch_shape": [None, 784], "name": input_name})
        layers = [
            entry | {"name": input_name, "inbound_nodes": []},
            dense(10, name) | {"name": name, "inbound_nodes": [{"args": [tensor], "kwargs": {}}]},
        ]
        config = {"layers": layers, "input_layers": [[input_name, 0, 0]], "output_layers": [[name, 0, 0]]}
        return keras_object("Functional", config, module="keras")

    assert canonical_model(model("x", "y"), None) == canonical_model(model("input_1", "dense_9"), None)
    broken = copy.deepcopy(model("x", "y"))
    broken["config"]["output_layers"] = [["elsewhere", 0, 0]]
    with pytest.raises(NotExpressibleError, match="unknown layer"):
        canonical_model(broken, None)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("categorical_crossentropy", "categorical_crossentropy"),
        ("MSE", "mean_squared_error"),
        ("CategoricalCrossentropy", "categorical_crossentropy"),
        (keras_object("Poisson", {"reduction": "sum_over_batch_size"}, "keras.losses"), "poisson"),
    ],
)
def test_losses_have_one_spelling(given: Any, name: str) -> None:
    """A loss given as text, alias, class name or object is one loss."""
    assert canonical_compile({"optimizer": sgd(), "loss": given})["loss"] == {"name": name, "options": {}}


def test_own_loss_and_metric_are_refused() -> None:
    """A function of the student's own is not handed to the trainer."""
    own = {"class_name": "custom:mine", "module": "other", "config": {}}
    for arguments in ({"loss": own}, {"loss": "mse", "metrics": [own]}, {"loss": {"a": "mse"}}):
        with pytest.raises(NotExpressibleError):
            canonical_compile({"optimizer": sgd()} | arguments)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 10**9},
        {"epochs": True},
        {"batch_size": 0},
        {"batch_size": "32"},
        {"callbacks": [{"class_name": "MyCallback (own)"}]},
        {"callbacks": [{"class_name": "EarlyStopping", "monitor": {"a": 1}}]},
        {"class_weight": {"a": "b"}},
    ],
)
def test_odd_fit_arguments_are_refused(change: dict[str, Any]) -> None:
    """Numbers out of range, own callbacks and odd tables are not handed to the trainer."""
    canonical_fit(FIT)
    with pytest.raises(NotExpressibleError):
        canonical_fit(FIT | change)


def test_unknown_callback_arguments_are_dropped() -> None:
    """Only a callback's own arguments survive."""
    stopping = {"class_name": "EarlyStopping", "monitor": "val_loss", "patience": 2, "stopped_epoch": 7}
    assert canonical_fit(FIT | {"callbacks": [stopping]})["callbacks"] == [
        {"class_name": "EarlyStopping", "monitor": "val_loss", "patience": 2}
    ]
