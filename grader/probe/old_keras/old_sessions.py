"""Sessions, learning phases and functions of graphs, as Keras 1 and 2 had them over TensorFlow 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from grader.probe.versions.noting import Note

_ORDERS = {"th": "channels_first", "tf": "channels_last"}


class Session:
    """A session that computes at once: what a cell of TensorFlow 2 has computed already is its own answer."""

    def __init__(self, *arguments: object, **more: object) -> None:
        self.graph = None

    def run(self, fetches: object, feed_dict: object = None, **more: object) -> object:
        """The values of `fetches`. Graphs have none here."""
        if feed_dict:
            raise RuntimeError("a session of TensorFlow 1 was asked for a graph: Keras 3 computes at once")
        if isinstance(fetches, list | tuple):
            return [self.run(fetch) for fetch in fetches]
        if fetches is None or isinstance(fetches, _Nothing):
            return None
        if isinstance(fetches, tf.Operation) or not hasattr(fetches, "numpy"):
            raise RuntimeError("a session of TensorFlow 1 was asked for a graph: Keras 3 computes at once")
        return fetches.numpy()

    def close(self) -> None:
        """Nothing is open."""

    def as_default(self) -> Session:
        """Itself."""
        return self

    def list_devices(self) -> list[object]:
        """The devices of this process."""
        return list(tf.config.list_logical_devices())

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""


class _Nothing:
    """An operation that is done: an initializer of variables that have their values."""

    def run(self, *arguments: object, **more: object) -> None:
        """Nothing is left to do."""


def nothing(*arguments: object, **more: object) -> _Nothing:
    """An operation that is done."""
    return _Nothing()


class _Phase:
    """The input that says whether this is training."""

    def __bool__(self) -> bool:
        return False


def _function(note: Note) -> object:
    def function(inputs: Sequence[object], outputs: object, *arguments: object, **more: object) -> object:
        several = isinstance(outputs, list | tuple)
        tensors = [tensor for tensor in _listed(inputs) if not isinstance(tensor, _Phase)]
        model = keras.Model(tensors, _listed(outputs))
        has_phase = any(isinstance(tensor, _Phase) for tensor in _listed(inputs))

        def call(values: object) -> object:
            given = _listed(values)
            training = bool(given.pop()) if has_phase and len(given) > len(tensors) else False
            results = model([np.asarray(value) for value in given], training=training)
            arrays = [np.asarray(result) for result in _listed(results)]
            return arrays if several else arrays[0]

        return call

    return function


def _listed(items: object) -> list[object]:
    return list(items) if isinstance(items, list | tuple) else [items]


def _set_ordering(note: Note) -> object:
    return lambda order: keras.config.set_image_data_format(_ORDERS.get(order, order))


def _ordering(note: Note) -> object:
    return lambda: "th" if keras.config.image_data_format() == "channels_first" else "tf"


def _no_op(note: Note) -> object:
    return lambda *arguments, **more: None


def set_value(note: Note) -> Callable[..., None]:
    """`K.set_value`, which today's own knows of TensorFlow's variables alone."""

    def put(variable: keras.Variable, value: object) -> None:
        note("K.set_value")
        variable.assign(value)

    return put


BACKEND: dict[str, Callable[[Note], object]] = {
    "set_session": _no_op,
    "get_session": lambda note: Session,
    "learning_phase": lambda note: _Phase,
    "set_learning_phase": _no_op,
    "manual_variable_initialization": _no_op,
    "reset_uids": lambda note: keras.utils.clear_session,
    "function": _function,
    "set_image_dim_ordering": _set_ordering,
    "image_dim_ordering": _ordering,
}
"""Name in `keras.backend` -> what makes it."""
