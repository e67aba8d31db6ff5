"""Keras' models, what they were compiled with, and the callbacks of their trainings, as plain data."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

import keras
import numpy as np

from grader.facts.keras import CALLBACKS, RATES, SCHEDULING, WATCHING_CALLBACKS
from grader.probe.descriptions import CompileDescription, Json, LayerDescription, ModelDescription
from grader.probe.keras.objects import Layer, Model, Schedule, Variable, state_of
from grader.probe.keras.own_functions import functions_by_identity, name_of_function, name_of_metric

_MAX_LAYERS = 400
_MAX_DEPTH = 8
"""Of models within models. Keras' own configuration tells what lies deeper."""
_MAX_NESTING = 24
"""Of lists and tables in a configuration: a model in a model in a model takes nine."""
_MOST_AXES = 16
_MOST_WEIGHTS = 1 << 53


def plain(value: object, depth: int = 0) -> Json:
    """`value` as JSON data; what is not data becomes its type's name."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return None
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            # A subclass says of itself how it is shown: JSON takes its content.
            return value if type(value) is kind else kind(value)
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), depth) if value.size <= 64 else f"array of shape {value.shape}"
    if depth < _MAX_NESTING and isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if depth < _MAX_NESTING and isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    return {"class_name": "python", "module": "other", "config": type(value).__name__}


def describe_model(model: Model) -> ModelDescription:
    """The model's configuration, its layers' shapes and parameter counts, and its name."""
    config = _config(model)
    built = getattr(model, "built", False)
    return ModelDescription(
        name=str(getattr(model, "name", ""))[:200],
        class_name=type(model).__name__[:200],
        config=config,
        layers=tuple(_layer(layer) for layer in (_layers(model) if config is not None else _all_layers(model))),
        parameters=_parameters(model),
        trainable=_count(getattr(model, "trainable_variables", [])) if built else None,
        input_shape=_shape(getattr(model, "input_shape", None)) if built else None,
    )


def _config(model: Model) -> Json:
    """Keras' own serialisation, where the class is Keras' own."""
    own = type(model).__name__ in ("Sequential", "Functional") and type(model).__module__.startswith("keras.")
    if not own:
        return None
    try:
        with functions_by_identity():
            return plain(keras.saving.serialize_keras_object(model))
    except (ValueError, TypeError, NotImplementedError, AttributeError, RuntimeError):
        return None


def _layers(model: object) -> list[Layer]:
    layers = [layer for layer in getattr(model, "layers", []) if type(layer).__name__ != "InputLayer"]
    return layers[:_MAX_LAYERS]


def _all_layers(model: object, depth: int = 0) -> list[Layer]:
    """The layers of a model without a configuration, those of the models within it in their place."""
    found: list[Layer] = []
    for layer in _layers(model):
        inner = _all_layers(layer, depth + 1) if isinstance(layer, keras.Model) and depth < _MAX_DEPTH else []
        found += inner or [layer]
    return found[:_MAX_LAYERS]


def _layer(layer: Layer) -> LayerDescription:
    return LayerDescription(
        class_name=type(layer).__name__[:100],
        name=str(getattr(layer, "name", ""))[:200],
        output_shape=_output_shape(layer),
        parameters=_parameters(layer),
    )


def _output_shape(layer: object) -> tuple[int | None, ...] | None:
    try:
        return _shape(layer.output.shape)  # type: ignore[attr-defined]
    except (AttributeError, ValueError, TypeError, RuntimeError):
        return None


def _shape(shape: object) -> tuple[int | None, ...] | None:
    """`shape`, if it is that of one tensor."""
    if not isinstance(shape, list | tuple) or len(shape) > _MOST_AXES:
        return None
    if not all(size is None or isinstance(size, int | np.integer) for size in shape):
        return None
    return tuple(None if size is None else int(size) for size in shape)


def _parameters(layer: Layer) -> int | None:
    if not getattr(layer, "built", False):
        return None
    try:
        return _bounded(int(layer.count_params()))
    except (ValueError, TypeError, AttributeError):
        return None


def _count(variables: Iterable[Variable]) -> int | None:
    return _bounded(int(sum(np.prod(tuple(variable.shape), dtype=np.int64) for variable in variables)))


def _bounded(count: int) -> int | None:
    return count if 0 <= count < _MOST_WEIGHTS else None


def describe_compile(model: Model) -> CompileDescription:
    """What the model was compiled with."""
    state, optimizer = state_of(model), getattr(model, "optimizer", None)
    try:
        serialised = plain(keras.optimizers.serialize(optimizer)) if optimizer is not None else None
    except (ValueError, TypeError, AttributeError, NotImplementedError):
        serialised = {"class_name": type(optimizer).__name__, "module": "other", "config": {}}
    metrics = state.metrics
    items = metrics if isinstance(metrics, list | tuple) else [] if metrics is None else [metrics]
    return CompileDescription(optimizer=serialised, loss=_describe_callable(state.loss), metrics=_metrics(items))


def _metrics(items: Sequence[object]) -> list[Json]:
    return [_metrics(item) if isinstance(item, list | tuple) else _describe_callable(item) for item in items]


def _describe_callable(value: object) -> Json:
    """A loss or metric: its name, its serialised object, or `custom:<name>` for code of the student's own."""
    if value is None or isinstance(value, str):
        return plain(value)
    if isinstance(value, dict | list | tuple):
        return plain(value)
    known = name_of_function(value)
    if known is not None:
        return known
    if inspect.isclass(value) and value.__module__.startswith("keras."):
        return _describe_callable(value())
    if inspect.isfunction(value) or not hasattr(value, "get_config"):
        name = str(getattr(value, "__name__", type(value).__name__))
        return {"class_name": f"custom:{name}"[:100], "module": "other", "config": {}}
    if not type(value).__module__.startswith("keras."):
        return {"class_name": f"custom:{type(value).__name__}"[:100], "module": "other", "config": {}}
    return _object(value)


