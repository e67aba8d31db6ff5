"""TensorFlow 1 around Keras: its names, its switches, its sessions, and its optimizers as Keras' own."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType

import keras
import tensorflow as tf

from grader.facts.versions.tensorflow_1 import OPTIMIZERS, SWITCHES
from grader.probe.link import patch
from grader.probe.old_keras.old_sessions import Session, nothing
from grader.probe.versions.noting import Note

_STARTERS = (
    "global_variables_initializer",
    "initialize_all_variables",
    "local_variables_initializer",
    "tables_initializer",
    "variables_initializer",
)


def install(note: Note) -> None:
    """Answer names of TensorFlow 1 in `tensorflow` and `tensorflow.compat.v1`."""
    first = importlib.import_module("tensorflow.compat.v1")
    for module in (tf, first, tf.compat.v1):
        for name in SWITCHES:
            patch(module, **{name: _switch(name, note)})
        for name in ("Session", "InteractiveSession"):
            patch(module, **{name: _session(name, note)})
        for name in _STARTERS:
            patch(module, **{name: _starter(note)})
        for name in OPTIMIZERS:
            patch(module.train, **{name: _optimizer(name, note)})
    for name in ("", "random", "math", "nn", "train", "image", "io", "test", "summary", "config", "data", "errors"):
        module, older = _below(tf, name), _below(first, name)
        if isinstance(module, ModuleType) and isinstance(older, ModuleType):
            patch(module, __getattr__=_finder(module, older, note))


def _below(module: ModuleType, name: str) -> object:
    return getattr(module, name, None) if name else module


def _finder(module: ModuleType, older: ModuleType, note: Note) -> Callable[[str], object]:
    """Names that stand in `tf.compat.v1` alone."""
    original: Callable[[str], object] | None = getattr(module, "__getattr__", None)

    def find(name: str) -> object:
        if not name.startswith("_") and name in dir(older):
            note("names of TensorFlow 1")
            return getattr(older, name)
        if original is not None:
            return original(name)
        raise AttributeError(f"module 'tensorflow' has no attribute {name!r}")

    return find


def _switch(name: str, note: Note) -> Callable[..., None]:
    def switch(*arguments: object, **more: object) -> None:
        note(f"tf.{name}")

    return switch


def _starter(note: Note) -> Callable[..., object]:
    def start(*arguments: object, **more: object) -> object:
        note("global_variables_initializer")
        return nothing()

    return start


def _session(name: str, note: Note) -> Callable[..., Session]:
    def session(*arguments: object, **more: object) -> Session:
        note(f"tf.{name}")
        return Session()

    return session


def _optimizer(name: str, note: Note) -> Callable[..., object]:
    today, names, defaults = OPTIMIZERS[name]
    places = list(names)

    def make(learning_rate: float = 0.001, *arguments: object, **more: object) -> object:
        note(f"tf.train.{name}")
        given = {**dict(zip(places, arguments, strict=False)), **more}
        found = {**defaults, **{names[key]: value for key, value in given.items() if key in names}}
        return getattr(keras.optimizers, today)(learning_rate=learning_rate, **found)

    return make
