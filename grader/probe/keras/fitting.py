"""`model.fit`: ask the host to train, or train here when what is asked for cannot be told as configuration.

Either way the model, its history and its callbacks are left as Keras' own `fit` would have left them.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import keras
import numpy as np

from grader.facts.keras import OLD_NAMES
from grader.probe.descriptions import FitDescription
from grader.probe.keras.describe import describe_callback, describe_compile, describe_model, listed, plain
from grader.probe.keras.objects import History, Model, are_weights_touched, mark_fitted, state_of
from grader.probe.link import Link, show_data
from grader.probe.messages import (
    ArraysSent,
    EpochEnded,
    FitAsked,
    FitDone,
    FitHere,
    FitReported,
    FitUnavailable,
    Kept,
    Send,
)
from grader.probe.rows import TRAIN_ONE_IN, VALIDATION_ONE_IN, as_array, digest, effort_rows, take_rows
from grader.sandbox.frames import Array

Arguments = dict[str, object]
"""Arguments of Keras' `fit` by name, defaults included."""

_MAX_WEIGHT_BYTES = 400 << 20
"""Of weights that are sent for scoring: some hundred million numbers, far beyond any lab's model."""
_MAX_EPOCHS = 5_000
_MAX_CURVES = 40
_LARGEST = 1 << 31
_MAX_WHY = 300


class _NotAskableError(Exception):
    """The training is not plain arrays and arguments; the message says why."""


@dataclass
class _Request:
    """The arrays of a training after the effort cut, and how many rows there were before."""

    x: Array
    y: Array
    rows: int
    validation: tuple[Array, Array] | None = None
    validation_rows: int = 0
    kind: Literal["none", "split", "data"] = "none"
    split: float = 0.0
    parts: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parts = [self.x, self.y, *(self.validation or ())]


class Fitting:
    """Answers `fit` with the host's training, or trains in the sandbox."""

    def __init__(self, link: Link, effort: str, original: Callable[..., History]) -> None:
        self._link = link
        self._effort = effort
        self._original = original
        self._signature = inspect.signature(original)

    def fit(self, model: Model, x: object, y: object, batch_size: object, epochs: object, **more: object) -> History:
        """What Keras' `fit` would return."""
        bound = self._signature.bind(model, x, y, batch_size=batch_size, epochs=epochs, **more)
        bound.apply_defaults()
        arguments = {key: value for key, value in bound.arguments.items() if key != "self"}
        try:
            return self._ask(model, arguments)
        except _NotAskableError as why:
            return _fit_here(self._link, self._effort, self._original, model, arguments, str(why))

    def _ask(self, model: Model, arguments: Arguments) -> History:
        state = state_of(model)
        if not state.compiled:
            raise _NotAskableError("the model was not compiled")
        request = _request(arguments, self._effort)
        fit = _fit_arguments(model, arguments, request)
        _build(model, request.x)
        start = _start(model)
        question = FitAsked(
            model=state.id,
            description=describe_model(model),
            compile=describe_compile(model),
            fit=fit,
            rows=request.rows,
            validation_rows=request.validation_rows,
            digests=tuple(digest(part) for part in request.parts),
            start=len(start),
        )
        answer, arrays = self._link.ask(question)
        if isinstance(answer, Send):
            answer, arrays = self._link.ask(ArraysSent(), [*request.parts, *start])
        if isinstance(answer, FitUnavailable):
            raise RuntimeError(answer.why)
        if isinstance(answer, FitHere):
            raise _NotAskableError(answer.why)
        if not isinstance(answer, FitDone):
            raise OSError("labgrade's trainer gave no answer")
        return _take_over(model, answer, arrays, arguments)


def _request(arguments: Arguments, effort: str) -> _Request:
    for name in ("sample_weight", "steps_per_epoch", "validation_steps"):
        if arguments.get(name) is not None:
            raise _NotAskableError(f"fit was given {name}")
    if arguments.get("validation_freq", 1) != 1:
        raise _NotAskableError("fit was given validation_freq")
    x, y = as_array(arguments["x"]), as_array(arguments["y"])
    if x is None or y is None or len(x) != len(y) or len(x) == 0:
        raise _NotAskableError(f"the training data are {_kind(arguments['x'])}, not one plain array with labels")
    split, given = _number(arguments.get("validation_split")), arguments.get("validation_data")
    kind: Literal["none", "split", "data"] = "none"
    validation = None
    if given is not None:
        validation, kind, split = _validation(given), "data", 0.0
    elif 0.0 < split < 1.0:
        at = int(np.floor(len(x) * (1.0 - split)))
        validation, kind = (x[at:], y[at:]), "split"
        x, y = x[:at], y[:at]
    rows = effort_rows(len(x), TRAIN_ONE_IN[effort])
    held, held_rows = None, 0
    if validation is not None:
        held_rows = len(validation[0])
        kept = effort_rows(held_rows, VALIDATION_ONE_IN[effort])
        held = (take_rows(validation[0], kept), take_rows(validation[1], kept))
    return _Request(take_rows(x, rows), take_rows(y, rows), len(x), held, held_rows, kind, split)


def _validation(given: object) -> tuple[Array, Array]:
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise _NotAskableError(f"the validation data are {_kind(given)}, not a pair of arrays")
    x, y = as_array(given[0]), as_array(given[1])
    if x is None or y is None or len(x) != len(y) or len(x) == 0:
        raise _NotAskableError("the validation data are not a pair of arrays of equal length")
    return x, y


def _kind(value: object) -> str:
    return f"a {type(value).__name__}" if value is not None else "absent"


