"""Callbacks as plain data where they can be, and the small pieces that stand in after a training elsewhere."""

from __future__ import annotations

import inspect
from typing import Any

import keras

_WATCHING = ("History", "ProgbarLogger", "BaseLogger", "CSVLogger", "TensorBoard")
"""Callbacks that write down what happens and change nothing."""

_PLAIN: dict[str, tuple[str, ...]] = {
    "EarlyStopping": (
        "monitor",
        "min_delta",
        "patience",
        "mode",
        "baseline",
        "restore_best_weights",
        "start_from_epoch",
    ),
    "ReduceLROnPlateau": ("monitor", "factor", "patience", "mode", "min_delta", "cooldown", "min_lr"),
    "TerminateOnNaN": (),
}


def described(callback: Any, model: Any, epochs: int) -> dict[str, Any] | None:
    """The callback as class and arguments; `None` when it has no part in the training; else only its class."""
    name = type(callback).__name__
    own = type(callback).__module__.startswith("keras.")
    if own and name in _WATCHING:
        return None
    if own and name == "LearningRateScheduler":
        rates = _rates(callback, model, epochs)
        if rates is not None:
            return {"class_name": "LearningRates", "rates": rates}
    if not own or name not in _PLAIN:
        return {"class_name": f"{name}{'' if own else ' (own)'}"}
    found: dict[str, Any] = {"class_name": name}
    for argument in _PLAIN[name]:
        value = getattr(callback, argument, None)
        if argument == "min_delta":
            value = abs(value) if isinstance(value, int | float) else 0
        if argument == "mode":
            value = value if value in ("min", "max") else "auto"
        if argument == "baseline" and value is None:
            continue
        found[argument] = value
    return found


def _rates(callback: Any, model: Any, epochs: int) -> list[float] | None:
    """The schedule's rate for each epoch; `None` when it cannot be worked out beforehand."""
    try:
        rate = float(model.optimizer.learning_rate)
        takes_rate = len(inspect.signature(callback.schedule).parameters) > 1
        found = []
        for epoch in range(epochs):
            rate = float(callback.schedule(epoch, rate) if takes_rate else callback.schedule(epoch))
            found.append(rate)
    except Exception:  # the student's own function: whatever it raises, Keras shall meet it in a native training
        return None
    return found


def finish(items: Any, model: Any, history: dict[str, list[float]]) -> None:
    """Leave callbacks as a training here would have left them: when stopping was early, and logs in files."""
    epochs = len(next(iter(history.values()), []))
    for callback in items if isinstance(items, list | tuple) else [items]:
        if isinstance(callback, keras.callbacks.EarlyStopping):
            callback.set_model(model)
            callback.stopped_epoch = max(epochs - 1, 0)
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.set_model(model)
            callback.on_train_begin()
            for epoch in range(epochs):
                callback.on_epoch_end(epoch, {name: values[epoch] for name, values in history.items()})
            callback.on_train_end()


def without_boards(items: Any) -> list[Any]:
    """`items` without TensorBoard, whose own package is not here."""
    given = items if isinstance(items, list | tuple) else [items]
    return [item for item in given if not isinstance(item, keras.callbacks.TensorBoard)]


class HistoryTable(dict[str, list[float]]):
    """`History.history`, which also answers to the names of Keras before 2.3 (`acc`)."""

    note: Any = staticmethod(lambda: None)

    def __missing__(self, key: str) -> list[float]:
        newer = {"acc": "accuracy", "val_acc": "val_accuracy"}.get(key)
        if newer is None or newer not in self:
            raise KeyError(key)
        type(self).note()
        return self[newer]
