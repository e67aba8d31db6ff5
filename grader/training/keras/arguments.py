"""Compile and fit arguments, checked against the allow-list and brought into one canonical form."""

from __future__ import annotations

from collections.abc import Mapping

from grader.facts.keras import (
    CALLBACKS,
    LOSS_ALIASES,
    LOSS_OPTIONS,
    LOSSES,
    METRIC_CLASSES,
    METRIC_NAMES,
    OPTIMIZERS,
    SCHEDULES,
)
from grader.training.keras.canonical import clean, is_builtin, plain
from grader.training.plain import NotExpressibleError, as_list, class_name, mapping, short, single_precision, whole
from grader.training.spec import CompileConfig, FitConfig, LossConfig, ObjectConfig

_MAX_EPOCHS = 2_000
_MAX_CALLBACKS = 32
_MAX_METRICS = 16
_MAX_BOUNDARIES = 200
"""Of a schedule: each becomes a part of the graph, which takes minutes to build from thousands."""
_MAX_THRESHOLDS = 10_000
_MAX_CLASSES = 100_000


def canonical_compile(raw: object) -> CompileConfig:
    """The canonical form of serialised compile arguments. Raises `NotExpressibleError`."""
    arguments = mapping(raw, "the compile arguments")
    for name in ("loss_weights", "weighted_metrics"):
        if arguments.get(name):
            raise NotExpressibleError(f"compile was given {name}")
    return {
        "optimizer": _optimizer(arguments.get("optimizer")),
        "loss": _loss(arguments.get("loss")),
        "metrics": _metrics(arguments.get("metrics")),
    }


def _optimizer(raw: object) -> ObjectConfig:
    item = mapping(raw, "the optimizer")
    name = class_name(item)
    if name not in OPTIMIZERS or not is_builtin(item):
        raise NotExpressibleError(f"the optimizer {short(name)} is not a standard one")
    config = mapping(item.get("config"), "the optimizer's configuration")
    cleaned = {key: _setting(value, key) for key, value in config.items() if key not in ("name", "is_legacy_optimizer")}
    return {"class_name": name, "config": cleaned}


def _setting(value: object, key: str) -> object:
    """One argument of an optimizer: a number, a word, or for the learning rate a schedule of Keras' own."""
    if isinstance(value, dict):
        name = class_name(value)
        if key != "learning_rate" or name not in SCHEDULES or not is_builtin(value):
            raise NotExpressibleError(
                f"the optimizer's {key[:40]} is {short(name)}, not a number or a standard schedule"
            )
        config = mapping(value.get("config"), "the schedule")
        long = [inner for inner, item in config.items() if isinstance(item, list) and len(item) > _MAX_BOUNDARIES]
        if long:
            raise NotExpressibleError(f"the schedule has more than {_MAX_BOUNDARIES} {short(long[0])}")
        return plain(name, {inner: _plain(item) for inner, item in config.items() if inner != "name"})
    return _plain(value)


def _plain(value: object) -> object:
    """Numbers, words and lists of these."""
    if isinstance(value, list):
        return [_plain(item) for item in as_list(value, "the items", _MAX_THRESHOLDS)]
    if isinstance(value, dict):
        raise NotExpressibleError("an argument is not plain data")
    return clean(value, 1)


def _loss(raw: object) -> LossConfig:
    if isinstance(raw, str):
        name = LOSS_ALIASES.get(raw.lower(), raw.lower())
        by_class = {cls: snake for snake, cls in LOSSES.items()}
        name = by_class.get(raw, name)
        if name in LOSSES:
            return {"name": name, "options": {}}
        raise NotExpressibleError(f"the loss {short(raw)} is not a standard one")
    item = mapping(raw, "the loss")
    config, name = item.get("config"), class_name(item)
    if name == "function" and isinstance(config, str):
        return _loss(config)
    names = {cls: snake for snake, cls in LOSSES.items()}
    snake = names.get(name)
    if snake is None or not is_builtin(item):
        raise NotExpressibleError(f"the loss {short(name)} is not a standard one")
    options = mapping(config or {}, "the loss")
    if options.get("reduction", "sum_over_batch_size") not in ("sum_over_batch_size", "auto"):
        raise NotExpressibleError("the loss has a reduction of its own")
    defaults = {"from_logits": False, "label_smoothing": 0.0}
    kept = {key: _plain(value) for key, value in options.items() if key in LOSS_OPTIONS}
    return {"name": snake, "options": {key: value for key, value in kept.items() if defaults.get(key) != value}}


