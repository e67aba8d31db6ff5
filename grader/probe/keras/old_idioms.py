"""Keras 2 idioms under Keras 3. Each shim is named and noted, so that the report can list it."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable

import keras
import numpy as np

from grader.facts.filetypes import suffixes
from grader.facts.keras import LOWER_CASE_OPTIMIZERS, OLD_OPTIMIZERS
from grader.probe.keras.callbacks import HistoryTable
from grader.probe.keras.objects import Model
from grader.probe.keras.old_modules import keras_modules
from grader.probe.link import Link, patch
from grader.sandbox.frames import Array

Note = Callable[[str, str], None]
"""Says once, under a short name, what was done."""


def install(link: Link) -> None:
    """Make Keras 2 code run, and note each idiom where it is used."""
    note = functools.partial(link.note, "shim")
    for name in OLD_OPTIMIZERS:
        _old_rate_arguments(getattr(keras.optimizers, name), note)
    _old_names(note)
    _old_methods(note)
    _saving(note)
    _numpy_names(note)
    HistoryTable.note = staticmethod(
        lambda: note("acc", "history['acc'] was answered with 'accuracy', its name since Keras 2.3.")
    )


def _old_rate_arguments(cls: type, note: Note) -> None:
    """`lr=`, `decay=` and whole-number learning rates."""
    original: Callable[..., None] = cls.__init__  # type: ignore[misc]

    @functools.wraps(original)
    def init(self: object, *arguments: object, **more: object) -> None:
        if "lr" in more:
            note("lr=", "The optimizer's lr= was read as learning_rate=.")
            more["learning_rate"] = more.pop("lr")
        if arguments and isinstance(arguments[0], int) and not isinstance(arguments[0], bool):
            arguments = (float(arguments[0]), *arguments[1:])
        if isinstance(more.get("learning_rate"), int):
            note("whole learning rate", "A whole-number learning rate was read as a decimal.")
            more["learning_rate"] = float(more["learning_rate"])  # type: ignore[arg-type]
        decay = more.pop("decay", None)
        if decay:
            note("decay=", "The optimizer's decay= was read as InverseTimeDecay(rate, 1, decay), as Keras 2 meant it.")
            if arguments:
                more["learning_rate"], arguments = arguments[0], arguments[1:]
            rate = more.get("learning_rate", _default_rate(original))
            more["learning_rate"] = keras.optimizers.schedules.InverseTimeDecay(float(rate), 1, float(decay))  # type: ignore[arg-type]
        original(self, *arguments, **more)

    patch(cls, __init__=init)


def _default_rate(init: Callable[..., None]) -> float:
    return float(inspect.signature(init).parameters["learning_rate"].default)


def _old_names(note: Note) -> None:
    """Lower-case optimizers, `optimizers.legacy`, and `keras.preprocessing.image`."""
    for package in keras_modules("optimizers"):
        for old, new in LOWER_CASE_OPTIMIZERS.items():
            if not hasattr(package, old):
                patch(package, **{old: getattr(keras.optimizers, new)})
        legacy = types.ModuleType(package.__name__ + ".legacy")
        for name in OLD_OPTIMIZERS:
            patch(legacy, **{name: getattr(keras.optimizers, name)})
        patch(package, legacy=legacy)
        sys.modules[legacy.__name__] = legacy
    _image_generator()


def _image_generator() -> None:
    try:
        from keras.src.legacy.preprocessing import image as legacy
    except ImportError:
        return
    for package in keras_modules("preprocessing.image"):
        for name in ("ImageDataGenerator", "DirectoryIterator", "NumpyArrayIterator"):
            if hasattr(legacy, name) and not hasattr(package, name):
                patch(package, **{name: getattr(legacy, name)})


def _old_methods(note: Note) -> None:
    model = keras.Model

    def predict_classes(self: Model, x: object, **more: object) -> Array:
        note("predict_classes", "predict_classes(x) was read as the arg-max of predict(x).")
        outputs = self.predict(x, **more)
        classes: Array = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")
        return classes

    def predict_proba(self: Model, x: object, **more: object) -> Array:
        note("predict_proba", "predict_proba(x) was read as predict(x).")
        return self.predict(x, **more)

    patch(model, predict_classes=predict_classes, predict_proba=predict_proba)
    for old, new in (("fit_generator", "fit"), ("evaluate_generator", "evaluate"), ("predict_generator", "predict")):
        patch(model, **{old: _under_new_name(old, new, note)})


def _under_new_name(old: str, new: str, note: Note) -> Callable[..., object]:
    def call(self: object, *arguments: object, **more: object) -> object:
        note(old, f"{old} was read as {new}.")
        return getattr(self, new)(*arguments, **more)

    return call


def _saving(note: Note) -> None:
    """`model.save('folder')` and `load_model('folder')`: Keras 3 wants a file name."""
    save, load = keras.Model.save, keras.models.load_model

    def named(path: object) -> object:
        text = str(path)
        if text.endswith(suffixes("weights")):
            return path
        note("save to a folder", "A model saved to a folder was written to one .keras file.")
        return text.rstrip("/\\") + ".keras"

    @functools.wraps(save)
    def save_to_file(self: object, filepath: object, *arguments: object, **more: object) -> object:
        more.pop("save_format", None)
        return save(self, named(filepath), *arguments, **more)

    @functools.wraps(load)
    def load_from_file(filepath: object, *arguments: object, **more: object) -> object:
        return load(named(filepath), *arguments, **more)

    patch(keras.Model, save=save_to_file)
    for package in (*keras_modules("models"), *keras_modules("saving"), *keras_modules("saving.saving_api")):
        patch(package, load_model=load_from_file)


def _numpy_names(note: Note) -> None:
    """`np.int`, `np.float` and kin, gone since NumPy 1.24."""
    old: dict[str, type] = {"int": int, "float": float, "object": object, "str": str, "complex": complex}
    original = getattr(np, "__getattr__", None)

    def answer(name: str) -> object:
        if name in old:
            note(f"np.{name}", f"np.{name} was read as Python's {name}.")
            return old[name]
        if original is None:
            raise AttributeError(name)
        return original(name)

    patch(np, __getattr__=answer)
