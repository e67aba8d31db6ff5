"""`model.fit`: ask the host to train, or train here when it cannot be asked."""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from grader.recorder.probe.data import as_array, chosen, digest
from grader.recorder.probe.link import Link
from grader.recorder.probe.rows import TRAIN_ONE_IN, VALIDATION_ONE_IN, kept_rows
from grader.recorder.probe.training import callbacks, describe, native
from grader.recorder.probe.training.tracking import forget_steps, state_of, touch, weights_touched

Array = NDArray[Any]


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
    kind: str = "none"
    split: float = 0.0
    parts: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parts = [self.x, self.y, *(self.validation or ())]


class Fitting:
    """Answers `fit` with the host's training, or trains in the sandbox."""

    def __init__(self, link: Link, effort: str, original: Any) -> None:
        self._link = link
        self._effort = effort
        self._original = original
        self._signature = inspect.signature(original)

    def fit(self, model: Any, x: Any, y: Any, batch_size: Any, epochs: Any, **more: Any) -> Any:
        """What Keras' `fit` would return."""
        bound = self._signature.bind(model, x, y, batch_size=batch_size, epochs=epochs, **more)
        bound.apply_defaults()
        arguments = {key: value for key, value in bound.arguments.items() if key != "self"}
        try:
            return self._asked(model, arguments)
        except _NotAskableError as why:
            return native.fit(self._link, self._effort, self._original, model, arguments, str(why))

    def _asked(self, model: Any, arguments: dict[str, Any]) -> Any:
        state = state_of(model)
        if not state.compiled:
            raise _NotAskableError("the model was not compiled")
        request = _request(arguments, self._effort)
        fit = _fit_arguments(model, arguments, request)
        _build(model, request.x)
        start = _start(model)
        header = {
            "type": "fit",
            "model": state.id,
            "description": describe.model_description(model),
            "compile": describe.compile_description(model, state.loss, state.metrics),
            "fit": fit,
            "rows": request.rows,
            "validation_rows": request.validation_rows,
            "digests": [digest(part) for part in request.parts],
            "start": len(start),
        }
        started = time.time()
        answer, arrays = self._link.ask(header)
        if answer["type"] == "send":
            answer, arrays = self._link.ask({"type": "arrays"}, [*request.parts, *start])
        if answer["type"] == "unavailable":
            raise RuntimeError(answer["why"])
        if answer["type"] == "native":
            raise _NotAskableError(answer["why"])
        return _answered(model, answer, arrays, arguments, time.time() - started)


def _request(arguments: dict[str, Any], effort: str) -> _Request:
    for name in ("sample_weight", "steps_per_epoch", "validation_steps"):
        if arguments.get(name) is not None:
            raise _NotAskableError(f"fit was given {name}")
    if arguments.get("validation_freq", 1) != 1:
        raise _NotAskableError("fit was given validation_freq")
    x, y = as_array(arguments["x"]), as_array(arguments["y"])
    if x is None or y is None or len(x) != len(y) or len(x) == 0:
        raise _NotAskableError(f"the training data are {_kind(arguments['x'])}, not one plain array with labels")
    split, given = float(arguments.get("validation_split") or 0.0), arguments.get("validation_data")
    validation, kind = None, "none"
    if given is not None:
        validation, kind, split = _validation(given), "data", 0.0
    elif 0.0 < split < 1.0:
        at = int(np.floor(len(x) * (1.0 - split)))
        validation, kind = (x[at:], y[at:]), "split"
        x, y = x[:at], y[:at]
    rows = kept_rows(len(x), TRAIN_ONE_IN[effort])
    held, held_rows = None, 0
    if validation is not None:
        held_rows = len(validation[0])
        kept = kept_rows(held_rows, VALIDATION_ONE_IN[effort])
        held = (chosen(validation[0], kept), chosen(validation[1], kept))
    return _Request(chosen(x, rows), chosen(y, rows), len(x), held, held_rows, kind, split)


def _validation(given: Any) -> tuple[Array, Array]:
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise _NotAskableError(f"the validation data are {_kind(given)}, not a pair of arrays")
    x, y = as_array(given[0]), as_array(given[1])
    if x is None or y is None or len(x) != len(y) or len(x) == 0:
        raise _NotAskableError("the validation data are not a pair of arrays of equal length")
    return x, y


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}" if value is not None else "absent"


def _fit_arguments(model: Any, arguments: dict[str, Any], request: _Request) -> dict[str, Any]:
    verbose = arguments.get("verbose")
    items = arguments.get("callbacks") or []
    items = items if isinstance(items, list | tuple) else [items]
    described = [callbacks.described(item, model, int(arguments["epochs"])) for item in items]
    return {
        "batch_size": int(arguments.get("batch_size") or 32),
        "epochs": int(arguments["epochs"]),
        "initial_epoch": int(arguments.get("initial_epoch") or 0),
        "shuffle": bool(arguments.get("shuffle", True)),
        "verbose": 1 if verbose in ("auto", True) else int(verbose or 0),
        "validation": request.kind,
        "validation_split": request.split,
        "callbacks": [item for item in described if item is not None],
        "class_weight": describe.plain(arguments.get("class_weight")),
    }


def _build(model: Any, x: Array) -> None:
    if not model.built:
        try:
            model.build((None, *x.shape[1:]))
        except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
            raise _NotAskableError(f"the model could not be built for its data ({type(error).__name__})") from None


def _start(model: Any) -> list[Array]:
    """The weights, and the optimizer's variables where it goes on, that a continued training begins with."""
    if not weights_touched(model):
        return []
    start = [np.ascontiguousarray(weight) for weight in model.get_weights()]
    if state_of(model).same_optimizer:
        start += [np.ascontiguousarray(np.array(variable)) for variable in model.optimizer.variables]
    return start


def _answered(
    model: Any, answer: dict[str, Any], arrays: list[Array], arguments: dict[str, Any], seconds: float
) -> Any:
    """Leave the model as if it had trained here, and print what Keras would have printed."""
    state = state_of(model)
    count = len(model.weights)
    model.set_weights(arrays[:count])
    optimizer = arrays[count:]
    model.optimizer.build(model.trainable_variables)
    if len(optimizer) == len(model.optimizer.variables):
        for variable, value in zip(model.optimizer.variables, optimizer, strict=True):
            variable.assign(value)
    for weight in model.weights:
        touch(weight)
    forget_steps(model)
    state.trained, state.same_optimizer = answer["seq"], True
    record = keras.callbacks.History()
    record.set_model(model)
    record.history = callbacks.HistoryTable(answer["history"])
    epochs = len(next(iter(answer["history"].values()), []))
    record.epoch = list(
        range(int(arguments.get("initial_epoch") or 0), int(arguments.get("initial_epoch") or 0) + epochs)
    )
    record.params = {"verbose": arguments.get("verbose"), "epochs": arguments["epochs"], "steps": answer["steps"]}
    model.history = record
    callbacks.finish(arguments.get("callbacks") or [], model, answer["history"])
    if arguments.get("verbose") not in (0, None, False):
        _print_log(answer, int(arguments["epochs"]))
    return record


def _print_log(answer: dict[str, Any], epochs: int) -> None:
    for at, seconds in enumerate(answer["seconds"]):
        metrics = " - ".join(f"{name}: {values[at]:.4f}" for name, values in answer["history"].items())
        steps = answer["steps"]
        print(f"Epoch {at + 1}/{epochs}")
        print(f"{steps}/{steps} - {seconds:.0f}s - {seconds * 1000 / max(steps, 1):.0f}ms/step - {metrics}")