def _fit_arguments(model: Model, arguments: Arguments, request: _Request) -> FitDescription:
    epochs = int(arguments["epochs"])  # type: ignore[call-overload]
    items = listed(arguments.get("callbacks"))
    descriptions = [describe_callback(item, model, epochs) for item in items]
    return FitDescription(
        batch_size=_whole(arguments.get("batch_size")) or 32,
        epochs=epochs,
        initial_epoch=_whole(arguments.get("initial_epoch")),
        shuffle=bool(arguments.get("shuffle", True)),
        verbose=_verbosity(arguments.get("verbose")),
        validation=request.kind,
        validation_split=request.split,
        callbacks=tuple(item for item in descriptions if item is not None),
        class_weight=plain(arguments.get("class_weight")),
    )


def _build(model: Model, x: Array) -> None:
    if not model.built:
        try:
            model.build((None, *x.shape[1:]))
        except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
            raise _NotAskableError(f"the model could not be built for its data ({type(error).__name__})") from None


def _start(model: Model) -> list[Array]:
    """The weights, and the optimizer's variables where it goes on, that a continued training begins with."""
    if not are_weights_touched(model):
        return []
    start = [np.asarray(weight, order="C") for weight in model.get_weights()]
    if state_of(model).same_optimizer:
        start += [np.array(variable, order="C") for variable in model.optimizer.variables]
    return start


def _take_over(model: Model, answer: FitDone, arrays: list[Array], arguments: Arguments) -> History:
    """Leave the model as if it had trained here, and print what Keras would have printed."""
    count = len(model.weights)
    model.set_weights(arrays[:count])
    for layer in model._flatten_layers():  # type: ignore[attr-defined]
        # Keras keeps what a layer was adapted to twice: as weights, and as what it computes with.
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    optimizer = arrays[count:]
    model.optimizer.build(model.trainable_variables)
    if len(optimizer) == len(model.optimizer.variables):
        for variable, value in zip(model.optimizer.variables, optimizer, strict=True):
            variable.assign(value)
    mark_fitted(model)
    state = state_of(model)
    state.trained, state.same_optimizer = answer.seq, True
    history = {name: list(values) for name, values in answer.history.items()}
    record = keras.callbacks.History()
    record.set_model(model)
    record.history = HistoryTable(history)
    first, epochs = _whole(arguments.get("initial_epoch")), len(next(iter(history.values()), []))
    record.epoch = list(range(first, first + epochs))
    record.params = {"verbose": arguments.get("verbose"), "epochs": arguments["epochs"], "steps": answer.steps}
    model.history = record
    _finish_callbacks(arguments.get("callbacks"), model, history)
    if arguments.get("verbose") not in (0, None, False):
        _print_log(answer, _whole(arguments["epochs"]))
    finished: History = record
    return finished


def _print_log(answer: FitDone, epochs: int) -> None:
    for at, seconds in enumerate(answer.seconds):
        metrics = " - ".join(f"{name}: {values[at]:.4f}" for name, values in answer.history.items())
        print(f"Epoch {at + 1}/{epochs}")
        step = seconds * 1000 / max(answer.steps, 1)
        print(f"{answer.steps}/{answer.steps} - {seconds:.0f}s - {step:.0f}ms/step - {metrics}")


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


def _finish_callbacks(items: object, model: Model, history: Mapping[str, Sequence[float]]) -> None:
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


def _fit_here(
    link: Link, effort: str, original: Callable[..., History], model: Model, arguments: Arguments, why: str
) -> History:
    """Keras' own `fit` on the rows that the effort keeps; then its history and weights, as a claim, to the host."""
    given = dict(arguments)
    rows, used = _cut(arguments, effort)
    clock = _Clock(link, _whole(arguments.get("epochs")) or 1)
    arguments["callbacks"] = [*_without_boards(arguments.get("callbacks")), clock]
    arguments["verbose"] = 2 if arguments.get("verbose") not in (0, None, False) else 0
    record = original(model, **arguments)
    record.history = HistoryTable(record.history)  # type: ignore[arg-type]
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


def _without_boards(items: object) -> list[object]:
    """`items` without TensorBoard, whose own package is not here."""
    return [item for item in listed(items) if not isinstance(item, keras.callbacks.TensorBoard)]


def sendable_weights(model: Model) -> list[Array]:
    """The model's weights; none where they are too many to be sent."""
    weights = [np.asarray(weight, order="C") for weight in model.get_weights()]
    return weights if sum(weight.nbytes for weight in weights) <= _MAX_WEIGHT_BYTES else []


def _bounded(count: int) -> int:
    return min(max(count, 0), _LARGEST)


def _whole(value: object) -> int:
    """`value`, which may be missing, as a whole number: 0 where it is."""
    return int(value) if value else 0  # type: ignore[call-overload]


def _number(value: object) -> float:
    """`value`, which may be missing, as a number: 0 where it is."""
    return float(value) if value else 0.0  # type: ignore[arg-type]


def _verbosity(value: object) -> int:
    """Keras' `verbose` as a number."""
    return 1 if value in ("auto", True) else _whole(value)


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
    split = _number(given.get("validation_split"))
    data = has_pair or given.get("validation_data") is not None
    kind: Literal["none", "split", "data"] = "data" if data else "split" if split else "none"
    names = [type(item).__name__[:80] for item in listed(given.get("callbacks"))]
    return FitDescription(
        batch_size=int(batch) if isinstance(batch, int) and batch > 0 else 32,
        epochs=_whole(given.get("epochs")) or 1,
        initial_epoch=_whole(given.get("initial_epoch")),
        shuffle=bool(given.get("shuffle", True)),
        verbose=_verbosity(given.get("verbose")),
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
    split = _number(arguments.get("validation_split"))
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
        return _whole(arguments.get(name)) or len(arguments.get(data))  # type: ignore[arg-type]
    except TypeError:
        return 0
