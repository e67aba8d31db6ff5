"""Keras objects as plain data."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np

_MAX_LAYERS = 400
_MAX_DEPTH = 8


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as JSON data; what is not data becomes its type's name."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size <= 64 else f"array of shape {value.shape}"
    if depth < 24 and isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if depth < 24 and isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    return {"class_name": "python", "module": "other", "config": type(value).__name__}


def model_description(model: Any) -> dict[str, Any]:
    """The model's configuration, its layers' shapes and parameter counts, and its name."""
    config = _config(model)
    return {
        "name": str(getattr(model, "name", ""))[:200],
        "class_name": type(model).__name__[:200],
        "config": config,
        "layers": [_layer(layer) for layer in (_layers(model) if config is not None else _all_layers(model))],
        "parameters": _parameters(model),
        "trainable": _count(getattr(model, "trainable_variables", [])) if getattr(model, "built", False) else None,
        "input_shape": plain(getattr(model, "input_shape", None)) if getattr(model, "built", False) else None,
    }


def _config(model: Any) -> Any:
    """Keras' own serialisation, where the class is Keras' own."""
    own = type(model).__name__ in ("Sequential", "Functional") and type(model).__module__.startswith("keras.")
    if not own:
        return None
    try:
        return plain(keras.saving.serialize_keras_object(model))
    except (ValueError, TypeError, NotImplementedError, AttributeError, RuntimeError):
        return None


def _layers(model: Any) -> list[Any]:
    found = [layer for layer in getattr(model, "layers", []) if type(layer).__name__ != "InputLayer"]
    return found[:_MAX_LAYERS]


def _all_layers(model: Any, depth: int = 0) -> list[Any]:
    """The layers of a model without a configuration, those of the models within it in their place."""
    found: list[Any] = []
    for layer in _layers(model):
        inner = _all_layers(layer, depth + 1) if isinstance(layer, keras.Model) and depth < _MAX_DEPTH else []
        found += inner or [layer]
    return found[:_MAX_LAYERS]


def _layer(layer: Any) -> dict[str, Any]:
    return {
        "class_name": type(layer).__name__[:100],
        "name": str(getattr(layer, "name", ""))[:200],
        "output_shape": _output_shape(layer),
        "parameters": _parameters(layer),
    }


def _output_shape(layer: Any) -> Any:
    try:
        shape = layer.output.shape
        return [None if size is None else int(size) for size in shape]
    except (AttributeError, ValueError, TypeError, RuntimeError):
        return None


def _parameters(layer: Any) -> int | None:
    if not getattr(layer, "built", False):
        return None
    try:
        return int(layer.count_params())
    except (ValueError, TypeError, AttributeError):
        return None


def _count(variables: Any) -> int:
    return int(sum(np.prod(tuple(variable.shape), dtype=np.int64) for variable in variables))


def compile_description(model: Any, loss: Any, metrics: Any) -> dict[str, Any]:
    """What the model was compiled with. `loss` and `metrics` are the arguments as given."""
    optimizer = getattr(model, "optimizer", None)
    try:
        serialised = plain(keras.optimizers.serialize(optimizer)) if optimizer is not None else None
    except (ValueError, TypeError, AttributeError, NotImplementedError):
        serialised = {"class_name": type(optimizer).__name__, "module": "other", "config": {}}
    items = metrics if isinstance(metrics, list | tuple) else [] if metrics is None else [metrics]
    return {"optimizer": serialised, "loss": callable_description(loss), "metrics": _metrics(items)}


def _metrics(items: Any) -> list[Any]:
    return [_metrics(item) if isinstance(item, list | tuple) else callable_description(item) for item in items]


def callable_description(value: Any) -> Any:
    """A loss or metric: its name, its serialised object, or `custom:<name>` for code of the student's own."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list | tuple):
        return plain(value)
    module = str(getattr(value, "__module__", ""))
    own = module.split(".")[0] in ("keras", "tensorflow")
    if own and inspect.isclass(value):
        return _object(value())
    if inspect.isfunction(value) or not hasattr(value, "get_config"):
        name = str(getattr(value, "__name__", type(value).__name__))
        return name if own else {"class_name": f"custom:{name}"[:100], "module": "other", "config": {}}
    if not type(value).__module__.startswith("keras."):
        return {"class_name": f"custom:{type(value).__name__}"[:100], "module": "other", "config": {}}
    return _object(value)


def _object(value: Any) -> dict[str, Any]:
    kind = "keras.losses" if isinstance(value, keras.losses.Loss) else "keras.metrics"
    try:
        config = plain(value.get_config())
    except (NotImplementedError, TypeError, ValueError):
        config = {}
    return {"module": kind, "class_name": type(value).__name__, "config": config, "registered_name": None}
