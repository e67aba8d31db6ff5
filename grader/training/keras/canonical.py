"""A sandbox's description of a model, checked against the allow-list and brought into one canonical form.

Input is what `keras.saving.serialize_keras_object` writes (Keras 3 saving format,
https://keras.io/guides/serialization_and_saving/). Nothing of Keras is imported here: the host decides on plain
data alone what the trainer may build. On the allow-list is plain Keras without code of anyone's own: its standard
layers (`grader/facts/keras_layers.py`), and the initializers, regularizers, constraints and activations named here.
Layer names are dropped, so that models that differ in names share a training. Every object is written anew with the
module that the allow-list gives it: a module, a registered name or a build configuration that the sandbox wrote never
reaches Keras.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NotRequired, TypedDict, cast

import numpy as np

from grader.facts.keras import BROADCASTING, MODELS, STANDARD
from grader.records import Array
from grader.training.plain import (
    NotExpressibleError,
    as_list,
    class_name,
    mapping,
    short,
    single_precision,
    value_count,
    whole,
)

_MAX_DEPTH = 24
_MAX_LAYERS = 400
_MAX_NODES = 2_000
"""Calls of layers in a graph: a shared layer is called more than once."""
_MAX_VALUES = 200_000
_MAX_STRING = 200
_SKIPPED_KEYS = frozenset({"name", "build_config", "compile_config", "registered_name", "module", "shared_object_id"})

INITIALIZERS = frozenset(
    """
    Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling Identity Orthogonal
    GlorotUniform GlorotNormal HeUniform HeNormal LecunUniform LecunNormal
    """.split()
)

REGULARIZERS = frozenset({"L1", "L2", "L1L2", "OrthogonalRegularizer"})

CONSTRAINTS = frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"})

ACTIVATIONS = frozenset(
    """
    relu leaky_relu relu6 softmax celu elu selu softplus softsign squareplus soft_shrink sparse_plus silu swish
    gelu glu tanh tanh_shrink sigmoid exponential hard_sigmoid hard_silu hard_swish hard_tanh hard_shrink linear
    mish log_softmax log_sigmoid sparse_sigmoid sparsemax threshold
    """.split()
)

DTYPES = frozenset(
    """
    float16 bfloat16 float32 float64 mixed_float16 mixed_bfloat16 uint8 int8 int16 int32 int64 bool
    """.split()
)
_NAMED = {
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
    "constraint": CONSTRAINTS,
}
"""End of an argument's name -> the classes that may be named there."""


class KerasObject(TypedDict):
    """A layer, a model or another object as Keras itself writes it."""

    module: str
    class_name: str
    config: dict[str, object]
    registered_name: str | None
    name: NotRequired[str]
    """Of a layer in a graph, such as `layer_2`."""
    inbound_nodes: NotRequired[object]
    """Of a layer in a graph: the tensors of each of its calls."""


def model_layers(model: Mapping[str, object]) -> list[KerasObject]:
    """The layers of a canonical model, in order, input layers included."""
    return cast("list[KerasObject]", cast("KerasObject", model)["config"]["layers"])


def canonical_model(raw: object, input_shape: tuple[int, ...] | None) -> KerasObject:
    """The canonical architecture of a serialised Sequential or Functional model.

    `input_shape` is the shape of one example, used where the model was not told its input; `None` leaves it open.
    Raises `NotExpressibleError`.
    """
    if not isinstance(raw, dict) or raw.get("class_name") not in list(MODELS):
        name = raw.get("class_name") if isinstance(raw, dict) else raw
        raise NotExpressibleError(f"the model is a {short(name)}, not a Sequential or Functional model")
    if not is_builtin(raw):
        raise NotExpressibleError("the model is of a class of its own")
    if value_count(raw, _MAX_VALUES) > _MAX_VALUES:
        raise NotExpressibleError("the model's configuration is too long")
    return _model(raw, 0, input_shape)


def is_builtin(item: Mapping[str, object]) -> bool:
    """Whether a serialised object is Keras' own: its module says so and no registered name stands for other code."""
    module, registered = item.get("module"), item.get("registered_name")
    own = isinstance(module, str) and (module == "keras" or module.startswith("keras."))
    return own and registered in (None, item.get("class_name"))


