"""The training engine: Keras objects made from canonical configuration, and a whole epoch as one TensorFlow graph over
data on the device, in an order of our own.

It runs in the trainer only, on configuration that the host has checked. Keras' own `fit` on TensorFlow repeats one
batch order in every epoch under a global seed, and pays Python for each step. Here each epoch draws a new permutation
from a seeded generator, and Keras' public `train_step` and `test_step` run inside one `tf.function`, so that losses,
regularisers, metrics and optimizers mean what they mean in Keras.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias, cast

import keras
import numpy as np
import tensorflow as tf

from grader.facts.keras import LOSSES, VALIDATION
from grader.records import Array
from grader.training.spec import (
    CompileConfig,
    Configuration,
    FitConfig,
    LossConfig,
    ObjectConfig,
    array_digest,
    canonical_digest,
    is_adapted,
)
from grader.training.trainer_contract import Task, Tell

Model: TypeAlias = keras.Model
Build: TypeAlias = Callable[[], Model]
Compile: TypeAlias = Callable[[Model], None]
Tensors: TypeAlias = tuple[tf.Tensor, ...]
"""Rows, targets, and where there are any the weights of the rows: one entry a row in each."""

_Graph: TypeAlias = Callable[..., None]

_ENGINES = 2
"""Models with traced graphs that are held: the replicas of one come one after another, and two may take turns."""


class Engine:
    """One compiled model with its epoch graphs. The same engine serves every replica of a training."""

    def __init__(self, build: Build, compile_model: Compile) -> None:
        self._build = build
        self._compile = compile_model
        self.model: Model = None
        self._fresh_optimizer: list[Array] = []

    def reset(self, seed: int, sample: Tensors, start: Sequence[Array] = ()) -> None:
        """Fresh weights and optimizer drawn from `seed`. `sample` is one batch, for building.

        `start` are the weights that the training goes on from: a layer that was adapted to data computes with
        constants of its own, which stand in the graph as it is traced.
        """
        keras.utils.set_random_seed(seed)
        fresh = self._build()
        if self.model is None:
            self._compile(fresh)
            fresh.optimizer.build(fresh.trainable_variables)
            fresh._symbolic_build(data_batch=sample)
            _set_state(fresh, start)
            self.model = fresh
            self._fresh_optimizer = [np.array(variable) for variable in fresh.optimizer.variables]
            self._epoch, self._validate = _graphs(fresh, sample)
            return
        for old, new in zip(self.model.variables, fresh.variables, strict=True):
            old.assign(new)
        for variable, value in zip(self.model.optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)
        self.model.stop_training = False

    def train_epoch(self, data: Tensors, order: Array, batch_size: int) -> dict[str, float]:
        """Metrics of one pass over `data` in `order` (row indices)."""
        self.model.reset_metrics()
        whole = len(order) // batch_size * batch_size
        if whole:
            self._epoch(data, tf.constant(order[:whole].reshape(-1, batch_size)))
        if whole < len(order):
            self._epoch(data, tf.constant(order[None, whole:]))
        return self._metrics()

    def validate(self, data: Tensors, at_once: int) -> dict[str, float]:
        """Metrics on `data`, `at_once` rows after another, under Keras' `val_` names."""
        self.model.reset_metrics()
        for part in _parts(data, at_once):
            self._validate(part)
        return {VALIDATION + name: value for name, value in self._metrics().items()}

    def _metrics(self) -> dict[str, float]:
        return {name: float(value) for name, value in self.model.get_metrics_result().items()}


def _predictions(model: Model, x: Array, at_once: int) -> Array:
    """Outputs of `model` for all rows of `x`, `at_once` after another."""
    return np.concatenate([np.array(model(part[0], training=False)) for part in _parts((tf.constant(x),), at_once)])


