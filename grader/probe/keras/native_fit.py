"""Training inside the sandbox, for what cannot be told to the host as configuration."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import keras
import numpy as np

from grader.probe.descriptions import FitDescription
from grader.probe.keras import callbacks
from grader.probe.keras.describe import describe_compile, describe_model, plain
from grader.probe.keras.model_state import mark_fitted, state_of
from grader.probe.keras.objects import History, Model
from grader.probe.link import Link, show_data
from grader.probe.messages import EpochEnded, FitReported, Kept
from grader.probe.rows import TRAIN_ONE_IN, VALIDATION_ONE_IN, as_array, effort_rows
from grader.sandbox.frames import Array

Arguments = dict[str, object]

MAX_WEIGHT_BYTES = 400 << 20
"""Of weights that are sent for scoring: some hundred million numbers, far beyond any lab's model."""
_MAX_EPOCHS = 5_000
_MAX_CURVES = 40
_LARGEST = 1 << 31
_MAX_WHY = 300


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds per epoch, told to the host as they pass."""

    def __init__(self, link: Link, epochs: int) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._link = link
        self._epochs = epochs
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.seconds.append(time.perf_counter() - self._started)
        self._link.tell(EpochEnded(epoch=_bounded(epoch + 1), epochs=_bounded(self._epochs)))


def fit_here(
    link: Link, effort: str, original: Callable[..., History], model: Model, arguments: Arguments, why: str
) -> History:
    """Keras' own `fit` on the rows that the effort keeps; then its history and weights, as a claim, to the host."""
    given = dict(arguments)
    rows, used = _cut(arguments, effort)
    clock = _Clock(link, whole(arguments.get("epochs")) or 1)
    arguments["callbacks"] = [*callbacks.without_boards(arguments.get("callbacks")), clock]
    arguments["verbose"] = 2 if arguments.get("verbose") not in (0, None, False) else 0
    record = original(model, **arguments)
    record.history = callbacks.HistoryTable(record.history)  # type: ignore[arg-type]
    mark_fitted(model)
    weights = sendable_weights(model)
    validation = given.get("validation_data")
    pair = validation if isinstance(validation, list | tuple) and len(validation) == 2 else None
    state = state_of(model)
    report = FitReported(
        why=why[:_MAX_WHY],
        model=state.id,
        description=describe_model(model),
        compile=describe_compile(model),
        fit=_describe_fit(given, pair is not None),
        history=_curves(record.history),
        seconds=tuple(clock.seconds[:_MAX_EPOCHS]),
        train=show_data(link, given["x"], given.get("y"), rows, used),
        validation=show_data(link, pair[0], pair[1]) if pair else None,
    )
    answer, _ = link.ask(report, weights)
    state.trained, state.same_optimizer = answer.seq if isinstance(answer, Kept) else None, True
    return record


def sendable_weights(model: Model) -> list[Array]:
    """The model's weights; none where they are too many to be sent."""
    weights = [np.ascontiguousarray(weight) for weight in model.get_weights()]
    return weights if sum(weight.nbytes for weight in weights) <= MAX_WEIGHT_BYTES else []


def _bounded(count: int) -> int:
    return min(max(count, 0), _LARGEST)


def whole(value: object) -> int:
    """`value`, which may be missing, as a whole number: 0 where it is."""
    return int(value) if value else 0  # type: ignore[call-overload]


def number(value: object) -> float:
    """`value`, which may be missing, as a number: 0 where it is."""
    return float(value) if value else 0.0  # type: ignore[arg-type]


def verbosity(value: object) -> int:
    """Keras' `verbose` as a number."""
    return 1 if value in ("auto", True) else whole(value)


def _curves(history: Mapping[str, Sequence[object]]) -> dict[str, tuple[float, ...]]:
    """What of a history is numbers: callbacks of a student's own may put anything there."""
    curves: dict[str, tuple[float, ...]] = {}
    for name, values in list(history.items())[:_MAX_CURVES]:
        numbers = [plain(value) for value in list(values)[:_MAX_EPOCHS]]
        if all(isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 64) for value in numbers):
            curves[str(name)[:80]] = tuple(numbers)  # type: ignore[arg-type]
    return curves


def _describe_fit(given: Arguments, has_pair: bool) -> FitDescription:
    batch = given.get("batch_size")
    if batch is None:
        batch = getattr(given["x"], "batch_size", None)
    split = number(given.get("validation_split"))
    data = has_pair or given.get("validation_data") is not None
    kind: Literal["none", "split", "data"] = "data" if data else "split" if split else "none"
    names = [type(item).__name__[:80] for item in callbacks.listed(given.get("callbacks"))]
    return FitDescription(
        batch_size=int(batch) if isinstance(batch, int) and batch > 0 else 32,
        epochs=whole(given.get("epochs")) or 1,
        initial_epoch=whole(given.get("initial_epoch")),
        shuffle=bool(given.get("shuffle", True)),
        verbose=verbosity(given.get("verbose")),
        validation=kind,
        validation_split=split,
        callbacks=tuple({"class_name": name} for name in names),
    )


def _cut(arguments: Arguments, effort: str) -> tuple[int, int]:
    """Shorten the training in place as the effort says; (rows given, rows used)."""
    x, y = as_array(arguments["x"]), as_array(arguments.get("y")) if arguments.get("y") is not None else None
    if x is None:
        return _cut_steps(arguments, effort)
    total = len(x)
    if effort == "full":
        return total, total
    split = number(arguments.get("validation_split"))
    if split and arguments.get("validation_data") is None and y is not None:
        at = int(np.floor(total * (1.0 - split)))
        arguments["validation_data"], arguments["validation_split"] = (x[at:], y[at:]), 0.0
        x, y = x[:at], y[:at]
        arguments["x"], arguments["y"] = x, y
    _cut_validation(arguments, effort)
    if y is None or arguments.get("sample_weight") is not None:
        return total, len(x)
    rows = effort_rows(len(x), TRAIN_ONE_IN[effort])
    arguments["x"], arguments["y"] = x[rows], y[rows]
    return total, len(rows)


def _cut_validation(arguments: Arguments, effort: str) -> None:
    pair = arguments.get("validation_data")
    if isinstance(pair, list | tuple) and len(pair) == 2:
        x, y = (as_array(part) for part in pair)
        if x is not None and y is not None:
            rows = effort_rows(len(x), VALIDATION_ONE_IN[effort])
            arguments["validation_data"] = (x[rows], y[rows])


def _cut_steps(arguments: Arguments, effort: str) -> tuple[int, int]:
    """For generators and data sets of known length: fewer steps per epoch."""
    steps = _steps(arguments, "steps_per_epoch", "x")
    if effort == "full" or steps <= 0:
        return steps, steps
    cut = -(-steps // TRAIN_ONE_IN[effort])
    arguments["steps_per_epoch"] = cut
    held = _steps(arguments, "validation_steps", "validation_data")
    if held and not isinstance(arguments.get("validation_data"), list | tuple):
        arguments["validation_steps"] = -(-held // VALIDATION_ONE_IN[effort])
    return steps, cut


def _steps(arguments: Arguments, name: str, data: str) -> int:
    """Steps of one pass, as they were given or as the data have them; 0 where that is not known."""
    try:
        return whole(arguments.get(name)) or len(arguments.get(data))  # type: ignore[arg-type]
    except TypeError:
        return 0
