"""A sandbox's description of a model, checked against the allow-list and brought into one canonical form.

Input is what `keras.saving.serialize_keras_object` writes (Keras 3 saving format,
https://keras.io/guides/serialization_and_saving/). Nothing of Keras is imported here: the host decides on plain
data alone what the trainer may build. Layer names are dropped, so that models that differ in names share a training.
Every object is written anew with the module that the allow-list gives it: a module, a registered name or a build
configuration that the sandbox wrote never reaches Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.training import allowlist
from grader.training.plain import (
    NotExpressibleError,
    canonical_digest,
    class_name,
    listed,
    mapping,
    package,
    rounded,
    short,
    value_count,
    whole,
)

__all__ = ["NotExpressibleError", "canonical_digest", "canonical_model", "clean", "plain"]

_MAX_DEPTH = 24
_MAX_LAYERS = 400
_MAX_NODES = 2_000
"""Calls of layers in a graph: a shared layer is called more than once."""
_MAX_VALUES = 200_000
_MAX_STRING = 200
_SKIPPED_KEYS = frozenset({"name", "build_config", "compile_config", "registered_name", "module", "shared_object_id"})
_NAMED = {
    "initializer": allowlist.INITIALIZERS,
    "regularizer": allowlist.REGULARIZERS,
    "constraint": allowlist.CONSTRAINTS,
}
"""End of an argument's name -> the classes that may be named there."""


def canonical_model(raw: Any, input_shape: tuple[int, ...] | None) -> dict[str, Any]:
    """The canonical architecture of a serialised Sequential or Functional model.

    `input_shape` is the shape of one example, used where the model was not told its input; `None` leaves it open.
    Raises `NotExpressibleError`.
    """
    if not isinstance(raw, dict) or raw.get("class_name") not in list(allowlist.MODELS):
        name = raw.get("class_name") if isinstance(raw, dict) else raw
        raise NotExpressibleError(f"the model is a {short(name)}, not a Sequential or Functional model")
    if package(raw) != "keras":
        raise NotExpressibleError("the model is of a class of its own")
    if value_count(raw, _MAX_VALUES) > _MAX_VALUES:
        raise NotExpressibleError("the model's configuration is too long")
    return _model(raw, 0, input_shape)


def _model(raw: Mapping[str, Any], depth: int, input_shape: tuple[int, ...] | None = None) -> dict[str, Any]:
    if depth > _MAX_DEPTH:
        raise NotExpressibleError("the configuration is nested too deeply")
    config = mapping(raw.get("config"), "the model's configuration")
    layers = listed(config.get("layers"), "the model's layers", _MAX_LAYERS)
    if not layers:
        raise NotExpressibleError("the model has no layers")
    if raw["class_name"] == "Functional":
        return _functional(config, layers, depth)
    cleaned = [_object(layer, depth + 1) for layer in layers]
    if input_shape is not None and cleaned[0]["class_name"] != "InputLayer":
        cleaned.insert(0, _input_layer(input_shape))
    for position, layer in enumerate(cleaned):
        layer["config"]["name"] = f"layer_{position}"
    return plain("Sequential", {"name": "model", "layers": cleaned, "trainable": True})


def _input_layer(shape: tuple[int, ...]) -> dict[str, Any]:
    return plain("InputLayer", {"batch_shape": [None, *shape], "dtype": "float32", "sparse": False})


