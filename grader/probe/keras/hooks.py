"""Keras' `Model` methods, wrapped so that they say what they do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import Literal

import keras
import tensorflow as tf

from grader.probe.keras import evaluate_hooks, old_modules
from grader.probe.keras.describe import describe_compile, describe_model
from grader.probe.keras.evaluate_hooks import keras_at_work
from grader.probe.keras.fitting import Fitting
from grader.probe.keras.model_state import state_of, watch_assignments
from grader.probe.keras.objects import Model
from grader.probe.keras.old_modules import keras_modules
from grader.probe.link import Link, patch
from grader.probe.messages import ModelCompiled, ModelSaved, SummaryShown
from grader.probe.old_keras import old_versions
from grader.probe.rows import SEED
from grader.probe.versions.noting import note_of


def install(link: Link, effort: str, threads: int) -> None:
    """Make Keras draw alike each time, serve its data sets from the host, let old idioms run, and say what it does.

    `threads` bounds each of its pools; `effort` says which share of the rows trainings see.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)
    fit = keras.Model.fit
    old_modules.install(link)
    old_versions.before_hooks(link)
    _wrap_models(link, effort)
    old_versions.after_hooks(link, fit)


def _wrap_models(link: Link, effort: str) -> None:
    """Wrap `compile`, `fit`, `evaluate`, `predict`, `summary` and what saves, of every Keras model in this process."""
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
        summary=_summary(link, model.summary),
    )
    evaluate_hooks.install(link)
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
        original(self, optimizer, loss, loss_weights, metrics, **more)
        state = state_of(self)
        state.loss, state.metrics, state.compiled, state.same_optimizer = loss, metrics, True, False
        if link.has_room("compiled"):
            link.tell(ModelCompiled(model=state.id, description=describe_model(self), compile=describe_compile(self)))

    return compile_model


def _are_metrics(value: object) -> bool:
    """Whether this is a list of metrics rather than of weights."""
    return isinstance(value, list | tuple) and bool(value) and not any(isinstance(item, int | float) for item in value)


def _fit(fitting: Fitting, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def fit(
        self: Model, x: object = None, y: object = None, batch_size: object = None, epochs: object = 1, **more: object
    ) -> object:
        with keras_at_work():
            return fitting.fit(self, x, y, batch_size, epochs, **more)

    return fit


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
