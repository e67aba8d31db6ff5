"""Configurations written to make the trainer run code, or more than it can."""

from __future__ import annotations

from typing import Any

import pytest

from grader.training.budget import Budget, OverBudgetError, check_budget, rows_at_once
from grader.training.keras.arguments import canonical_compile, canonical_fit
from grader.training.keras.canonical import ACTIVATIONS, canonical_model
from grader.training.keras.cost import model_size
from grader.training.plain import NotExpressibleError
from grader.training.spec import canonical_digest

Json = dict[str, Any]


def keras_object(name: Any, config: Any, module: Any = "keras.layers", registered: Any = None) -> Json:
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def dense(units: Any = 4, **more: Any) -> Json:
    return keras_object("Dense", {"name": "d", "units": units, "activation": "relu"} | more)


def sequential(*layers: Any) -> Json:
    return keras_object("Sequential", {"name": "s", "layers": list(layers)}, "keras")


def conv(filters: Any, size: Any = 3, **more: Any) -> Json:
    return keras_object("Conv2D", {"filters": filters, "kernel_size": size, "padding": "same"} | more)


LAMBDA = keras_object("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}})
INITIALIZER = keras_object("Zeros", {}, "keras.initializers")
FOREIGN = [
    LAMBDA,
    keras_object("Bidirectional", {"layer": LAMBDA}),
    keras_object("Bidirectional", {"layer": keras_object("LSTM", {"units": 2}), "backward_layer": LAMBDA}),
    keras_object("TimeDistributed", {"layer": keras_object("Sequential", {"layers": [LAMBDA]}, "keras")}),
    keras_object("RNN", {"cell": keras_object("Cell", {}, "mine")}),
    keras_object("RNN", {"cell": [keras_object("LSTMCell", {"units": 2}), LAMBDA]}),
    keras_object("SpectralNormalization", {"layer": keras_object("TFSMLayer", {"filepath": "/tmp/x"})}),
    keras_object("TFSMLayer", {"filepath": "/tmp/x"}),
    keras_object("TextVectorization", {"vocabulary": "/etc/passwd"}),
    keras_object("StringLookup", {"vocabulary": "/etc/passwd"}),
    keras_object("Dense", {"units": 3}, "keras_evil.layers"),
    keras_object("Dense", {"units": 3}, "kerasx"),
    keras_object("Dense", {"units": 3}, ["keras"]),
    keras_object("Dense", {"units": 3}, None),
    keras_object("Dense", {"units": 3}, registered="Package>Dense"),
    keras_object("Dense", {"units": 3}, registered=""),
    keras_object("Dense", {"units": 3}, registered=["Dense"]),
    keras_object(["Dense"], {"units": 3}),
    keras_object({"class_name": "Dense"}, {"units": 3}),
    keras_object(None, {"units": 3}),
    keras_object("Dense", [1, 2]),
    keras_object("Dense", "os.system"),
    dense(activation="os.system"),
    dense(activation="keras.activations.relu"),
    dense(activation={"class_name": "function", "config": "system", "module": "os"}),
    dense(activation={"class_name": "function", "config": ["relu"], "module": "os"}),
    dense(activation={"class_name": "__lambda__", "config": {"code": "4wEA"}}),
    dense(activation={"class_name": "__tensor__", "config": {"value": [1], "dtype": "float32"}}),
    dense(activation={"class_name": "__numpy__", "config": {"value": [1], "dtype": "float32"}}),
    dense(activation={"class_name": "__typespec__", "module": "os", "config": ["x"]}),
    dense(activation={"class_name": "", "config": {}}),
    dense(activation={"class_name": [], "config": {}}),
    dense(kernel_initializer="os.system"),
    dense(kernel_initializer="builtins.eval"),
    dense(kernel_initializer=keras_object("Zeros", {}, "builtins")),
    dense(kernel_initializer=keras_object("system", {}, "os")),
    dense(kernel_initializer=keras_object("Constant", {"value": LAMBDA}, "keras.initializers")),
    dense(kernel_regularizer="mine"),
    dense(kernel_regularizer=keras_object("L2", {"l2": float("nan")}, "keras.regularizers")),
    dense(kernel_constraint=keras_object("MyConstraint", {}, "keras.constraints")),
    dense(bias_constraint="/etc/passwd"),
    dense(dtype="string"),
    dense(dtype="variant"),
    dense(dtype=keras_object("DTypePolicy", {"name": "resource"}, "keras")),
    dense(dtype=keras_object("QuantizedDTypePolicy", {"mode": "int8"}, "keras")),
    dense(units=10**400),
    dense(extra=float("inf")),
    dense(extra=1e300),
    dense(extra="x" * 1_000),
    dense(seed=keras_object("SeedGenerator", {"seed": 1}, "keras.random")),
]


@pytest.mark.parametrize("layer", FOREIGN, ids=lambda layer: str(layer)[:60])
def test_nothing_foreign_reaches_the_trainer(layer: Any) -> None:
    """However it is wrapped: no Lambda, no module, registered name, path, function or type of anyone's own."""
    with pytest.raises(NotExpressibleError):
        canonical_model(sequential(layer), (4,))


def test_what_is_passed_on_names_only_keras() -> None:
    """Modules, registered names and build configurations are written by labgrade, whatever the sandbox wrote."""
    layer = dense(kernel_initializer=INITIALIZER | {"module": "keras.src.initializers.anything"})
    layer |= {"module": "keras.evil", "build_config": {"x": 1}, "compile_config": {"x": 1}, "shared_object_id": 3}
    layer["config"]["module"] = "os"
    canonical = canonical_model(sequential(layer), (4,))
    modules = set(_values(canonical, "module"))
    assert modules == {"keras", "keras.layers", "keras.initializers"}
    assert not {"build_config", "compile_config", "shared_object_id"} & set(canonical["config"]["layers"][1])


def _values(value: Any, key: str) -> list[Any]:
    if isinstance(value, dict):
        return [item for name, item in value.items() if name == key] + [
            found for item in value.values() for found in _values(item, key)
        ]
    return [found for item in value for found in _values(item, key)] if isinstance(value, list) else []


def test_depth_and_length_are_bounded() -> None:
    """Wrappers in wrappers, models in models, and endless lists are refused before they are followed."""
    wrapped, nested = dense(), sequential(dense())
    for _ in range(60):
        wrapped, nested = keras_object("TimeDistributed", {"layer": wrapped}), sequential(nested)
    for raw in (
        sequential(wrapped),
        nested,
        sequential(*[dense()] * 500),
        sequential(dense(extra=[0] * 300_000)),
        sequential(),
        keras_object("Sequential", {"layers": {"a": 1}}, "keras"),
        keras_object("Sequential", None, "keras"),
        keras_object("Model", {"layers": []}, "keras"),
        keras_object(["Sequential"], {"layers": []}, "keras"),
    ):
        with pytest.raises(NotExpressibleError):
            canonical_model(raw, (4,))


def tensor(name: str, call: int = 0) -> Json:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, call, 0]}}


