"""`model.fit`: ask the host to train, or train here when it cannot be asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import keras
import numpy as np

from grader.probe.descriptions import FitDescription
from grader.probe.keras import callbacks, native_fit
from grader.probe.keras.describe import describe_compile, describe_model, plain
from grader.probe.keras.model_state import are_weights_touched, mark_fitted, state_of
from grader.probe.keras.objects import History, Model
from grader.probe.link import Link
from grader.probe.messages import ArraysSent, FitAsked, FitDone, FitHere, FitUnavailable, Send
from grader.probe.rows import TRAIN_ONE_IN, VALIDATION_ONE_IN, as_array, digest, effort_rows, take_rows
from grader.sandbox.frames import Array

Arguments = dict[str, object]
"""Arguments of Keras' `fit` by name, defaults included."""


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
            return native_fit.fit_here(self._link, self._effort, self._original, model, arguments, str(why))

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
    split, given = native_fit.number(arguments.get("validation_split")), arguments.get("validation_data")
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
    items = callbacks.listed(arguments.get("callbacks"))
    descriptions = [callbacks.describe_callback(item, model, epochs) for item in items]
    return FitDescription(
        batch_size=native_fit.whole(arguments.get("batch_size")) or 32,
        epochs=epochs,
        initial_epoch=native_fit.whole(arguments.get("initial_epoch")),
        shuffle=bool(arguments.get("shuffle", True)),
        verbose=native_fit.verbosity(arguments.get("verbose")),
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
    start = [np.ascontiguousarray(weight) for weight in model.get_weights()]
    if state_of(model).same_optimizer:
        start += [np.ascontiguousarray(np.array(variable)) for variable in model.optimizer.variables]
    return start


def _take_over(model: Model, answer: FitDone, arrays: list[Array], arguments: Arguments) -> History:
    """Leave the model as if it had trained here, and print what Keras would have printed."""
    count = len(model.weights)
    model.set_weights(arrays[:count])
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
    record.history = callbacks.HistoryTable(history)
    first, epochs = native_fit.whole(arguments.get("initial_epoch")), len(next(iter(history.values()), []))
    record.epoch = list(range(first, first + epochs))
    record.params = {"verbose": arguments.get("verbose"), "epochs": arguments["epochs"], "steps": answer.steps}
    model.history = record
    callbacks.finish(arguments.get("callbacks"), model, history)
    if arguments.get("verbose") not in (0, None, False):
        _print_log(answer, native_fit.whole(arguments["epochs"]))
    finished: History = record
    return finished


def _print_log(answer: FitDone, epochs: int) -> None:
    for at, seconds in enumerate(answer.seconds):
        metrics = " - ".join(f"{name}: {values[at]:.4f}" for name, values in answer.history.items())
        print(f"Epoch {at + 1}/{epochs}")
        step = seconds * 1000 / max(answer.steps, 1)
        print(f"{answer.steps}/{answer.steps} - {seconds:.0f}s - {step:.0f}ms/step - {metrics}")
