"""The sandbox's description of a model or its compile arguments, as records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from grader.records.models import Architecture, CompileArguments, Layer
from grader.training.arguments import canonical_compile
from grader.training.budget.graph import model_size
from grader.training.budget.size import Size
from grader.training.canonical import canonical_model
from grader.training.plain import NotExpressibleError, canonical_digest

_MAX_LAYERS = 400
_DROPPED = ("name", "dtype", "trainable", "sparse", "ragged", "batch_shape")


def canonical_architecture(description: Mapping[str, Any], input_shape: tuple[int, ...] | None) -> dict[str, Any]:
    """The canonical configuration of a described model. Raises `NotExpressibleError`."""
    if not isinstance(description, dict):
        raise NotExpressibleError("its description is incomplete")
    config = description.get("config")
    if config is None:
        name = str(description.get("class_name"))[:60]
        raise NotExpressibleError(f"the model is of a class of its own or holds a layer of its own (“{name}”)")
    return canonical_model(config, input_shape)


def architecture_of(description: Mapping[str, Any], input_shape: tuple[int, ...] | None = None) -> Architecture:
    """The architecture that a description claims. Of plain Keras layers the host works out the sizes itself."""
    claimed = [_claimed(item) for item in _items(description.get("layers"))]
    shape = _shape(description.get("input_shape"))
    totals = {
        "parameters": _count(description.get("parameters")),
        "trainable_parameters": _count(description.get("trainable")),
    }
    try:
        canonical = canonical_architecture(description, input_shape)
    except NotExpressibleError:
        name = canonical_digest([layer.as_json() for layer in claimed])[:12]
        return Architecture(id=name, kind="subclassed", layers=tuple(claimed), input_shape=_example(shape), **totals)
    size = _size(canonical, input_shape or _given_shape(shape))
    items = canonical["config"]["layers"]
    sizes = size.layers if size is not None and len(size.layers) == len(items) else [None] * len(items)
    pairs = [pair for pair in zip(items, sizes, strict=True) if pair[0]["class_name"] != "InputLayer"]
    known = [
        layer.model_copy(update={"class_name": item["class_name"], "config": _flat(item["config"]), **_measures(known)})
        for layer, (item, known) in zip(_padded(claimed, [item for item, _ in pairs]), pairs, strict=True)
    ]
    if size is not None:
        totals["parameters"] = size.parameters
    kind = "sequential" if canonical["class_name"] == "Sequential" else "functional"
    return Architecture(
        id=canonical_digest(canonical)[:12], kind=kind, layers=tuple(known), input_shape=_example(shape), **totals
    )


def _size(canonical: Mapping[str, Any], shape: tuple[int, ...] | None) -> Size | None:
    try:
        size = model_size(canonical, shape)
    except NotExpressibleError:
        return None
    return size if size.exact else None


def _measures(size: Size | None) -> dict[str, Any]:
    return {} if size is None else {"output_shape": (None, *size.shape), "parameters": size.parameters}


def _given_shape(shape: tuple[int | None, ...] | None) -> tuple[int, ...] | None:
    """The shape of one example, where it is known throughout."""
    sides = tuple(side for side in shape[1:] if side is not None and side > 0) if shape else ()
    return sides if shape and len(sides) == len(shape) - 1 else None


def _padded(claimed: list[Layer], layers: list[dict[str, Any]]) -> list[Layer]:
    if len(claimed) == len(layers):
        return claimed
    return [Layer(class_name=item["class_name"], name="") for item in layers]


def _claimed(item: Any) -> Layer:
    fields = item if isinstance(item, dict) else {}
    return Layer(
        class_name=str(fields.get("class_name"))[:100],
        name=str(fields.get("name"))[:100],
        output_shape=_shape(fields.get("output_shape")),
        parameters=_count(fields.get("parameters")),
    )


def _items(value: Any) -> list[Any]:
    return value[:_MAX_LAYERS] if isinstance(value, list) else []


def _shape(value: Any) -> tuple[int | None, ...] | None:
    if not isinstance(value, list) or len(value) > 16:
        return None
    return tuple(size if isinstance(size, int) and not isinstance(size, bool) else None for size in value)


def _example(shape: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
    return shape[1:] if shape else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None


def _flat(config: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Constructor arguments with nested objects flattened to `{"class_name", **arguments}`."""
    return {key: flattened(value) for key, value in config.items() if key not in _DROPPED}


def flattened(value: Any) -> JsonValue:
    """`{"class_name": "L2", "l2": 1e-06}` instead of Keras' nested form."""
    if isinstance(value, dict) and "class_name" in value:
        inner = value.get("config")
        return {"class_name": value["class_name"], **(_flat(inner) if isinstance(inner, dict) else {})}
    if isinstance(value, dict):
        return {str(key): flattened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [flattened(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value  # type: ignore[no-any-return]


def compile_arguments(raw: Any) -> CompileArguments:
    """Compile arguments as a record; what is not Keras' own is named `custom:...`."""
    given = raw if isinstance(raw, dict) else {}
    parts: dict[str, Any] = {}
    for name, stand_in in (("optimizer", "SGD"), ("loss", "mse"), ("metrics", [])):
        neutral = {"optimizer": _PLAIN_OPTIMIZER, "loss": "mse", "metrics": []} | {name: given.get(name, stand_in)}
        try:
            parts[name] = canonical_compile(neutral)[name]
        except NotExpressibleError:
            parts[name] = None
    optimizer, loss = parts["optimizer"], parts["loss"]
    return CompileArguments(
        optimizer=optimizer["class_name"] if optimizer else _custom(given.get("optimizer")),
        optimizer_config=_flat(optimizer["config"]) if optimizer else {},
        learning_rate=_rate(optimizer["config"].get("learning_rate")) if optimizer else None,
        loss=loss["name"] if loss else _custom(given.get("loss")) if given.get("loss") is not None else None,
        from_logits=bool(loss and loss["options"].get("from_logits")),
        metrics=tuple(_metric_name(item) for item in parts["metrics"] or []),
    )


_PLAIN_OPTIMIZER: dict[str, Any] = {
    "module": "keras.optimizers",
    "class_name": "SGD",
    "config": {},
    "registered_name": None,
}


def _custom(value: Any) -> str:
    name = value.get("class_name") if isinstance(value, dict) else value
    text = str(name)[:80]
    return text if text.startswith("custom:") else f"custom:{text}"


def _rate(value: Any) -> float | None:
    """The initial learning rate: a number, or a schedule's at step 0."""
    if isinstance(value, dict):
        config = value.get("config", {})
        values = config.get("values")
        value = config.get("initial_learning_rate", values[0] if isinstance(values, list) and values else None)
    return float(value) if isinstance(value, int | float) else None


def _metric_name(item: Any) -> str:
    return item if isinstance(item, str) else str(item["config"].get("name") or item["class_name"])[:80]
