"""Keras 2 idioms under Keras 3. Each shim is named and noted, so that the report can list it."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from grader.recorder.probe.link import Link
from grader.recorder.probe.old_keras.modules import keras_modules
from grader.recorder.probe.training.callbacks import HistoryTable

_OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Nadam", "Ftrl")


def install(link: Link) -> None:
    """Make Keras 2 code run, and note each idiom where it is used."""
    note = functools.partial(link.note, "shim")
    for name in _OPTIMIZERS:
        _old_rate_arguments(getattr(keras.optimizers, name), note)
    _old_names(note)
    _old_methods(note)
    _saving(note)
    _numpy_names(note)
    HistoryTable.note = staticmethod(
        lambda: note("acc", "history['acc'] was answered with 'accuracy', its name since Keras 2.3.")
    )


def _old_rate_arguments(cls: Any, note: Callable[[str, str], None]) -> None:
    """`lr=`, `decay=` and whole-number learning rates."""
    original = cls.__init__

    @functools.wraps(original)
    def init(self: Any, *arguments: Any, **more: Any) -> None:
        if "lr" in more:
            note("lr=", "The optimizer's lr= was read as learning_rate=.")
            more["learning_rate"] = more.pop("lr")
        if arguments and isinstance(arguments[0], int) and not isinstance(arguments[0], bool):
            arguments = (float(arguments[0]), *arguments[1:])
        if isinstance(more.get("learning_rate"), int):
            note("whole learning rate", "A whole-number learning rate was read as a decimal.")
            more["learning_rate"] = float(more["learning_rate"])
        decay = more.pop("decay", None)
        if decay:
            note("decay=", "The optimizer's decay= was read as InverseTimeDecay(rate, 1, decay), as Keras 2 meant it.")
            if arguments:
                more["learning_rate"], arguments = arguments[0], arguments[1:]
            rate = more.get("learning_rate", _default_rate(original))
            more["learning_rate"] = keras.optimizers.schedules.InverseTimeDecay(float(rate), 1, float(decay))
        original(self, *arguments, **more)

    cls.__init__ = init


def _default_rate(init: Any) -> float:
    import inspect

    return float(inspect.signature(init).parameters["learning_rate"].default)


def _old_names(note: Callable[[str, str], None]) -> None:
    """Lower-case optimizers, `optimizers.legacy`, and `keras.preprocessing.image`."""
    lower = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adadelta": "Adadelta", "adagrad": "Adagrad"}
    package: Any
    for package in keras_modules("optimizers"):
        for old, new in lower.items():
            if not hasattr(package, old):
                setattr(package, old, getattr(keras.optimizers, new))
        legacy = types.ModuleType(package.__name__ + ".legacy")
        for name in _OPTIMIZERS:
            setattr(legacy, name, getattr(keras.optimizers, name))
        package.legacy = legacy
        sys.modules[legacy.__name__] = legacy
    _image_generator()


def _image_generator() -> None:
    try:
        from keras.src.legacy.preprocessing import image as legacy
    except ImportError:
        return
    package: Any
    for package in keras_modules("preprocessing.image"):
        for name in ("ImageDataGenerator", "DirectoryIterator", "NumpyArrayIterator"):
            if hasattr(legacy, name) and not hasattr(package, name):
                setattr(package, name, getattr(legacy, name))


def _old_methods(note: Callable[[str, str], None]) -> None:
    model = keras.Model

    def predict_classes(self: Any, x: Any, **more: Any) -> Any:
        note("predict_classes", "predict_classes(x) was read as the arg-max of predict(x).")
        outputs = self.predict(x, **more)
        return outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")

    def predict_proba(self: Any, x: Any, **more: Any) -> Any:
        note("predict_proba", "predict_proba(x) was read as predict(x).")
        return self.predict(x, **more)

    model.predict_classes, model.predict_proba = predict_classes, predict_proba
    for old, new in (("fit_generator", "fit"), ("evaluate_generator", "evaluate"), ("predict_generator", "predict")):
        setattr(model, old, _renamed(old, new, note))


def _renamed(old: str, new: str, note: Callable[[str, str], None]) -> Any:
    def call(self: Any, *arguments: Any, **more: Any) -> Any:
        note(old, f"{old} was read as {new}.")
        return getattr(self, new)(*arguments, **more)

    return call


def _saving(note: Callable[[str, str], None]) -> None:
    """`model.save('folder')` and `load_model('folder')`: Keras 3 wants a file name."""
    save, load = keras.Model.save, keras.models.load_model

    def named(path: Any) -> Any:
        text = str(path)
        if text.endswith((".keras", ".h5", ".hdf5")):
            return path
        note("save to a folder", "A model saved to a folder was written to one .keras file.")
        return text.rstrip("/\\") + ".keras"

    @functools.wraps(save)
    def saving(self: Any, filepath: Any, *arguments: Any, **more: Any) -> Any:
        more.pop("save_format", None)
        return save(self, named(filepath), *arguments, **more)

    @functools.wraps(load)
    def loading(filepath: Any, *arguments: Any, **more: Any) -> Any:
        return load(named(filepath), *arguments, **more)

    keras.Model.save = saving
    package: Any
    for package in (*keras_modules("models"), *keras_modules("saving"), *keras_modules("saving.saving_api")):
        package.load_model = loading


def _numpy_names(note: Callable[[str, str], None]) -> None:
    """`np.int`, `np.float` and kin, gone since NumPy 1.24."""
    old = {"int": int, "float": float, "object": object, "str": str, "complex": complex}
    original = getattr(np, "__getattr__", None)

    def answer(name: str) -> Any:
        if name in old:
            note(f"np.{name}", f"np.{name} was read as Python's {name}.")
            return old[name]
        if original is None:
            raise AttributeError(name)
        return original(name)

    numpy: Any = np
    numpy.__getattr__ = answer
