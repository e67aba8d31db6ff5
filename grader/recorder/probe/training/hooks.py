"""Keras' `Model` methods, wrapped so that they say what they do."""

from __future__ import annotations

import functools
from typing import Any

import keras

from grader.recorder.probe.link import Link
from grader.recorder.probe.training import describe, evaluating
from grader.recorder.probe.training.direct import keras_at_work
from grader.recorder.probe.training.evaluating import model_fields
from grader.recorder.probe.training.fitting import Fitting
from grader.recorder.probe.training.saving import SavingWatch
from grader.recorder.probe.training.tracking import state_of, watch_assignments


def install(link: Link, effort: str) -> None:
    """Wrap `compile`, `fit`, `evaluate`, `predict`, `summary` and what saves, of every Keras model in this process."""
    from keras.src.backend.common.variables import Variable
    from keras.src.optimizers.base_optimizer import BaseOptimizer
    from keras.src.trainers.trainer import Trainer

    watch_assignments(Variable, BaseOptimizer)
    model = keras.Model
    originals = {name: getattr(model, name) for name in ("compile", "fit", "summary")}
    fitting = Fitting(link, effort, originals["fit"])
    # Keras compiles a loaded model only where its class has the compile of this one.
    Trainer.compile = model.compile = _compile(link, originals["compile"])
    model.fit = _fit(fitting, originals["fit"])
    evaluating.install(link)
    model.summary = _summary(link, originals["summary"])
    SavingWatch(link, model_fields).install()


def _compile(link: Link, original: Any) -> Any:
    @functools.wraps(original)
    def compile_model(
        self: Any,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        **more: Any,
    ) -> None:
        if isinstance(metrics, str):
            link.note("shim", "metrics as text", f"metrics='{metrics[:40]}' was read as a list of one, as Keras 2 did.")
            metrics = [metrics]
        if metrics is None and _names(loss_weights):
            link.note("shim", "metrics in third place", "compile's third argument was read as metrics, as in Keras 2.")
            metrics, loss_weights = loss_weights, None
        original(self, optimizer, loss, loss_weights, metrics, **more)
        state = state_of(self)
        state.loss, state.metrics, state.compiled, state.same_optimizer = loss, metrics, True, False
        if link.room("compiled"):
            link.event("compiled", **model_fields(self), compile=describe.compile_description(self, loss, metrics))

    return compile_model


def _names(value: Any) -> bool:
    """Whether this is a list of metrics rather than of weights."""
    return isinstance(value, list | tuple) and bool(value) and not any(isinstance(item, int | float) for item in value)


def _fit(fitting: Fitting, original: Any) -> Any:
    @functools.wraps(original)
    def fit(self: Any, x: Any = None, y: Any = None, batch_size: Any = None, epochs: Any = 1, **more: Any) -> Any:
        with keras_at_work():
            return fitting.fit(self, x, y, batch_size, epochs, **more)

    return fit


def _summary(link: Link, original: Any) -> Any:
    @functools.wraps(original)
    def summary(self: Any, *arguments: Any, **more: Any) -> Any:
        if link.room("summary"):
            link.event("summary", **model_fields(self))
        return original(self, *arguments, **more)

    return summary