def _model(raw: Mapping[str, object], depth: int, input_shape: tuple[int, ...] | None = None) -> KerasObject:
    if depth > _MAX_DEPTH:
        raise NotExpressibleError("the configuration is nested too deeply")
    config = mapping(raw.get("config"), "the model's configuration")
    layers = as_list(config.get("layers"), "the model's layers", _MAX_LAYERS)
    if not layers:
        raise NotExpressibleError("the model has no layers")
    if raw["class_name"] == "Functional":
        return _functional(config, layers, depth)
    cleaned = [_object(layer, depth + 1) for layer in layers]
    if input_shape is not None and cleaned[0]["class_name"] != "InputLayer":
        cleaned.insert(0, _input_layer(input_shape))
    for position, item in enumerate(cleaned):
        item["config"]["name"] = f"layer_{position}"
    return plain("Sequential", {"name": "model", "layers": cleaned, "trainable": True})


def _input_layer(shape: tuple[int, ...]) -> KerasObject:
    return plain("InputLayer", {"batch_shape": [None, *shape], "dtype": "float32", "sparse": False})


def _functional(config: Mapping[str, object], layers: list[object], depth: int) -> KerasObject:
    raws = [mapping(layer, "a layer") for layer in layers]
    names: dict[str, str] = {}
    for at, raw in enumerate(raws):
        name = raw.get("name")
        if not isinstance(name, str) or name in names:
            raise NotExpressibleError("two layers of the model have one name")
        names[name] = f"layer_{at}"
    cleaned = []
    nodes = 0
    for at, raw in enumerate(raws):
        item = _object(raw, depth + 1)
        inbound = as_list(raw.get("inbound_nodes"), "a layer's calls", _MAX_NODES)
        nodes += len(inbound)
        item["config"]["name"] = item["name"] = f"layer_{at}"
        item["inbound_nodes"] = _with_names(clean(inbound, depth + 1), names)
        cleaned.append(item)
    if nodes > _MAX_NODES:
        raise NotExpressibleError(f"the model calls its layers more than {_MAX_NODES:,} times")
    return plain(
        "Functional",
        {
            "name": "model",
            "layers": cleaned,
            "input_layers": _with_names(clean(config.get("input_layers"), depth + 1), names),
            "output_layers": _with_names(clean(config.get("output_layers"), depth + 1), names),
            "trainable": True,
        },
    )


def _with_names(value: object, names: Mapping[str, str]) -> object:
    """`value` with layer names replaced where Keras puts them: first in a `[name, node, tensor]` triple."""
    if isinstance(value, list):
        if len(value) == 3 and isinstance(value[0], str) and all(isinstance(item, int) for item in value[1:]):
            if value[0] not in names:
                raise NotExpressibleError("the model's graph names an unknown layer")
            return [names[value[0]], *value[1:]]
        return [_with_names(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _with_names(item, names) for key, item in value.items()}
    return value


def _object(raw: object, depth: int) -> KerasObject:
    """One serialised layer or model as plain Keras. Raises `NotExpressibleError`."""
    item = mapping(raw, "an object")
    name = class_name(item)
    if name in MODELS and is_builtin(item):
        return _model(item, depth)
    # `inputs * 2` makes an operation that bears a layer's name and takes what no layer does.
    operation = name in BROADCASTING and str(item.get("module")).startswith("keras.src.ops")
    if name not in STANDARD or not is_builtin(item) or operation:
        raise NotExpressibleError(f"it uses {short(name)}, which is not a standard Keras layer")
    config = mapping(item.get("config"), f"the configuration of {short(name)}")
    return plain(name, {key: clean(value, depth + 1, key) for key, value in config.items() if key not in _SKIPPED_KEYS})


def clean(value: object, depth: int, key: str = "") -> object:
    """`value` as plain data and objects of the allow-list; `key` is the argument that it stands for.

    `depth` counts the objects around it. Raises `NotExpressibleError`.
    """
    if depth > _MAX_DEPTH:
        raise NotExpressibleError("the configuration is nested too deeply")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, float):
        return single_precision(value)
    if isinstance(value, str):
        return _string(value, key)
    if isinstance(value, list):
        return [clean(item, depth + 1, key) for item in value]
    if isinstance(value, dict):
        return _nested(value, depth, key)
    raise NotExpressibleError("the configuration holds something that is not plain data")


