"""Keras' `Model` methods, wrapped so that they say what they do.

Of `evaluate`, `predict` and `model(x)` the host hears with which weights they were made.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from grader.probe.descriptions import DataReference, FitDescription
from grader.probe.keras import devices
from grader.probe.keras.describe import describe_compile, describe_model
from grader.probe.keras.fitting import Fitting, sendable_weights
from grader.probe.keras.objects import Model, returned_values, row_values, state_of, was_stepped, watch_assignments
from grader.probe.keras.own_functions import made_of_class
from grader.probe.link import Link, patch, show_data
from grader.probe.messages import (
    FitReported,
    Kept,
    ModelCompiled,
    ModelEvaluated,
    ModelPredicted,
    ModelSaved,
    Send,
    SummaryShown,
    WeightsSent,
)
from grader.probe.old_keras import old_modules, old_versions
from grader.probe.old_keras.old_modules import keras_modules
from grader.probe.rows import SEED, Framework, joint_digest
from grader.probe.versions.noting import note_of

_LOOP = "it was trained in a loop of its own code, step by step"
_MAX_METRICS = 40
_MAX_AXES = 8

_inside = threading.local()


def _class_named(name: str) -> object:
    """The layer, optimizer, callback, model or kind of generator that Keras calls so; `None` for any other name."""
    for path in ("layers", "optimizers", "callbacks", "models", "preprocessing.image"):
        for module in keras_modules(path):
            if isinstance(getattr(module, name, None), type):
                return getattr(module, name)
    return None


KERAS = Framework(
    seed=keras.utils.set_random_seed,
    row_values=row_values,
    returned_values=returned_values,
    class_named=_class_named,
)
"""What the parts of the probe that know no framework ask of this one."""


def install(link: Link, effort: str, threads: int) -> None:
    """Make Keras draw alike each time, serve its data sets from the host, let old idioms run, and say what it does.

    `threads` bounds each of its pools; `effort` says which share of the rows trainings see.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)
    devices.install(link)
    fit = keras.Model.fit
    old_modules.install(link)
    old_versions.before_hooks(link)
    _wrap_models(link, effort)
    old_versions.after_hooks(link, fit)


def _wrap_models(link: Link, effort: str) -> None:
    """Wrap `compile`, `fit`, `evaluate`, `predict`, the call, `summary` and what saves, of every Keras model."""
    from keras.src.backend.common.variables import Variable
    from keras.src.optimizers.base_optimizer import BaseOptimizer
    from keras.src.trainers.trainer import Trainer

    watch_assignments(Variable, BaseOptimizer)
    model = keras.Model
    compiling = _compile(link, model.compile)
    # Keras compiles a loaded model only where its class has the compile of this one.
    patch(Trainer, compile=compiling)
    patch(
        model,
        compile=compiling,
        fit=_fit(Fitting(link, effort, model.fit), model.fit),
        evaluate=_evaluate(link, model.evaluate),
        predict=_predict(link, model.predict),
        __call__=_call(link, model.__call__),
        summary=_summary(link, model.summary),
    )
    SavingWatch(link).install()


