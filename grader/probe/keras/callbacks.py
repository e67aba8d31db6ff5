"""Callbacks as plain data where they can be, and the small pieces that stand in after a training elsewhere."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import ClassVar

import keras

from grader.facts.keras import CALLBACKS, OLD_NAMES, RATES, SCHEDULING, WATCHING_CALLBACKS
from grader.probe.descriptions import Json
from grader.probe.keras.describe import plain
from grader.probe.keras.objects import Model, Schedule


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


def finish(items: object, model: Model, history: Mapping[str, Sequence[float]]) -> None:
    """Leave callbacks as a training here would have left them: when stopping was early, and logs in files."""
    epochs = len(next(iter(history.values()), ()))
    for callback in listed(items):
        if isinstance(callback, keras.callbacks.EarlyStopping):
            callback.set_model(model)
            callback.stopped_epoch = max(epochs - 1, 0)
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.set_model(model)
            callback.on_train_begin()
            for epoch in range(epochs):
                callback.on_epoch_end(epoch, {name: values[epoch] for name, values in history.items()})
            callback.on_train_end()


def without_boards(items: object) -> list[object]:
    """`items` without TensorBoard, whose own package is not here."""
    return [item for item in listed(items) if not isinstance(item, keras.callbacks.TensorBoard)]


class HistoryTable(dict[str, list[float]]):
    """`History.history`, which also answers to the names of Keras before 2.3 (`acc`)."""

    note: ClassVar = staticmethod(lambda: None)
    """Called when it does."""

    def __missing__(self, key: str) -> list[float]:
        newer = OLD_NAMES.get(key)
        if newer is None or newer not in self:
            raise KeyError(key)
        type(self).note()
        return self[newer]
