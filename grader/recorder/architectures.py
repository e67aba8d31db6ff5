"""A sandbox's descriptions of a model and of the arguments of `compile` and `fit`, as records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypedDict, cast

from pydantic import JsonValue

from grader.facts.metrics import CUSTOM, LOSS, METRIC_CLASSES, spelling
from grader.probe.descriptions import CompileDescription, FitDescription, Json, LayerDescription, ModelDescription
from grader.probe.messages import with_fields
from grader.recorder.input_steps import input_steps
from grader.records import Architecture, CompileArguments, FitArguments, Layer
from grader.training.budget import Size
from grader.training.keras.arguments import canonical_compile
from grader.training.keras.canonical import KerasObject, canonical_model, model_layers
from grader.training.keras.cost import model_size
from grader.training.plain import NotExpressibleError
from grader.training.spec import CompileConfig, ObjectConfig, canonical_digest

_DROPPED = ("name", "dtype", "trainable", "sparse", "ragged", "batch_shape")
_LARGEST = 1 << 31
_MOST_CALLBACKS = 32
_MOST_ARGUMENTS = 20

JsonObject = dict[str, Json]


class _Totals(TypedDict):
    parameters: int | None
    trainable_parameters: int | None
    input_shape: tuple[int | None, ...] | None


def canonical_architecture(description: ModelDescription, input_shape: tuple[int, ...] | None) -> KerasObject:
    """The canonical configuration of a described model. Raises `NotExpressibleError`."""
    if description.config is None:
        name = description.class_name[:60]
        raise NotExpressibleError(f"the model is of a class of its own or holds a layer of its own (“{name}”)")
    return canonical_model(description.config, input_shape)


def architecture_of(description: ModelDescription, input_shape: tuple[int, ...] | None = None) -> Architecture:
    """The architecture that a description claims. Of plain Keras layers the host works out the sizes itself."""
    claimed = [_claimed(layer) for layer in description.layers]
    shape = description.input_shape
    totals = _Totals(
        parameters=description.parameters,
        trainable_parameters=description.trainable,
        input_shape=shape[1:] if shape else None,
    )
    try:
        canonical = canonical_architecture(description, input_shape)
    except NotExpressibleError:
        steps = input_steps(description.config)
        name = canonical_digest([layer.as_json() for layer in (*claimed, *steps)])[:12]
        own = description.class_name[:100]
        return Architecture(
            id=name, kind="subclassed", layers=tuple(claimed), class_name=own, input_steps=steps, **totals
        )
    size = _size(canonical, input_shape or _known_shape(shape))
    items = model_layers(canonical)
    sizes = list(size.layers) if size is not None and len(size.layers) == len(items) else [None] * len(items)
    pairs = [pair for pair in zip(items, sizes, strict=True) if pair[0]["class_name"] != "InputLayer"]
    known = [
        _known_layer(layer, item, measured)
        for layer, (item, measured) in zip(_padded(claimed, [item for item, _ in pairs]), pairs, strict=True)
    ]
    if size is not None:
        totals["parameters"] = size.parameters
    sequential = canonical["class_name"] == "Sequential"
    return Architecture(
        id=canonical_digest(canonical)[:12],
        kind="sequential" if sequential else "functional",
        layers=tuple(known),
        class_name=canonical["class_name"],
        input_steps=() if sequential else input_steps(canonical),
        **totals,
    )


def _known_layer(layer: Layer, item: KerasObject, size: Size | None) -> Layer:
    update: dict[str, object] = {"class_name": item["class_name"], "config": _flat(item["config"])}
    if size is not None:
        update |= {"output_shape": (None, *size.shape), "parameters": size.parameters}
    return layer.model_copy(update=update)


def _size(canonical: KerasObject, shape: tuple[int, ...] | None) -> Size | None:
    try:
        size = model_size(canonical, shape)
    except NotExpressibleError:
        return None
    return size if size.exact else None


def _known_shape(shape: tuple[int | None, ...] | None) -> tuple[int, ...] | None:
    """The shape of one example, where it is known throughout."""
    sides = tuple(side for side in shape[1:] if side is not None and side > 0) if shape else ()
    return sides if shape and len(sides) == len(shape) - 1 else None


def _padded(claimed: list[Layer], layers: list[KerasObject]) -> list[Layer]:
    if len(claimed) == len(layers):
        return claimed
    return [Layer(class_name=item["class_name"], name="") for item in layers]


def _claimed(layer: LayerDescription) -> Layer:
    return Layer(
        class_name=layer.class_name[:100],
        name=layer.name[:100],
        output_shape=layer.output_shape,
        parameters=layer.parameters,
    )


def _flat(config: Mapping[str, object]) -> dict[str, JsonValue]:
    """Constructor arguments with nested objects flattened to `{"class_name", **arguments}`."""
    return {key: _flat_value(value) for key, value in config.items() if key not in _DROPPED}


def _flat_value(value: object) -> JsonValue:
    """`{"class_name": "L2", "l2": 1e-06}` instead of Keras' nested form."""
    if isinstance(value, dict) and "class_name" in value:
        inner = value.get("config")
        return {"class_name": _flat_value(value["class_name"]), **(_flat(inner) if isinstance(inner, dict) else {})}
    if isinstance(value, dict):
        return {str(key): _flat_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_flat_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return cast("JsonValue", value)


_PLAIN_OPTIMIZER: JsonObject = {
    "module": "keras.optimizers",
    "class_name": "SGD",
    "config": {},
    "registered_name": None,
}
_PLAIN_COMPILE = CompileDescription(optimizer=_PLAIN_OPTIMIZER, loss="mse", metrics=[])


def compile_arguments(description: CompileDescription) -> CompileArguments:
    """Compile arguments as a record; what is not Keras' own is named `custom:...`."""
    given = _canonical_with(optimizer=description.optimizer)
    optimizer = given["optimizer"] if given else None
    given = _canonical_with(loss=description.loss)
    loss = given["loss"] if given else None
    given = _canonical_with(metrics=description.metrics)
    metrics = given["metrics"] if given else []
    return CompileArguments(
        optimizer=optimizer["class_name"] if optimizer else _custom(description.optimizer),
        optimizer_config=_flat(optimizer["config"]) if optimizer else {},
        learning_rate=_rate(optimizer["config"].get("learning_rate")) if optimizer else None,
        loss=loss["name"] if loss else _custom(description.loss) if description.loss is not None else None,
        from_logits=bool(loss and loss["options"].get("from_logits")),
        metrics=tuple(_metric_name(item) for item in metrics),
    )


def _canonical_with(**part: Json) -> CompileConfig | None:
    """The canonical form of one compile argument beside plain ones; `None` where it has none."""
    try:
        return canonical_compile(compile_content(with_fields(_PLAIN_COMPILE, **part)))
    except NotExpressibleError:
        return None


def metric_meanings(names: Iterable[str], compiled: Json) -> dict[str, str]:
    """What each of `names`, as `evaluate` calls the metrics, is: the spelling or class of Keras' own, or `custom`.

    `compiled` are the metrics that `compile` was given, as the probe describes them. An object of Keras may bear any
    name, and code of the group's own that of an accuracy.
    """
    keras: dict[str, str] = {}
    own: set[str] = set()
    for item in _metrics_of(compiled):
        if isinstance(item, str):
            keras[item] = item
        elif isinstance(item, dict):
            kind, config = str(item.get("class_name")), item.get("config")
            given = config.get("name") if isinstance(config, dict) else None
            if kind in METRIC_CLASSES:
                keras[given if isinstance(given, str) else spelling(kind)] = kind
            else:
                own.add(kind.removeprefix(f"{CUSTOM}:"))
    found: dict[str, str] = {}
    for name in names:
        known = keras.get(name) or keras.get(_unnumbered(name))
        # What a function of the group's own is called is its name; of an object's name nothing is known.
        if name != LOSS and (name in own or (known is None and own)):
            found[name] = CUSTOM
        elif known is not None:
            found[name] = known
    return found


def _unnumbered(name: str) -> str:
    head, _, tail = name.rpartition("_")
    return head if head and tail.isdigit() else name


def _metrics_of(items: Json, depth: int = 0) -> list[Json]:
    """The metrics of a list, of lists per output, or of one."""
    if isinstance(items, list):
        return [one for item in items[:64] for one in _metrics_of(item, depth + 1)] if depth < 4 else []
    return [items]


def compile_content(description: CompileDescription) -> JsonObject:
    """Described compile arguments as `canonical_compile` takes them."""
    return {"optimizer": description.optimizer, "loss": description.loss, "metrics": description.metrics}


def fit_content(description: FitDescription) -> JsonObject:
    """Described fit arguments as `canonical_fit` takes them."""
    return {
        "batch_size": description.batch_size,
        "epochs": description.epochs,
        "initial_epoch": description.initial_epoch,
        "shuffle": description.shuffle,
        "callbacks": list(description.callbacks),
        "class_weight": description.class_weight,
    }


def _custom(value: Json) -> str:
    name = value.get("class_name") if isinstance(value, dict) else value
    text = str(name)[:80]
    return text if text.startswith("custom:") else f"custom:{text}"


def _rate(value: object) -> float | None:
    """The initial learning rate: a number, or a schedule's at step 0."""
    if isinstance(value, dict):
        config = value.get("config", {})
        values = config.get("values")
        value = config.get("initial_learning_rate", values[0] if isinstance(values, list) and values else None)
    return float(value) if isinstance(value, int | float) else None


def _metric_name(item: str | ObjectConfig) -> str:
    return item if isinstance(item, str) else str(item["config"].get("name") or item["class_name"])[:80]


def fit_arguments(description: FitDescription) -> FitArguments:
    """Fit arguments as a record. Numbers beyond all measure are told as Keras' defaults."""
    share = description.validation_split
    return FitArguments(
        batch_size=_within(description.batch_size, 32),
        epochs=_within(description.epochs, 1),
        initial_epoch=_within(description.initial_epoch, 0),
        shuffle=description.shuffle,
        verbose=_within(description.verbose, 1),
        validation=description.validation,
        validation_split=share if 0.0 <= share < 1.0 else 0.0,
        callbacks=tuple(_callback(item) for item in description.callbacks[:_MOST_CALLBACKS]),
        class_weight=None,
    )


def _within(value: int, default: int) -> int:
    return value if 0 <= value < _LARGEST else default


def _callback(item: Mapping[str, Json]) -> dict[str, JsonValue]:
    """The callback's plain arguments, kept short."""
    kept: dict[str, JsonValue] = {}
    for key, value in item.items():
        if isinstance(value, str):
            kept[key[:40]] = value[:100]
        elif value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 1 << 53):
            kept[key[:40]] = value
    return dict(list(kept.items())[:_MOST_ARGUMENTS])