def functional(*layers: tuple[str, Json, list[list[Json]]], output: str, entry: Any = (None, 4)) -> Json:
    items: list[Json] = [keras_object("InputLayer", {"batch_shape": list(entry)}) | {"name": "in", "inbound_nodes": []}]
    for name, layer, calls in layers:
        items.append(layer | {"name": name, "inbound_nodes": [{"args": call, "kwargs": {}} for call in calls]})
    config = {"layers": items, "input_layers": [["in", 0, 0]], "output_layers": [[output, 0, 0]]}
    return keras_object("Functional", config, "keras")


def size_of(raw: Json, shape: tuple[int, ...] | None = (4,)) -> Any:
    return model_size(canonical_model(raw, shape), shape)


@pytest.mark.parametrize(
    "raw",
    [
        functional(("a", dense(), [[tensor("b")]]), ("b", dense(), [[tensor("a")]]), output="b"),
        functional(("a", dense(), [[tensor("a")]]), output="a"),
        functional(("a", dense(), [[tensor("in", 7)]]), output="a"),
        functional(("a", dense(), [[]]), output="a"),
        functional(("a", dense(), [[tensor("in")]]), ("a", dense(), [[tensor("in")]]), output="a"),
        functional(("a", dense(), [[tensor("in")]]), output="nowhere"),
        functional(("a", dense(), [[tensor("in")] for _ in range(3_000)]), output="a"),
        functional(("a", dense(), [[LAMBDA, tensor("in")]]), output="a"),
    ],
    ids=["circle", "own tail", "no such call", "on nothing", "one name twice", "no output", "3,000 calls", "Lambda"],
)
def test_odd_graphs_are_refused(raw: Json) -> None:
    """Graphs that run in circles would keep Keras busy for ever; others name what is not there."""
    with pytest.raises(NotExpressibleError):
        size_of(raw)