def _metrics(raw: object) -> list[str | ObjectConfig]:
    if isinstance(raw, str | dict):
        raw = [raw]
    return [_metric(item) for item in as_list(raw, "the metrics", _MAX_METRICS)]


def _metric(raw: object) -> str | ObjectConfig:
    if isinstance(raw, list) and len(raw) == 1 and not isinstance(raw[0], list):
        return _metric(raw[0])
    if isinstance(raw, str):
        if raw in METRIC_NAMES:
            return raw
        if raw.lower() in METRIC_NAMES:
            return raw.lower()
        raise NotExpressibleError(f"the metric {short(raw)} is not a standard one")
    item = mapping(raw, "a metric")
    config, name = item.get("config"), class_name(item)
    if name == "function" and isinstance(config, str):
        return _metric(config)
    if name not in METRIC_CLASSES or not is_builtin(item):
        raise NotExpressibleError(f"the metric {short(name)} is not a standard one")
    options = mapping(config or {}, "a metric")
    return {"class_name": name, "config": {key: _option(value) for key, value in options.items() if key != "dtype"}}


def _option(value: object) -> object:
    """One argument of a metric. Its whole numbers are sizes, for which memory is taken."""
    if isinstance(value, int) and abs(value) > _MAX_THRESHOLDS:
        raise NotExpressibleError(f"a metric has a size of more than {_MAX_THRESHOLDS:,}")
    return _plain(value)


def canonical_fit(raw: object) -> FitConfig:
    """The canonical form of fit arguments. Raises `NotExpressibleError`."""
    arguments = mapping(raw, "the fit arguments")
    return {
        "batch_size": _whole(arguments, "batch_size", 1, 1_000_000),
        "epochs": _whole(arguments, "epochs", 0, _MAX_EPOCHS),
        "initial_epoch": _whole(arguments, "initial_epoch", 0, _MAX_EPOCHS),
        "shuffle": bool(arguments.get("shuffle", True)),
        "callbacks": [_callback(item) for item in as_list(arguments.get("callbacks"), "the callbacks", _MAX_CALLBACKS)],
        "class_weight": _class_weight(arguments.get("class_weight")),
    }


def _whole(arguments: Mapping[str, object], name: str, low: int, high: int) -> int:
    value = arguments.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise NotExpressibleError(f"{name} is {short(str(value)[:40])}, not a whole number from {low} to {high:,}")
    return value


def _callback(raw: object) -> dict[str, object]:
    item = mapping(raw, "a callback")
    name = str(item.get("class_name"))
    if name not in CALLBACKS:
        raise NotExpressibleError(f"the callback {short(name)} is not one that can be told as configuration")
    allowed = CALLBACKS[name]
    kept = {key: _argument(value) for key, value in item.items() if key in allowed}
    return {"class_name": name, **kept}


def _argument(value: object) -> object:
    if isinstance(value, float):
        return single_precision(value)
    if isinstance(value, str):
        return value[:100]
    if isinstance(value, list) and all(isinstance(item, int | float) for item in value):
        return [_argument(item) for item in as_list(value, "the rates", _MAX_EPOCHS)]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return whole(value)
    raise NotExpressibleError("a callback's argument is not plain data")


def _class_weight(raw: object) -> dict[str, float] | None:
    if raw is None:
        return None
    weights = mapping(raw, "class_weight")
    if len(weights) > _MAX_CLASSES:
        raise NotExpressibleError(f"class_weight has more than {_MAX_CLASSES:,} classes")
    try:
        return {str(int(key)): single_precision(_number(value)) for key, value in sorted(weights.items())}
    except (TypeError, ValueError, OverflowError):
        raise NotExpressibleError("class_weight is not a table of numbers") from None


def _number(value: object) -> float:
    """`value` as a number, also where a framework's JSON spelled it as text."""
    if not isinstance(value, int | float | str):
        raise TypeError
    return float(value)
