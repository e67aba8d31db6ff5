"""The training engine: a whole epoch as one TensorFlow graph over data on the device, in an order of our own.

Keras' own `fit` on TensorFlow repeats one batch order in every epoch under a global seed, and pays Python for each
step. Here each epoch draws a new permutation from a seeded generator, and Keras' public `train_step` and `test_step`
run inside one `tf.function`, so that losses, regularisers, metrics and optimizers mean what they mean in Keras.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[Any]


class Engine:
    """One compiled model with its epoch graphs. The same engine serves every replica of a training."""

    def __init__(self, build: Callable[[], Any], compile_model: Callable[[Any], None]) -> None:
        self._build = build
        self._compile = compile_model
        self.model: Any = None
        self._fresh_optimizer: list[Array] = []

    def reset(self, seed: int, sample: tuple[Any, ...]) -> None:
        """Fresh weights and optimizer drawn from `seed`. `sample` is one batch, for building."""
        keras.utils.set_random_seed(seed)
        fresh = self._build()
        if self.model is None:
            self._compile(fresh)
            fresh.optimizer.build(fresh.trainable_variables)
            fresh._symbolic_build(data_batch=sample)
            self.model = fresh
            self._fresh_optimizer = [np.array(variable) for variable in fresh.optimizer.variables]
            self._epoch, self._validate = _graphs(fresh, sample)
            return
        for old, new in zip(self.model.variables, fresh.variables, strict=True):
            old.assign(new)
        for variable, value in zip(self.model.optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)
        self.model.stop_training = False

    def train_epoch(self, data: tuple[Any, ...], order: Array, batch_size: int) -> dict[str, float]:
        """Metrics of one pass over `data` in `order` (row indices)."""
        self.model.reset_metrics()
        whole = len(order) // batch_size * batch_size
        if whole:
            self._epoch(data, tf.constant(order[:whole].reshape(-1, batch_size)))
        if whole < len(order):
            self._epoch(data, tf.constant(order[None, whole:]))
        return self._metrics()

    def validate(self, data: tuple[Any, ...], at_once: int) -> dict[str, float]:
        """Metrics on `data`, `at_once` rows after another, under Keras' `val_` names."""
        self.model.reset_metrics()
        for part in _parts(data, at_once):
            self._validate(part)
        return {f"val_{name}": value for name, value in self._metrics().items()}

    def _metrics(self) -> dict[str, float]:
        return {name: float(value) for name, value in self.model.get_metrics_result().items()}


def predictions(model: Any, x: Array, at_once: int) -> Array:
    """Outputs of `model` for all rows of `x`, `at_once` after another."""
    return np.concatenate([np.array(model(part[0], training=False)) for part in _parts((tf.constant(x),), at_once)])


def _graphs(model: Any, sample: tuple[Any, ...]) -> tuple[Any, Any]:
    """(one pass over batches of row indices, one validation step), as graphs traced once for any number of rows.

    Without AutoGraph: Keras' steps need no conversion, which costs more than tracing and leaves files behind.
    """

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def epoch(data: tuple[Any, ...], batches: Any) -> None:
        def step(at: Any) -> tuple[Any]:
            rows = batches[at]
            model.train_step(tuple(tf.gather(part, rows) for part in data))
            return (at + 1,)

        count = tf.shape(batches)[0]
        tf.while_loop(lambda at: at < count, step, (tf.constant(0),), parallel_iterations=1)

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def validate(data: tuple[Any, ...]) -> None:
        model.test_step(data)

    rows = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in sample)
    order = tf.TensorSpec((None, None), tf.int32)
    return epoch.get_concrete_function(rows, order), validate


def _parts(data: tuple[Any, ...], at_once: int) -> list[tuple[Any, ...]]:
    rows = int(data[0].shape[0])
    return [tuple(part[at : at + at_once] for part in data) for at in range(0, rows, at_once)]


def run_epochs(
    engine: Engine,
    fit: Mapping[str, Any],
    train: tuple[Any, ...],
    validation: tuple[Any, ...] | None,
    callbacks: list[Any],
    seed: int,
    tell: Callable[[int, dict[str, float]], None],
    deadline: float,
    at_once: int,
) -> tuple[dict[str, list[float]], list[float]]:
    """(history, seconds per epoch) of a training.

    `tell(epoch, metrics)` is called after each epoch, counted from 1. Raises `TimeoutError` past `deadline`
    (`time.monotonic` seconds). Validation takes `at_once` rows after another.
    """
    order = np.random.default_rng(seed)
    rows = int(train[0].shape[0])
    chain = keras.callbacks.CallbackList(callbacks, add_history=False, add_progbar=False, model=engine.model)
    history: dict[str, list[float]] = {}
    seconds: list[float] = []
    chain.on_train_begin()
    for epoch in range(fit["initial_epoch"], fit["epochs"]):
        started = time.perf_counter()
        chain.on_epoch_begin(epoch)
        indices = order.permutation(rows) if fit["shuffle"] else np.arange(rows)
        metrics = engine.train_epoch(train, indices.astype(np.int32), fit["batch_size"])
        if validation is not None:
            metrics |= engine.validate(validation, at_once)
        chain.on_epoch_end(epoch, metrics)
        for name, value in metrics.items():
            history.setdefault(name, []).append(float(value))
        seconds.append(time.perf_counter() - started)
        tell(epoch + 1, metrics)
        if engine.model.stop_training:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"it passed its limit of time in epoch {epoch + 1} of {fit['epochs']}")
    chain.on_train_end()
    return history, seconds
