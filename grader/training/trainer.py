"""The trainer's process: trains and scores what the host asks for, and knows nothing of submissions or rubrics.

It holds arrays and answers requests; what trains is the framework that a request names. `trainer_contract.py` says what
both look like. A fault of one model must leave a process that trains the next.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, cast

import numpy as np

from grader.facts.keras import ACCURACY, LOSS
from grader.records import Array
from grader.sandbox.frames import Channel
from grader.training.spec import DEFAULT_FRAMEWORK, LossConfig
from grader.training.trainer_contract import Data, Framework, Reply, Request, ScoreWeights, Task, Train, TrainedModel

_DATA_BYTES = 3 << 30
"""Of all arrays held: as much as the host's own pool, which sends them again where one was let go."""
_MESSAGE_LETTERS = 500
_FIRST_TO_GO = "800"
"""Of at most 1,000: where the machine's memory runs out, this process is to go, and not labgrade."""


def _keras() -> Framework:
    from grader.training.keras.engine import KerasFramework  # takes seconds to load outside the warm image

    return KerasFramework()


_FRAMEWORKS: dict[str, Callable[[], Framework]] = {DEFAULT_FRAMEWORK: _keras}


def main(channel: Channel, threads: int = 2) -> None:
    """Serve training requests until the host hangs up."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    trainer = _Trainer(channel, threads)
    device = trainer.start(DEFAULT_FRAMEWORK)
    channel.send({"type": "ready", "device": device})
    while True:
        try:
            header, arrays = channel.receive()
        except EOFError:
            return
        trainer.serve(cast("Data | Request", header), arrays)


class _Trainer:
    def __init__(self, channel: Channel, threads: int) -> None:
        self._channel = channel
        self._threads = threads
        self._data: OrderedDict[str, Array] = OrderedDict()
        self._frameworks: dict[str, Framework] = {}

    def start(self, framework: str) -> str:
        """Start `framework`; the device it trains on."""
        started = _FRAMEWORKS[framework]()
        device = started.start(self._threads)
        self._frameworks[framework] = started
        return device

    def serve(self, request: Data | Request, arrays: list[Array]) -> None:
        """Do what `request` asks, and answer it."""
        if request["type"] == "data":
            self._keep(request["digest"], arrays[0])
            return
        missing = [digest for digest in request["data"].values() if digest and digest not in self._data]
        if missing:
            self._send({"type": "missing", "digests": missing})
            return
        try:
            if request["type"] == "score":
                self._score_weights(request, arrays)
            else:
                self._train(request, arrays)
        except (MemoryError, TimeoutError) as error:
            self._fail("limit", f"{error}")
        except OSError:  # the channel's own: the host is gone
            raise
        except Exception as error:  # whatever a framework makes of odd arguments: the next one is to find a trainer
            self._fail("model", f"{type(error).__name__}: {error}")

    def _keep(self, digest: str, array: Array) -> None:
        self._data[digest] = array
        while sum(item.nbytes for item in self._data.values()) > _DATA_BYTES and len(self._data) > 1:
            self._data.popitem(last=False)

    def _fail(self, fault: Literal["limit", "model"], message: str) -> None:
        for framework in self._frameworks.values():
            framework.forget()
        self._send({"type": "failed", "fault": fault, "message": message[:_MESSAGE_LETTERS]})

    def _send(self, reply: Reply, arrays: Sequence[Array] = ()) -> None:
        self._channel.send(dict(reply), arrays)

    def _framework(self, name: str) -> Framework:
        if name not in self._frameworks:
            self.start(name)
        return self._frameworks[name]

    def _array(self, request: Request, name: str) -> Array | None:
        digest = request["data"].get(name)
        return self._data[digest] if digest else None

    def _train(self, request: Train, start: list[Array]) -> None:
        framework, fit = self._framework(request["framework"]), request["fit"]
        x, y = self._array(request, "x"), self._array(request, "y")
        assert x is not None
        assert y is not None
        validation_x, validation_y = self._array(request, "validation_x"), self._array(request, "validation_y")
        task = Task(
            architecture=request["architecture"],
            compile=request["compile"],
            fit=fit,
            x=x,
            y=y,
            row_weights=_row_weights(y, fit["class_weight"]) if fit["class_weight"] else None,
            validation=None if validation_x is None or validation_y is None else (validation_x, validation_y),
            start=start,
            seed=request["seed"],
            deadline=time.monotonic() + request["limit"],
            rows_at_once=request["rows_at_once"],
        )
        model, history, seconds = framework.train(
            task, lambda epoch, metrics: self._send({"type": "epoch", "epoch": epoch, "metrics": dict(metrics)})
        )
        found = self._score(framework, model, request, request["compile"]["loss"], y.shape[1:])
        weights, optimizer = model.weights(), model.optimizer()
        self._send(
            {"type": "trained", "history": history, "seconds": seconds, "score": found, "weights": len(weights)},
            [*weights, *optimizer],
        )

    def _score_weights(self, request: ScoreWeights, weights: list[Array]) -> None:
        """Score weights that were trained elsewhere."""
        framework = self._framework(request["framework"])
        model = framework.model(request["architecture"], weights, request["rows_at_once"])
        found = self._score(framework, model, request, request["loss"], tuple(request["label_shape"]))
        self._send({"type": "scored", "score": found})

    def _score(
        self,
        framework: Framework,
        model: TrainedModel,
        request: Request,
        loss: LossConfig | None,
        label_shape: tuple[int, ...],
    ) -> dict[str, float] | None:
        """Metrics, and the loss where it is known, on the data set's own test rows; `None` where there are none, or
        where outputs and targets do not fit together. `label_shape` is that of one target as the student gave it."""
        rows, targets = self._array(request, "test_x"), self._array(request, "test_y")
        if rows is None or targets is None:
            return None
        outputs = model.predict(rows)
        found = score(outputs, targets)
        if found is not None and loss is not None:
            found[LOSS] = framework.loss(loss, _as_given(targets, outputs, label_shape), outputs)
        return found


def score(outputs: Array, targets: Array) -> dict[str, float] | None:
    """Metric -> value of `outputs` (n, ...) against `targets` (n, ...); `None` where the two do not fit together.

    Whole-number targets (n,) or (n, 1) are class numbers and want one output a class: `accuracy` is the share of rows
    whose arg-max output is the class. Other targets are numbers, and want as many outputs: `mae`, `mse` and `rmse` over
    all of them.
    """
    return _class_score(outputs, targets) if are_classes(targets) else _number_score(outputs, targets)


def are_classes(targets: Array) -> bool:
    """Whether targets (n, ...) are class numbers: one whole number a row."""
    return targets.dtype.kind in "iub" and targets.size == len(targets)


def _class_score(outputs: Array, targets: Array) -> dict[str, float] | None:
    classes = targets.reshape(-1).astype(np.int64)
    if outputs.ndim != 2 or not len(classes) or outputs.shape[1] <= classes.max():
        return None
    return {ACCURACY: float(np.mean(outputs.argmax(axis=1) == classes))}


def _number_score(outputs: Array, targets: Array) -> dict[str, float] | None:
    # Rows of one number come as (n,) from one side and as (n, 1) from the other: both are flattened a row.
    if not len(targets) or len(outputs) != len(targets) or outputs.size != targets.size:
        return None
    given = outputs.reshape(len(outputs), -1).astype(np.float64)
    errors = given - targets.reshape(len(targets), -1).astype(np.float64)
    squared = float(np.mean(errors**2))
    return {"mae": float(np.mean(np.abs(errors))), "mse": squared, "rmse": squared**0.5}


def _as_given(targets: Array, outputs: Array, label_shape: tuple[int, ...]) -> Array:
    """`targets` in the form that the student's loss expects: one-hot where the student's own were, and numbers in the
    shape of the outputs, as a loss of (n,) against (n, 1) would pair each with every other."""
    if not are_classes(targets):
        return targets.reshape(outputs.shape)
    classes = targets.reshape(-1).astype(np.int64)
    one_hot = label_shape == outputs.shape[1:]
    return np.eye(outputs.shape[1], dtype=np.float32)[classes] if one_hot else classes


def _row_weights(y: Array, weights: Mapping[str, float]) -> Array:
    """(rows,) float32: the weight of each row's class; 1 for a class without one."""
    classes = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    return np.array([weights.get(str(int(label)), 1.0) for label in classes], dtype=np.float32)