def _functional(config: Mapping[str, Any], layers: list[Any], depth: int) -> dict[str, Any]:
    names: dict[str, str] = {}
    for at, layer in enumerate(layers):
        name = mapping(layer, "a layer").get("name")
        if not isinstance(name, str) or name in names:
            raise NotExpressibleError("two layers of the model have one name")
        names[name] = f"layer_{at}"
    cleaned = []
    nodes = 0
    for at, layer in enumerate(layers):
        item = _object(layer, depth + 1)
        inbound = listed(layer.get("inbound_nodes"), "a layer's calls", _MAX_NODES)
        nodes += len(inbound)
        item["config"]["name"] = item["name"] = f"layer_{at}"
        item["inbound_nodes"] = _renamed(clean(inbound, depth + 1), names)
        cleaned.append(item)
    if nodes > _MAX_NODES:
        raise NotExpressibleError(f"the model calls its layers more than {_MAX_NODES:,} times")
    return plain(
        "Functional",
        {
            "name": "model",
            "layers": cleaned,
            "input_layers": _renamed(clean(config.get("input_layers"), depth + 1), names),
            "output_layers": _renamed(clean(config.get("output_layers"), depth + 1), names),
            "trainable": True,
        },
    )


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with layer names replaced where Keras puts them: first in a `[name, node, tensor]` triple."""
    if isinstance(value, list):
        if len(value) == 3 and isinstance(value[0], str) and all(isinstance(item, int) for item in value[1:]):
            if value[0] not in names:
                raise NotExpressibleError("the model's graph names an unknown layer")
            return [names[value[0]], *value[1:]]
        return [_renamed(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    return value


def _object(raw: Any, depth: int) -> dict[str, Any]:
    """One serialised layer or model as plain Keras, or `NotExpressibleError`."""
    item = mapping(raw, "an object")
    name = class_name(item)
    if name in allowlist.MODELS and package(item) == "keras":
        return _model(item, depth)
    if name not in allowlist.LAYERS or package(item) != "keras":
        raise NotExpressibleError(f"it uses {short(name)}, which is not a standard Keras layer")
    config = mapping(item.get("config"), f"the configuration of {short(name)}")
    cleaned = {key: clean(value, depth + 1, key) for key, value in config.items() if key not in _SKIPPED_KEYS}
    return plain(name, cleaned)


def clean(value: Any, depth: int, key: str = "") -> Any:
    """`value` as plain data and objects of the allow-list; `key` is the argument that it stands for."""
    if depth > _MAX_DEPTH:
        raise NotExpressibleError("the configuration is nested too deeply")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, str):
        return _string(value, key)
    if isinstance(value, list):
        return [clean(item, depth + 1, key) for item in value]
    if isinstance(value, dict):
        return _nested(value, depth, key)
    raise NotExpressibleError("the configuration holds something that is not plain data")


def _nested(value: dict[str, Any], depth: int, key: str) -> Any:
    if "class_name" not in value:
        return {inner: clean(item, depth + 1, inner) for inner, item in value.items()}
    name, config = class_name(value), value.get("config")
    if name == "__keras_tensor__":
        return {"class_name": name, "config": clean(config, depth + 1)}
    if name == "__tuple__":
        return [clean(item, depth + 1, key) for item in listed(value.get("items"), "items", _MAX_VALUES)]
    if name == "DTypePolicy":
        return _string(str(mapping(config, "the dtype").get("name")), "dtype")
    if name == "function":
        return _function(config)
    if package(value) != "keras":
        raise NotExpressibleError(f"it uses {short(name)}, which is not part of Keras")
    if name in allowlist.LAYERS or name in allowlist.MODELS:
        return _object(value, depth)
    if name in allowlist.INITIALIZERS | allowlist.REGULARIZERS | allowlist.CONSTRAINTS:
        inner = mapping(config or {}, short(name))
        return plain(name, {k: clean(v, depth + 1, k) for k, v in inner.items() if k not in _SKIPPED_KEYS})
    raise NotExpressibleError(f"it uses {short(name)}, which is not on the list of Keras objects that are trained")


def _function(config: Any) -> str:
    if isinstance(config, str) and config in allowlist.ACTIVATIONS:
        return config
    raise NotExpressibleError(f"it uses the function {short(config)}, which is not a standard activation")


def _string(value: str, key: str) -> str:
    if len(value) > _MAX_STRING:
        raise NotExpressibleError("the configuration holds an overlong text")
    if key.endswith("activation") and value not in allowlist.ACTIVATIONS:
        raise NotExpressibleError(f"the activation {short(value)} is not a standard one")
    if key == "dtype" and value not in allowlist.DTYPES:
        raise NotExpressibleError(f"the dtype {short(value)} is not a standard one")
    for ending, known in _NAMED.items():
        if key.endswith(ending) and value.replace("_", "").casefold() not in {name.casefold() for name in known}:
            raise NotExpressibleError(f"the {ending} {short(value)} is not a standard one")
    return value


def plain(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """A serialised Keras object of class `name`, as Keras itself writes it."""
    registered = name if name == "Functional" else None  # what Keras itself writes for it
    return {"module": _module(name), "class_name": name, "config": config, "registered_name": registered}


def _module(name: str) -> str:
    if name in allowlist.MODELS:
        return "keras" if name == "Sequential" else "keras.src.models.functional"
    if name in allowlist.LAYERS:
        return "keras.layers"
    if name in allowlist.INITIALIZERS:
        return "keras.initializers"
    if name in allowlist.REGULARIZERS:
        return "keras.regularizers"
    if name in allowlist.CONSTRAINTS:
        return "keras.constraints"
    return "keras.optimizers.schedules"