@pytest.mark.parametrize(
    "layer",
    [
        dense(-1),
        dense(0),
        dense(True),
        dense("4"),
        dense([4]),
        conv(2, 0),
        conv(2, [3]),
        conv(2, strides=-1),
        conv(2, 9, padding="valid"),
        keras_object("Reshape", {"target_shape": [-1, -1]}),
        keras_object("Reshape", {"target_shape": "all"}),
        keras_object("Permute", {"dims": [1, 1]}),
        keras_object("Concatenate", {"axis": 10**9}),
        keras_object("BatchNormalization", {"axis": 0}),
        keras_object("Cropping2D", {"cropping": 99}),
        keras_object("ZeroPadding2D", {"padding": [-1, -1]}),
        keras_object("EinsumDense", {"equation": "x" * 50, "output_shape": 3}),
        keras_object("RNN", {"cell": 3}),
    ],
    ids=lambda layer: str(layer["config"])[:50],
)
def test_impossible_sizes_are_refused(layer: Json) -> None:
    """Negative, missing or contradictory sizes are refused without building anything."""
    with pytest.raises(NotExpressibleError):
        size_of(sequential(layer), (6, 6, 2))


@pytest.mark.parametrize("shape", [[None, 0], [None, -3], [None, "x"], [None, [3]], [], None, 5, [None, 10**12]])
def test_odd_input_shapes_are_refused(shape: Any) -> None:
    """An input without size, or larger than anything, is no input."""
    entry = keras_object("InputLayer", {"batch_shape": shape})
    with pytest.raises(NotExpressibleError):
        size_of(sequential(entry, dense()), None)


def up(times: int) -> Json:
    return keras_object("UpSampling2D", {"size": times})


def wide_graph() -> Json:
    """A branch of 64 heads on one input: a chain's lower bound would not see them add up."""
    heads = [(f"h{at}", dense(400_000), [[tensor("in")]]) for at in range(64)]
    last = ("sum", keras_object("Concatenate", {"axis": -1}), [[[tensor(name) for name, _, _ in heads]]])
    return functional(*heads, last, output="sum", entry=(None, 4))


@pytest.mark.parametrize(
    ("raw", "shape", "what"),
    [
        (sequential(dense(10**12)), (784,), "weights"),
        (sequential(*[dense(9_000)] * 3), (784,), "weights"),
        (sequential(keras_object("Embedding", {"input_dim": 10**9, "output_dim": 9})), (3,), "weights"),
        (wide_graph(), (4,), "weights"),
        (sequential(keras_object("TimeDistributed", {"layer": dense(10**8)})), (4, 4), "weights"),
        (sequential(up(40), up(40), conv(3)), (28, 28, 1), "memory"),
        (sequential(keras_object("Resizing", {"height": 60_000, "width": 60_000})), (28, 28, 1), "memory"),
        (sequential(keras_object("RepeatVector", {"n": 10**9})), (28,), "memory"),
        (sequential(keras_object("CategoryEncoding", {"num_tokens": 10**10})), (28,), "memory"),
        (sequential(*[conv(512, 9)] * 4), (64, 64, 3), "operations"),
    ],
)
def test_costs_are_known_before_anything_is_built(raw: Json, shape: tuple[int, ...], what: str) -> None:
    """Weights, memory and operations are worked out on the configuration, for branches as well as for chains."""
    fit = canonical_fit({"batch_size": 32, "epochs": 100, "initial_epoch": 0})
    with pytest.raises(OverBudgetError, match=what):
        check_budget(model_size(canonical_model(raw, shape), shape), fit, 60_000, 1_000, Budget())


def test_budget_can_be_set() -> None:
    """Each number of the budget can be chosen, and must be a positive number."""
    fit = canonical_fit({"batch_size": 2, "epochs": 3, "initial_epoch": 0})
    size = model_size(canonical_model(sequential(dense(8)), (4,)), (4,))
    check_budget(size, fit, 10, 100, Budget())
    assert size.parameters == 40
    for change in ({"parameters": 39}, {"operations": 1_000.0}, {"memory_bytes": 1_000}):
        with pytest.raises(OverBudgetError):
            check_budget(size, fit, 10, 100, Budget(**change))
    for value in (0, -1, True, "1", float("nan")):
        with pytest.raises(ValueError, match="positive"):
            Budget(seconds=value)  # type: ignore[arg-type]


def test_labs_models_are_well_within() -> None:
    """A convolutional network of a lab, full effort, is far from every bound, and evaluated in large batches."""
    pool = keras_object("MaxPooling2D", {"pool_size": 2})
    raw = sequential(
        conv(32), conv(32), pool, conv(32), conv(32), pool, keras_object("Flatten", {}), dense(512), dense(10)
    )
    fit = canonical_fit({"batch_size": 32, "epochs": 20, "initial_epoch": 0})
    size = model_size(canonical_model(raw, (32, 32, 3)), (32, 32, 3))
    check_budget(size, fit, 50_000, 700 << 20, Budget())
    assert size.operations * 3 * 50_000 * 20 < Budget().operations / 20
    assert rows_at_once(size, Budget()) == 1_000
    assert rows_at_once(size, Budget(memory_bytes=1 << 20)) == 1