def _nested(value: Mapping[str, object], depth: int, key: str) -> object:
    if "class_name" not in value:
        return {inner: clean(item, depth + 1, inner) for inner, item in value.items()}
    name, config = class_name(value), value.get("config")
    if name == "__keras_tensor__":
        return {"class_name": name, "config": clean(config, depth + 1)}
    if name == "__tuple__":
        return [clean(item, depth + 1, key) for item in as_list(value.get("items"), "items", _MAX_VALUES)]
    if name == "DTypePolicy":
        return _string(str(mapping(config, "the dtype").get("name")), "dtype")
    if name == "function":
        return _function(config)
    if not is_builtin(value):
        raise NotExpressibleError(f"it uses {short(name)}, which is not part of Keras")
    if name in STANDARD or name in MODELS:
        return _object(value, depth)
    if name in INITIALIZERS | REGULARIZERS | CONSTRAINTS:
        inner = mapping(config or {}, short(name))
        return plain(name, {k: clean(v, depth + 1, k) for k, v in inner.items() if k not in _SKIPPED_KEYS})
    raise NotExpressibleError(f"it uses {short(name)}, which is not on the list of Keras objects that are trained")


def _function(config: object) -> str:
    if isinstance(config, str) and config in ACTIVATIONS:
        return config
    raise NotExpressibleError(f"it uses the function {short(config)}, which is not a standard activation")


def _string(value: str, key: str) -> str:
    if len(value) > _MAX_STRING:
        raise NotExpressibleError("the configuration holds an overlong text")
    if key.endswith("activation") and value not in ACTIVATIONS:
        raise NotExpressibleError(f"the activation {short(value)} is not a standard one")
    if key == "dtype" and value not in DTYPES:
        raise NotExpressibleError(f"the dtype {short(value)} is not a standard one")
    for ending, known in _NAMED.items():
        if key.endswith(ending) and value.replace("_", "").casefold() not in {name.casefold() for name in known}:
            raise NotExpressibleError(f"the {ending} {short(value)} is not a standard one")
    return value


def plain(name: str, config: dict[str, object]) -> KerasObject:
    """A serialised Keras object of class `name`, as Keras itself writes it."""
    registered = name if name == "Functional" else None  # what Keras itself writes for it
    return {"module": _module(name), "class_name": name, "config": config, "registered_name": registered}


def _module(name: str) -> str:
    if name in MODELS:
        return "keras" if name == "Sequential" else "keras.src.models.functional"
    if name in STANDARD:
        return "keras.layers"
    if name in INITIALIZERS:
        return "keras.initializers"
    if name in REGULARIZERS:
        return "keras.regularizers"
    if name in CONSTRAINTS:
        return "keras.constraints"
    return "keras.optimizers.schedules"


def without_leading_flatten(architecture: KerasObject) -> tuple[KerasObject, bool]:
    """The canonical architecture on flat rows, and whether its data are to be flattened too.

    A Flatten before anything else only renames the pixels: 28x28 images, 28x28x1 images and rows of 784 numbers then
    train alike, share one training, and get the same numbers.
    """
    layers = model_layers(architecture)
    if architecture["class_name"] != "Sequential" or len(layers) < 3:
        return architecture, False
    entry, flatten = layers[0], layers[1]
    shape = entry["config"].get("batch_shape") if entry["class_name"] == "InputLayer" else None
    plain_order = flatten["config"].get("data_format", "channels_last") == "channels_last"
    if flatten["class_name"] != "Flatten" or not plain_order:
        return architecture, False
    if not isinstance(shape, list) or not shape or None in shape[1:]:
        return architecture, False
    rows = plain("InputLayer", {**entry["config"], "batch_shape": [None, math.prod(shape[1:])]})
    renamed = []
    for at, item in enumerate([rows, *layers[2:]]):
        named = item.copy()
        named["config"] = {**item["config"], "name": f"layer_{at}"}
        renamed.append(named)
    return plain("Sequential", {**architecture["config"], "layers": renamed}), True


def flat_rows(array: Array) -> Array:
    """`array` (n, ...) as (n, width), C order: the data of an architecture without its leading Flatten."""
    return array.reshape(len(array), -1)


def plain_labels(array: Array) -> Array:
    """Whole-number labels in one type, whatever the student kept them in; other targets as they are."""
    return array.astype(np.int64) if array.dtype.kind in "iub" else array