def _object(value: object) -> Json:
    kind = "keras.losses" if isinstance(value, keras.losses.Loss) else "keras.metrics"
    try:
        config = plain(value.get_config())  # type: ignore[attr-defined]
    except (NotImplementedError, TypeError, ValueError):
        config = {}
    named = name_of_metric(value)
    if named is not None:
        return named
    return {"module": kind, "class_name": type(value).__name__, "config": config, "registered_name": None}


def listed(items: object) -> list[object]:
    """Callbacks as `fit` takes them, one by itself or several, as a list."""
    return list(items) if isinstance(items, list | tuple) else [items] if items else []


def describe_callback(callback: object, model: Model, epochs: int) -> dict[str, Json] | None:
    """The callback as class and arguments; `None` when it has no part in the training; else only its class."""
    name = type(callback).__name__
    own = type(callback).__module__.startswith("keras.")
    if own and name in WATCHING_CALLBACKS:
        return None
    if own and name == SCHEDULING:
        rates = _rates(callback, model, epochs)  # type: ignore[arg-type]
        if rates is not None:
            return {"class_name": RATES, "rates": rates}
    if not own or name not in CALLBACKS:
        return {"class_name": f"{name}{'' if own else ' (own)'}"}
    arguments: dict[str, Json] = {"class_name": name}
    for argument in CALLBACKS[name]:
        value = plain(getattr(callback, argument, None))
        if argument == "min_delta":
            # Keras keeps it with the sign of its mode.
            value = abs(value) if isinstance(value, int | float) else 0
        if argument == "mode":
            value = value if value in ("min", "max") else "auto"
        if argument == "baseline" and value is None:
            continue
        arguments[argument] = value
    return arguments


def _rates(callback: Schedule, model: Model, epochs: int) -> list[Json] | None:
    """The schedule's rate for each epoch; `None` when it cannot be worked out beforehand."""
    try:
        rate = float(model.optimizer.learning_rate)
        takes_rate = len(inspect.signature(callback.schedule).parameters) > 1
        found: list[Json] = []
        for epoch in range(epochs):
            rate = float(callback.schedule(epoch, rate) if takes_rate else callback.schedule(epoch))
            found.append(rate)
    except Exception:  # the student's own function: whatever it raises, Keras shall meet it in a native training
        return None
    return found