OPTIMIZER = keras_object("SGD", {"learning_rate": 0.1}, "keras.optimizers")


def scheduled(name: str, **config: Any) -> Json:
    """SGD with a schedule."""
    return keras_object(
        "SGD", {"learning_rate": keras_object(name, config, "keras.optimizers.schedules")}, "keras.optimizers"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": OPTIMIZER | {"module": "os"}},
        {"optimizer": OPTIMIZER | {"registered_name": "x>SGD"}},
        {"optimizer": OPTIMIZER | {"class_name": ["SGD"]}},
        {"optimizer": OPTIMIZER | {"class_name": "LossScaleOptimizer"}},
        {"optimizer": "sgd"},
        {"optimizer": keras_object("SGD", {"learning_rate": 1e300}, "keras.optimizers")},
        {"optimizer": keras_object("SGD", {"learning_rate": dense()}, "keras.optimizers")},
        {"optimizer": keras_object("SGD", {"learning_rate": INITIALIZER}, "keras.optimizers")},
        {"optimizer": keras_object("SGD", {"momentum": INITIALIZER}, "keras.optimizers")},
        {"optimizer": keras_object("SGD", {"learning_rate": keras_object("Mine", {}, "x")}, "keras.optimizers")},
        {"loss": "os.system"},
        {"loss": {"class_name": "function", "config": "eval"}},
        {"loss": keras_object("Poisson", {"reduction": "none"}, "keras.losses")},
        {"loss": keras_object("Huber", {"delta": dense()}, "keras.losses")},
        {"loss": keras_object("Huber", {}, "keras.losses", "mine>Huber")},
        {"loss": ["mse", "mae"]},
        {"metrics": ["os.system"]},
        {"metrics": [keras_object("MeanMetricWrapper", {"fn": "eval"}, "keras.metrics")]},
        {"metrics": [keras_object("AUC", {"num_thresholds": 10**9}, "keras.metrics")]},
        {"metrics": [keras_object("Precision", {"thresholds": [0.5] * 20_000}, "keras.metrics")]},
        {"metrics": [[[["accuracy"]]]]},
        {"metrics": ["accuracy"] * 99},
        {"metrics": 5},
        {"optimizer": scheduled("PiecewiseConstantDecay", boundaries=list(range(300)), values=[0.1] * 301)},
        {"loss_weights": [1]},
        {"weighted_metrics": ["accuracy"]},
    ],
    ids=lambda change: str(change)[:70],
)
def test_odd_compile_arguments_are_refused(change: Json) -> None:
    """Optimizers, schedules, losses and metrics are Keras' own, with plain arguments of sane size."""
    canonical_compile({"optimizer": OPTIMIZER, "loss": "mse"})
    with pytest.raises(NotExpressibleError):
        canonical_compile({"optimizer": OPTIMIZER, "loss": "mse"} | change)


@pytest.mark.parametrize(
    "change",
    [
        {"callbacks": 5},
        {"callbacks": "EarlyStopping"},
        {"callbacks": {"a": 1}},
        {"callbacks": [LAMBDA]},
        {"callbacks": [{"class_name": "EarlyStopping"}] * 99},
        {"callbacks": [{"class_name": "EarlyStopping", "patience": 10**400}]},
        {"callbacks": [{"class_name": "EarlyStopping", "baseline": float("inf")}]},
        {"callbacks": [{"class_name": "LearningRates", "rates": ["0.1"]}]},
        {"callbacks": [{"class_name": "LearningRates", "rates": [0.1] * 5_000}]},
        {"callbacks": [{"class_name": "LearningRates", "rates": [1e300]}]},
        {"class_weight": [1, 2]},
        {"class_weight": {"0": float("nan")}},
        {"class_weight": {"0": 10**400}},
        {"class_weight": {"1" * 5_000: 1.0}},
        {"class_weight": {str(at): 1.0 for at in range(200_000)}},
        {"initial_epoch": -1},
        {"epochs": 1.5},
        {"epochs": 10**400},
        {"batch_size": None},
    ],
    ids=lambda change: str(change)[:60],
)
def test_odd_training_arguments_are_refused(change: Json) -> None:
    """Callbacks, class weights and counts are plain and of sane size."""
    with pytest.raises(NotExpressibleError):
        canonical_fit({"batch_size": 32, "epochs": 3, "initial_epoch": 0} | change)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_standard_activations_pass(name: str) -> None:
    """Every activation of Keras' own is accepted, as text and as function."""

    def make(given: Any) -> str:
        return canonical_digest(canonical_model(sequential(dense(activation=given)), (4,)))

    assert make(name) == make({"class_name": "function", "config": name, "module": "builtins"})
