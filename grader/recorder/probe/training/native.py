"""Training inside the sandbox, for what cannot be told to the host as configuration."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np

from grader.recorder.probe.data import as_array, shown_data
from grader.recorder.probe.link import Link
from grader.recorder.probe.rows import TRAIN_ONE_IN, VALIDATION_ONE_IN, kept_rows
from grader.recorder.probe.training import callbacks, describe
from grader.recorder.probe.training.tracking import forget_steps, state_of, touch

_MAX_WEIGHT_BYTES = 400 << 20


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds per epoch, told to the host as they pass."""

    def __init__(self, link: Link, epochs: int) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._link = link
        self._epochs = epochs
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._started)
        self._link.event("epoch", epoch=epoch + 1, epochs=self._epochs)


def fit(link: Link, effort: str, original: Any, model: Any, arguments: dict[str, Any], why: str) -> Any:
    """Keras' own `fit` on the rows that the effort keeps; then its history and weights, as a claim, to the host."""
    given = dict(arguments)
    rows, used = _cut(arguments, effort)
    clock = _Clock(link, int(arguments.get("epochs") or 1))
    arguments["callbacks"] = [*callbacks.without_boards(arguments.get("callbacks") or []), clock]
    arguments["verbose"] = 2 if arguments.get("verbose") not in (0, None, False) else 0
    record = original(model, **arguments)
    record.history = callbacks.HistoryTable(record.history)
    state = state_of(model)
    for weight in model.weights:
        touch(weight)
    forget_steps(model)
    weights = [np.ascontiguousarray(weight) for weight in model.get_weights()]
    if sum(weight.nbytes for weight in weights) > _MAX_WEIGHT_BYTES:
        weights = []
    validation = given.get("validation_data")
    pair = validation if isinstance(validation, list | tuple) and len(validation) == 2 else None
    header = {
        "type": "native",
        "why": why,
        "model": state.id,
        "description": describe.model_description(model),
        "compile": describe.compile_description(model, state.loss, state.metrics),
        "fit": _fit_fields(given, pair is not None),
        "history": describe.plain({name: list(values) for name, values in record.history.items()}),
        "seconds": clock.seconds,
        "train": shown_data(link, given["x"], given.get("y")) | {"rows": rows, "used": used},
        "validation": shown_data(link, pair[0], pair[1]) if pair else None,
    }
    answer, _ = link.ask(header, weights)
    state.trained, state.same_optimizer = answer.get("seq"), True
    return record


def _fit_fields(given: dict[str, Any], has_pair: bool) -> dict[str, Any]:
    batch = given.get("batch_size")
    if batch is None and hasattr(given["x"], "batch_size"):
        batch = given["x"].batch_size
    split = float(given.get("validation_split") or 0.0)
    kind = "data" if has_pair or given.get("validation_data") is not None else "split" if split else "none"
    items = given.get("callbacks") or []
    names = [type(item).__name__[:80] for item in (items if isinstance(items, list | tuple) else [items])]
    verbose = given.get("verbose")
    return {
        "batch_size": batch if isinstance(batch, int) and batch > 0 else 32,
        "epochs": int(given.get("epochs") or 1),
        "initial_epoch": int(given.get("initial_epoch") or 0),
        "shuffle": bool(given.get("shuffle", True)),
        "verbose": 1 if verbose in ("auto", True) else int(verbose or 0),
        "validation": kind,
        "validation_split": split,
        "callbacks": [{"class_name": name} for name in names],
        "class_weight": None,
    }


def _cut(arguments: dict[str, Any], effort: str) -> tuple[int, int]:
    """Shorten the training in place as the effort says; (rows given, rows used)."""
    x, y = as_array(arguments["x"]), as_array(arguments.get("y")) if arguments.get("y") is not None else None
    if x is None:
        return _cut_steps(arguments, effort)
    total = len(x)
    if effort == "full":
        return total, total
    split = float(arguments.get("validation_split") or 0.0)
    if split and arguments.get("validation_data") is None and y is not None:
        at = int(np.floor(total * (1.0 - split)))
        arguments["validation_data"], arguments["validation_split"] = (x[at:], y[at:]), 0.0
        x, y = x[:at], y[:at]
        arguments["x"], arguments["y"] = x, y
    _cut_validation(arguments, effort)
    if y is None or arguments.get("sample_weight") is not None:
        return total, len(x)
    rows = kept_rows(len(x), TRAIN_ONE_IN[effort])
    arguments["x"], arguments["y"] = x[rows], y[rows]
    return total, len(rows)


def _cut_validation(arguments: dict[str, Any], effort: str) -> None:
    pair = arguments.get("validation_data")
    if isinstance(pair, list | tuple) and len(pair) == 2:
        held = [as_array(part) for part in pair]
        if held[0] is not None and held[1] is not None:
            kept = kept_rows(len(held[0]), VALIDATION_ONE_IN[effort])
            arguments["validation_data"] = (held[0][kept], held[1][kept])


def _cut_steps(arguments: dict[str, Any], effort: str) -> tuple[int, int]:
    """For generators and data sets of known length: fewer steps per epoch."""
    try:
        steps = int(arguments.get("steps_per_epoch") or len(arguments["x"]))
    except TypeError:
        return 0, 0
    if effort == "full" or steps <= 0:
        return steps, steps
    arguments["steps_per_epoch"] = -(-steps // TRAIN_ONE_IN[effort])
    try:
        held = int(arguments.get("validation_steps") or len(arguments.get("validation_data") or ()))
    except TypeError:
        held = 0
    if held and not isinstance(arguments.get("validation_data"), list | tuple):
        arguments["validation_steps"] = -(-held // VALIDATION_ONE_IN[effort])
    return steps, arguments["steps_per_epoch"]