def _graphs(model: Model, sample: Tensors) -> tuple[_Graph, _Graph]:
    """(one pass over batches of row indices, one validation step), as graphs traced once for any number of rows.

    Without AutoGraph: Keras' steps need no conversion, which costs more than tracing and leaves files behind.
    """

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def epoch(data: Tensors, batches: tf.Tensor) -> None:
        def step(at: tf.Tensor) -> Tensors:
            rows = batches[at]
            model.train_step(tuple(tf.gather(part, rows) for part in data))
            return (at + 1,)

        count = tf.shape(batches)[0]
        tf.while_loop(lambda at: at < count, step, (tf.constant(0),), parallel_iterations=1)

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def validate(data: Tensors) -> None:
        model.test_step(data)

    rows = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in sample)
    order = tf.TensorSpec((None, None), tf.int32)
    return epoch.get_concrete_function(rows, order), validate


def _parts(data: Tensors, at_once: int) -> list[Tensors]:
    rows = int(data[0].shape[0])
    return [tuple(part[at : at + at_once] for part in data) for at in range(0, rows, at_once)]


def run_epochs(
    engine: Engine,
    fit: FitConfig,
    train: Tensors,
    validation: Tensors | None,
    callbacks: list[keras.callbacks.Callback],
    seed: int,
    tell: Tell,
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


@contextmanager
def _device_memory() -> Iterator[None]:
    """What TensorFlow raises where the device's memory did not do is a `MemoryError`, as on any framework."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(str(error)) from error


class KerasModel:
    """A Keras model with its weights, as the trainer asks it."""

    def __init__(self, model: Model, rows_at_once: int, trained: bool) -> None:
        self._model = model
        self._rows_at_once = rows_at_once
        self._trained = trained

    def predict(self, rows: Array) -> Array:
        """The model's outputs (n, *output) for `rows` (n, *example)."""
        with _device_memory():
            return _predictions(self._model, rows, self._rows_at_once)

    def weights(self) -> list[Array]:
        """All weights, in the order of Keras' `get_weights`."""
        return [np.asarray(array) for array in self._model.get_weights()]

    def optimizer(self) -> list[Array]:
        """The optimizer's variables in its own order; empty for a model that was not trained here."""
        return [np.array(variable) for variable in self._model.optimizer.variables] if self._trained else []


class KerasFramework:
    """Keras on TensorFlow in the trainer's process (`grader/training/trainer_contract.py` says what is asked of it)."""

    def __init__(self) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()

    def start(self, threads: int) -> str:
        """Set up `threads` threads and determinism; the device: `cpu`, or the GPU's name."""
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        gpus = tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.experimental.enable_op_determinism()
        keras.utils.set_random_seed(0)
        if not gpus:
            return "cpu"
        return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name") or "gpu")

    def train(self, task: Task, tell: Tell) -> tuple[KerasModel, dict[str, list[float]], list[float]]:
        """(model, history by metric, wall seconds per epoch) of `task`.

        Raises `TimeoutError` past its deadline, `MemoryError` where the device's memory did not do, and whatever Keras
        raises over odd arguments.
        """
        parts = [task.x, task.y] if task.row_weights is None else [task.x, task.y, task.row_weights]
        with _device_memory():
            train = tuple(tf.constant(part) for part in parts)
            validation = tuple(tf.constant(part) for part in task.validation) if task.validation else None
        engine = self._engine(task, (len(train), *task.x.shape[1:], *task.y.shape[1:]))
        with _device_memory():
            engine.reset(task.seed, tuple(part[: task.fit["batch_size"]] for part in train), task.start)
            _set_state(engine.model, task.start)
            callbacks = _callbacks(task.fit["callbacks"])
            history, seconds = run_epochs(
                engine, task.fit, train, validation, callbacks, task.seed, tell, task.deadline, task.rows_at_once
            )
        return KerasModel(engine.model, task.rows_at_once, trained=True), history, seconds

    def _engine(self, task: Task, shape: tuple[int, ...]) -> Engine:
        """The engine of the task's model on arrays of that `shape`, traced before if it was asked for lately."""
        adapted = [array_digest(array) for array in task.start] if is_adapted(task.architecture) else []
        name = canonical_digest([task.architecture, task.compile, list(shape), *adapted])
        if name not in self._engines:
            self._engines[name] = Engine(_model_builder(task.architecture), _compiler(task.compile))
            while len(self._engines) > _ENGINES:
                self._engines.popitem(last=False)
        return self._engines[name]

    def model(self, architecture: Configuration, weights: Sequence[Array], rows_at_once: int) -> KerasModel:
        """The model of `architecture` with `weights` that came from elsewhere."""
        with _device_memory():
            model = _model_builder(architecture)()
            model.set_weights(weights)
            _finalize(model)
        return KerasModel(model, rows_at_once, trained=False)

    def loss(self, loss: LossConfig, targets: Array, outputs: Array) -> float:
        """The mean loss of `outputs` against `targets`; NaN where the two do not fit together."""
        try:
            return float(_loss(loss)(targets, outputs))
        except (ValueError, TypeError, tf.errors.OpError):
            return float("nan")

    def forget(self) -> None:
        """Let go of every model held."""
        self._engines.clear()


def _set_state(model: Model, start: Sequence[Array]) -> None:
    """Put the weights, and the optimizer's variables where they fit, that a training goes on from."""
    if not start:
        return
    count = len(model.weights)
    model.set_weights(start[:count])
    _finalize(model)
    state = start[count:]
    if len(state) == len(model.optimizer.variables):
        for variable, value in zip(model.optimizer.variables, state, strict=True):
            if tuple(variable.shape) == value.shape:
                variable.assign(value)


def _finalize(model: Model) -> None:
    """Let layers compute with the constants that stand in their weights."""
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def _model_builder(architecture: Configuration) -> Build:
    """A function that builds the model of a canonical architecture with fresh weights."""

    def build() -> Model:
        return keras.saving.deserialize_keras_object(dict(architecture), safe_mode=True)

    return build


def _compiler(arguments: CompileConfig) -> Compile:
    """A function that compiles a model with canonical compile arguments."""

    def compile_model(model: Model) -> None:
        model.compile(
            optimizer=_optimizer(arguments["optimizer"]),
            loss=_loss(arguments["loss"]),
            metrics=[_metric(item) for item in arguments["metrics"]],
            jit_compile=False,
        )

    return compile_model


def _optimizer(item: ObjectConfig) -> keras.optimizers.Optimizer:
    """The optimizer of canonical arguments."""
    config = dict(item["config"])
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        schedule = getattr(keras.optimizers.schedules, rate["class_name"])
        config["learning_rate"] = schedule(**rate["config"])
    return getattr(keras.optimizers, item["class_name"]).from_config(config)


def _loss(item: LossConfig) -> keras.losses.Loss:
    """The loss of canonical arguments."""
    return getattr(keras.losses, LOSSES[item["name"]])(**item["options"])


def _metric(item: str | ObjectConfig) -> str | keras.metrics.Metric:
    if isinstance(item, str):
        return item
    return getattr(keras.metrics, item["class_name"]).from_config(dict(item["config"]))


class _LearningRates(keras.callbacks.Callback):  # type: ignore[misc]
    """A learning rate per epoch, worked out beforehand from a student's schedule."""

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self._rates = rates

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        if epoch < len(self._rates):
            self.model.optimizer.learning_rate = self._rates[epoch]


def _callbacks(items: list[dict[str, object]]) -> list[keras.callbacks.Callback]:
    """The callbacks of canonical fit arguments."""
    made = []
    for item in items:
        arguments = {key: value for key, value in item.items() if key != "class_name"}
        name = cast("str", item["class_name"])
        cls: type[keras.callbacks.Callback] = (
            _LearningRates if name == "LearningRates" else getattr(keras.callbacks, name)
        )
        made.append(cls(**arguments))
    return made
