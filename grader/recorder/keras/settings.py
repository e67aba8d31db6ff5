"""The arguments of `compile` and `fit` as a sandbox describes them: as records, and as the trainer takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import cast

from pydantic import JsonValue

from grader.facts.keras import CUSTOM, LOSS, METRIC_CLASSES, spelling
from grader.probe.descriptions import CompileDescription, FitDescription, Json
from grader.probe.messages import with_fields
from grader.records import CompileArguments, FitArguments
from grader.training.keras.arguments import canonical_compile
from grader.training.plain import NotExpressibleError
from grader.training.spec import CompileConfig

JsonObject = dict[str, Json]

_DROPPED = ("name", "dtype", "trainable", "sparse", "ragged", "batch_shape")
_LARGEST = 1 << 31
_MOST_CALLBACKS = 32
_MOST_METRICS = 32
_MOST_ARGUMENTS = 20

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
    return CompileArguments(
        optimizer=optimizer["class_name"] if optimizer else _custom(description.optimizer),
        optimizer_config=flat_config(optimizer["config"]) if optimizer else {},
        learning_rate=_rate(optimizer["config"].get("learning_rate")) if optimizer else None,
        loss=loss["name"] if loss else _custom(description.loss) if description.loss is not None else None,
        from_logits=bool(loss and loss["options"].get("from_logits")),
        metrics=tuple(_metric_name(item) for item in _metrics_of(description.metrics)[:_MOST_METRICS]),
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
    if items is None:
        return []
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


def _metric_name(item: Json) -> str:
    """The name of one metric as Keras spells it, or as an object of Keras' is called; `custom:<name>` of any other."""
    given = _canonical_with(metrics=[item])
    if given is None:
        # An object of Keras with a size beyond what the trainer takes is still Keras' own.
        kind = str(item.get("class_name")) if isinstance(item, dict) else ""
        return kind if kind in METRIC_CLASSES else _custom(item)
    (known,) = given["metrics"]
    return known if isinstance(known, str) else str(known["config"].get("name") or known["class_name"])[:80]


def flat_config(config: Mapping[str, object]) -> dict[str, JsonValue]:
    """Constructor arguments with nested objects flattened to `{"class_name", **arguments}`."""
    return {key: _flat_value(value) for key, value in config.items() if key not in _DROPPED}


def _flat_value(value: object) -> JsonValue:
    """`{"class_name": "L2", "l2": 1e-06}` instead of Keras' nested form."""
    if isinstance(value, dict) and "class_name" in value:
        inner = value.get("config")
        return {
            "class_name": _flat_value(value["class_name"]),
            **(flat_config(inner) if isinstance(inner, dict) else {}),
        }
    if isinstance(value, dict):
        return {str(key): _flat_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_flat_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return cast("JsonValue", value)


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
