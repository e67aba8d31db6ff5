"""The trainer's process: trains and scores what the host asks for, and knows nothing of submissions or rubrics.

Messages in: `data` (an array under its digest), `train`, `score`. Messages out: `ready`, `epoch`, `trained`, `scored`,
`missing` (data that were let go and are to be sent again), `failed`.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from grader.sandbox.frames import Channel
from grader.training import assembly
from grader.training.engine import Engine, predictions, run_epochs
from grader.training.plain import canonical_digest

_DATA_BYTES = 3 << 30
_ENGINES = 2

Array = NDArray[Any]


class _Worker:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.data: OrderedDict[str, Array] = OrderedDict()
        self.engines: OrderedDict[str, Engine] = OrderedDict()

    def keep(self, digest: str, array: Array) -> None:
        self.data[digest] = array
        while sum(item.nbytes for item in self.data.values()) > _DATA_BYTES and len(self.data) > 1:
            self.data.popitem(last=False)

    def engine(self, spec: Mapping[str, Any], shape: tuple[int, ...]) -> Engine:
        name = canonical_digest([spec["architecture"], spec["compile"], list(shape)])
        if name not in self.engines:
            self.engines[name] = Engine(
                assembly.model_builder(spec["architecture"]), assembly.compiler(spec["compile"])
            )
            while len(self.engines) > _ENGINES:
                self.engines.popitem(last=False)
        return self.engines[name]

    def train(self, request: Mapping[str, Any], start: list[Array]) -> None:
        spec, seed, at_once = request["spec"], request["seed"], request["rows_at_once"]
        digests = spec["data"]
        x, y = self.data[digests["x"]], self.data[digests["y"]]
        train: tuple[Any, ...] = (tf.constant(x), tf.constant(y))
        if spec["fit"]["class_weight"]:
            train += (tf.constant(_row_weights(y, spec["fit"]["class_weight"])),)
        validation = None
        if digests["validation_x"]:
            validation = tuple(tf.constant(self.data[digests[name]]) for name in ("validation_x", "validation_y"))
        engine = self.engine(spec, (len(train), *x.shape[1:], *y.shape[1:]))
        engine.reset(seed, tuple(part[: spec["fit"]["batch_size"]] for part in train))
        _continue(engine.model, start)
        history, seconds = run_epochs(
            engine,
            spec["fit"],
            train,
            validation,
            assembly.callbacks(spec["fit"]["callbacks"]),
            seed,
            lambda epoch, metrics: self.channel.send({"type": "epoch", "epoch": epoch, "metrics": dict(metrics)}),
            time.monotonic() + request["limit"],
            at_once,
        )
        score = self.score(lambda rows: predictions(engine.model, rows, at_once), spec, y.shape[1:])
        weights = engine.model.get_weights()
        optimizer = [np.array(variable) for variable in engine.model.optimizer.variables]
        reply = {"type": "trained", "history": history, "seconds": seconds, "score": score, "weights": len(weights)}
        self.channel.send(reply, [np.asarray(array) for array in weights + optimizer])

    def score(
        self, predict: Callable[[Array], Array], spec: Mapping[str, Any], label_shape: Sequence[int]
    ) -> dict[str, float | None] | None:
        """Accuracy and loss on the data set's own test rows; `None` without them or without one output per class."""
        digest = spec["data"]["test_x"]
        if not digest:
            return None
        labels = self.data[spec["data"]["test_y"]].reshape(-1).astype(np.int64)
        outputs = predict(self.data[digest])
        if outputs.ndim != 2 or outputs.shape[1] <= labels.max():
            return None
        one_hot = tuple(label_shape) == outputs.shape[1:]
        truth = np.eye(outputs.shape[1], dtype=np.float32)[labels] if one_hot else labels
        if spec["compile"]["loss"] is None:
            return {"accuracy": float(np.mean(outputs.argmax(axis=1) == labels)), "loss": None}
        try:
            loss = float(assembly.loss(spec["compile"]["loss"])(truth, outputs))
        except (ValueError, TypeError, tf.errors.OpError):
            loss = float("nan")
        return {"accuracy": float(np.mean(outputs.argmax(axis=1) == labels)), "loss": loss}

    def score_weights(self, request: Mapping[str, Any], weights: list[Array]) -> None:
        """Score weights that were trained elsewhere."""
        spec = request["spec"]
        model = assembly.model_builder(spec["architecture"])()
        model.set_weights(weights)
        score = self.score(lambda x: predictions(model, x, request["rows_at_once"]), spec, spec["label_shape"])
        self.channel.send({"type": "scored", "score": score})


def _row_weights(y: Array, weights: Mapping[str, float]) -> Array:
    classes = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    return np.array([weights.get(str(int(label)), 1.0) for label in classes], dtype=np.float32)


def _continue(model: Any, start: list[Array]) -> None:
    """Put the weights, and the optimizer's variables where they fit, that a training goes on from."""
    if not start:
        return
    count = len(model.weights)
    model.set_weights(start[:count])
    state = start[count:]
    if len(state) == len(model.optimizer.variables):
        for variable, value in zip(model.optimizer.variables, state, strict=True):
            if tuple(variable.shape) == value.shape:
                variable.assign(value)


def main(channel: Channel, threads: int = 2) -> None:
    """Serve training requests until the host hangs up."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # Where the machine's memory runs out, this process is to go, and not labgrade.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(0)
    device = "cpu"
    if gpus:
        device = str(tf.config.experimental.get_device_details(gpus[0]).get("device_name") or "gpu")
    channel.send({"type": "ready", "device": device})
    worker = _Worker(channel)
    while True:
        try:
            header, arrays = channel.receive()
        except EOFError:
            return
        _serve(worker, header, arrays)


def _serve(worker: _Worker, header: Mapping[str, Any], arrays: list[Array]) -> None:
    if header["type"] == "data":
        worker.keep(header["digest"], arrays[0])
        return
    missing = [digest for digest in header["spec"]["data"].values() if digest and digest not in worker.data]
    if missing:
        worker.channel.send({"type": "missing", "digests": missing})
        return
    try:
        if header["type"] == "score":
            worker.score_weights(header, arrays)
        else:
            worker.train(header, arrays)
    except (MemoryError, TimeoutError, tf.errors.ResourceExhaustedError) as error:
        worker.engines.clear()
        worker.channel.send({"type": "failed", "fault": "limit", "message": f"{error}"[:500]})
    except OSError:  # the channel's own: the host is gone
        raise
    except Exception as error:  # whatever Keras makes of odd arguments: the next training is to find a trainer
        worker.engines.clear()
        worker.channel.send({"type": "failed", "fault": "model", "message": f"{type(error).__name__}: {error}"[:500]})