def _compile(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    note = note_of(link)

    @functools.wraps(original)
    def compile_model(
        self: Model,
        optimizer: object = "rmsprop",
        loss: object = None,
        loss_weights: object = None,
        metrics: object = None,
        **more: object,
    ) -> None:
        if isinstance(metrics, str):
            note("metrics as text")
            metrics = [metrics]
        if metrics is None and _are_metrics(loss_weights):
            note("metrics in third place")
            metrics, loss_weights = loss_weights, None
        loss = made_of_class(loss)
        if isinstance(metrics, list | tuple):
            metrics = [made_of_class(metric) for metric in metrics]
        original(self, optimizer, loss, loss_weights, metrics, **more)
        state = state_of(self)
        state.loss, state.metrics, state.compiled, state.same_optimizer = loss, metrics, True, False
        if link.has_room("compiled"):
            link.tell(ModelCompiled(model=state.id, description=describe_model(self), compile=describe_compile(self)))

    return compile_model


def _are_metrics(value: object) -> bool:
    """Whether this is a list of metrics rather than of weights."""
    return isinstance(value, list | tuple) and bool(value) and not any(isinstance(item, int | float) for item in value)


@contextmanager
def _keras_at_work() -> Iterator[None]:
    """Within it a model is called by Keras, or by another model, and not by the student."""
    before = getattr(_inside, "depth", 0)
    _inside.depth = before + 1
    try:
        yield
    finally:
        _inside.depth = before


def _fit(fitting: Fitting, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def fit(
        self: Model, x: object = None, y: object = None, batch_size: object = None, epochs: object = 1, **more: object
    ) -> object:
        with _keras_at_work():
            return fitting.fit(self, x, y, batch_size, epochs, **more)

    return fit


def _evaluate(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def evaluate(
        self: Model,
        x: object = None,
        y: object = None,
        batch_size: object = None,
        verbose: object = "auto",
        **more: object,
    ) -> object:
        if more.get("_use_cached_eval_dataset"):  # Keras' own fit, validating after an epoch
            return original(self, x, y, batch_size=batch_size, verbose=verbose, **more)
        as_table = more.pop("return_dict", False)
        with _keras_at_work():
            scores = original(self, x, y, batch_size=batch_size, verbose=0, return_dict=True, **more)
        metrics = {str(name): float(value) for name, value in scores.items()}  # type: ignore[attr-defined]
        if verbose in ("auto", 1, 2, True):
            print(" - ".join(["evaluate", *(f"{name}: {value:.4f}" for name, value in metrics.items())]))
        if link.has_room("evaluated"):
            plain = more.get("sample_weight") is None and more.get("steps") is None
            _tell_evaluation(link, self, show_data(link, x, y), metrics, plain)
        return scores if as_table else self._flatten_metrics_in_order(scores)  # type: ignore[attr-defined]

    return evaluate


def _tell_evaluation(link: Link, model: Model, data: DataReference, metrics: Mapping[str, float], plain: bool) -> None:
    _tell_own_loop(link, model, data)
    weights = sendable_weights(model)
    state = state_of(model)
    answer, _ = link.ask(
        ModelEvaluated(
            model=state.id,
            description=describe_model(model),
            compile=describe_compile(model),
            trained=state.trained,
            data=data,
            metrics={name[:80]: value for name, value in list(metrics.items())[:_MAX_METRICS]},
            plain=plain,
            weights=joint_digest(weights) if weights else None,
        )
    )
    if isinstance(answer, Send):
        link.ask(WeightsSent(), weights)


def _predict(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def predict(self: Model, x: object, batch_size: object = None, verbose: object = "auto", **more: object) -> object:
        with _keras_at_work():
            outputs = original(self, x, batch_size=batch_size, verbose=0, **more)
        _tell_prediction(link, self, x, outputs)
        return outputs

    return predict


def _call(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    """`model(x)`: a trained model asked without `predict`, told as a prediction."""

    @functools.wraps(original)
    def call(self: Model, *arguments: object, **more: object) -> object:
        if getattr(_inside, "depth", 0) or not arguments or not _is_question(self, arguments[0], more):
            return original(self, *arguments, **more)
        with _keras_at_work():
            outputs = original(self, *arguments, **more)
        if not link.muted and hasattr(outputs, "numpy"):
            _tell_prediction(link, self, arguments[0], outputs)
        return outputs

    return call


def _is_question(model: Model, x: object, more: Mapping[str, object]) -> bool:
    """Whether `x` are plain data, and the model's weights those of a training that the host knows."""
    if not isinstance(x, np.ndarray) and not (type(x).__module__.startswith("tensorflow") and hasattr(x, "numpy")):
        return False
    return not more.get("training") and state_of(model).trained is not None and not was_stepped(model)


def _tell_prediction(link: Link, model: Model, x: object, outputs: object) -> None:
    if not link.has_room("predicted"):
        return
    data = show_data(link, x, None)
    _tell_own_loop(link, model, data)
    shape = tuple(getattr(outputs, "shape", ()))
    link.tell(
        ModelPredicted(
            model=state_of(model).id,
            description=describe_model(model),
            trained=state_of(model).trained,
            data=data,
            output_shape=tuple(int(size) for size in shape[:_MAX_AXES] if size is not None),
        )
    )


def _tell_own_loop(link: Link, model: Model, data: DataReference) -> None:
    """Say that the model's weights were trained without `fit`, as with a GradientTape, when that is news.

    `data` are those on which the model is used now: they tell the host how to prepare the test set that it scores on.
    """
    state = state_of(model)
    if not was_stepped(model):
        return
    weights = sendable_weights(model)
    name = joint_digest(weights)
    if name == state.told:
        return
    report = FitReported(
        why=_LOOP,
        model=state.id,
        description=describe_model(model),
        compile=describe_compile(model),
        fit=FitDescription(epochs=0),
        history={},
        seconds=(),
        shown=data,
    )
    answer, _ = link.ask(report, weights)
    state.trained, state.told = answer.seq if isinstance(answer, Kept) else None, name


def _summary(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def summary(self: Model, *arguments: object, **more: object) -> object:
        if link.has_room("summary"):
            link.tell(SummaryShown(model=state_of(self).id, description=describe_model(self)))
        return original(self, *arguments, **more)

    return summary


class SavingWatch:
    """Says which models, or which weights, are written to files, with the kind of file but not its path.

    One call that calls another is said once.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._depth = 0

    def install(self) -> None:
        """Wrap `save`, `save_weights` and `save_model`."""
        model = keras.Model
        patch(
            model,
            save=self._watch(model.save, "model"),
            save_weights=self._watch(model.save_weights, "weights"),
        )
        for package in (*keras_modules("models"), *keras_modules("saving")):
            if hasattr(package, "save_model"):
                patch(package, save_model=self._watch(package.save_model, "model"))

    def _watch(self, original: Callable[..., object], what: Literal["model", "weights"]) -> Callable[..., object]:
        @functools.wraps(original)
        def save(model: Model, filepath: object = "", *arguments: object, **more: object) -> object:
            written = False
            self._depth += 1
            try:
                answer = original(model, filepath, *arguments, **more)
                written = True
            finally:
                self._depth -= 1
                if self._depth == 0 and isinstance(model, keras.Model):
                    self._link.tell(
                        ModelSaved(
                            model=state_of(model).id,
                            description=describe_model(model),
                            trained=state_of(model).trained,
                            what=what,
                            ending=PurePath(str(filepath)).suffix[:12],
                            written=written,
                        )
                    )
            return answer

        return save
