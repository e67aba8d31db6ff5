"""Methods of models as Keras 1 and 2 had them, laid over those that say what they do."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator

import keras

from grader.probe.keras.describe import listed
from grader.probe.keras.objects import Model, state_of
from grader.probe.link import patch
from grader.probe.old_keras.old_arguments import preparation
from grader.probe.old_keras.old_logs import read_monitors
from grader.probe.versions.noting import Note, Prepare, read_first
from grader.sandbox.frames import Array

Method = Callable[..., object]

_GENERATORS = {"fit_generator": "fit", "evaluate_generator": "evaluate", "predict_generator": "predict"}
_SAMPLES = {
    "samples_per_epoch": ("steps_per_epoch", "samples_per_epoch=", "x"),
    "nb_val_samples": ("validation_steps", "nb_val_samples=", "validation_data"),
    "val_samples": ("steps", "val_samples=", "x"),
}
"""Argument that counted rows -> (argument today, which counts batches, its row, what gives the batches)."""


def install(note: Note, fit: Callable[..., object]) -> None:
    """Wrap the methods of models. `fit` is Keras' own, which knows the places of its arguments."""
    from keras.src.trainers.trainer import Trainer

    model = keras.Model
    reading, compiling = preparation("Model.fit", note), preparation("Model.compile", note)
    patch(
        model,
        fit=_fit(model.fit, inspect.signature(fit), reading, note),
        compile=read_first(model.compile, compiling),
        evaluate=_by_name(model.evaluate, reading),
        predict=_by_name(model.predict, reading),
        predict_classes=_predict_classes(note),
        predict_proba=_predict_proba(note),
        _make_predict_function=_nothing("_make_predict_function", note),
        _make_train_function=_nothing("_make_predict_function", note),
    )
    # Keras compiles a loaded model only where its class has the compile of this one.
    patch(Trainer, compile=model.compile)
    for old, new in _GENERATORS.items():
        patch(model, **{old: _under_new_name(old, new, note)})
    patch(keras.Sequential, model=_Itself(note))


def _fit(
    original: Callable[..., object], signature: inspect.Signature, reading: Prepare, note: Note
) -> Callable[..., object]:
    names = list(signature.parameters)[1:]

    @functools.wraps(original)
    def fit(self: Model, *arguments: object, **more: object) -> object:
        if len(arguments) > 4:
            note("positional arguments of fit")
        more.update(zip(names, arguments, strict=False))
        if more.get("show_accuracy") and not state_of(self).metrics and state_of(self).compiled:
            self.compile(optimizer=self.optimizer, loss=state_of(self).loss, metrics=["accuracy"])  # type: ignore[attr-defined]
        reading([], more)
        read_monitors(self, listed(more.get("callbacks")), note)
        return original(self, **more)

    return fit


def _by_name(original: Callable[..., object], reading: Prepare) -> Callable[..., object]:
    """`evaluate` and `predict`, whose arguments on reading data say nothing today."""

    @functools.wraps(original)
    def call(self: Model, *arguments: object, **more: object) -> object:
        if more:
            reading([], more)
        return original(self, *arguments, **more)

    return call


def _predict_classes(note: Note) -> Callable[..., Array]:
    def predict_classes(self: Model, x: object, *arguments: object, **more: object) -> Array:
        note("predict_classes")
        outputs = self.predict(x, *arguments, **more)
        classes: Array = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")
        return classes

    return predict_classes


def _predict_proba(note: Note) -> Callable[..., Array]:
    def predict_proba(self: Model, x: object, *arguments: object, **more: object) -> Array:
        note("predict_proba")
        return self.predict(x, *arguments, **more)

    return predict_proba


def _nothing(key: str, note: Note) -> Callable[..., None]:
    def call(self: object, *arguments: object, **more: object) -> None:
        note(key)

    return call


class _Itself:
    """`.model` of a Sequential model, for code alone: what saves a model looks into all that it holds."""

    def __init__(self, note: Note) -> None:
        self._note = note

    def __get__(self, model: object, owner: type | None = None) -> object:
        if model is None or str(sys._getframe(1).f_globals.get("__name__")).startswith(("keras.", "grader.")):
            raise AttributeError("model")
        self._note("Sequential.model")
        return model


def _under_new_name(old: str, new: str, note: Note) -> Callable[..., object]:
    """`fit_generator` and its like, whose second argument was a number of batches, or of rows in Keras 1."""
    second = {"fit": ("steps_per_epoch", "epochs"), "evaluate": ("steps",), "predict": ("steps",)}[new]

    def call(self: object, generator: object, *arguments: object, **more: object) -> object:
        note(old)
        more.update(zip(second, arguments, strict=False))
        more["x"] = _in_tuples(generator) if new == "predict" and isinstance(generator, Iterator) else generator
        for name, (today, key, data) in _SAMPLES.items():
            if name in more:
                note(key)
                rows = more.pop(name)
                batch = getattr(more.get(data), "batch_size", None) or 1
                more[today] = -(-int(rows) // int(batch))  # type: ignore[call-overload]
        more.pop("generator", None)
        return getattr(self, new)(**more)

    return call


def _in_tuples(generator: Iterator[object]) -> Iterator[tuple[object, ...]]:
    """Rows alone, as `predict_generator` took them: today a generator gives tuples."""
    for item in generator:
        yield item if isinstance(item, tuple) else (item,)
