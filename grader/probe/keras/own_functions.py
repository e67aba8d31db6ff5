"""Functions in place of names: a library's own is its name, a student's own of the same name is not.

`activation=tf.nn.relu`, `keras.ops.relu` and `K.relu` mean what `activation="relu"` means. Keras itself goes by a
function's name, and takes a student's own `relu` for its own when it writes a configuration.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import keras
import tensorflow as tf
from keras.src import activations
from keras.src.legacy import backend

from grader.facts.keras import LOSSES, METRIC_CLASSES, METRIC_NAMES
from grader.probe.link import patch
from grader.probe.old_keras.old_modules import keras_modules

_FOREIGN = "custom:"
"""Before the name of a function that is no library's own."""
_OTHER_NAMES = {"swish": "silu", "exp": "exponential"}
_NOT_THE_SAME = {("backend", "hard_sigmoid"), ("ops", "gelu")}
"""K.hard_sigmoid is 0.2x + 0.5, where Keras 3's is x/6 + 0.5; ops.gelu is the approximation."""
_CHANGED = "hard_sigmoid"
_describing = threading.local()


def _activation_names() -> dict[int, str]:
    """Identity of a library's function -> the name of the activation that it is."""
    own = {function.__name__: function for function in activations.ALL_OBJECTS}
    found = {id(function): name for name, function in own.items()}
    places: tuple[tuple[str, ModuleType], ...] = (
        ("nn", tf.nn),
        ("math", tf.math),
        ("nn", tf.compat.v1.nn),
        ("ops", keras.ops),
        ("backend", backend),
    )
    for place, module in places:
        for name in (*own, *_OTHER_NAMES):
            function = getattr(module, name, None)
            if function is not None and (place, name) not in _NOT_THE_SAME:
                found.setdefault(id(function), _OTHER_NAMES.get(name, name))
    for module in keras_modules("activations"):
        for function in vars(module).values():
            # One that also reads an older version's arguments is wrapped.
            name = found.get(id(getattr(function, "__wrapped__", None)))
            if name is not None:
                found[id(function)] = name
    found[id(tf.identity)] = "linear"
    return found


def install(note: Callable[[str], None]) -> None:
    """Read functions of TensorFlow and Keras as Keras' activations, by their identity."""
    names = _activation_names()
    get, serialize = activations.get, activations.serialize

    def get_activation(identifier: object) -> object:
        name = names.get(id(identifier))
        if identifier == _CHANGED:
            note(_CHANGED)
        return get(name if name is not None else identifier)

    def serialize_activation(activation: object) -> object:
        name = names.get(id(activation))
        if name is not None:
            return name
        written = serialize(activation)
        if getattr(_describing, "depth", 0) and callable(activation) and not hasattr(activation, "get_config"):
            return f"{_FOREIGN}{getattr(activation, '__name__', 'function')}"
        return written

    patch(activations, get=get_activation, serialize=serialize_activation)
    for module in keras_modules("activations"):
        patch(module, get=get_activation, serialize=serialize_activation)


@contextmanager
def functions_by_identity() -> Iterator[None]:
    """Within it a configuration tells a student's function from a library's of the same name."""
    before = getattr(_describing, "depth", 0)
    _describing.depth = before + 1
    try:
        yield
    finally:
        _describing.depth = before


def _public(kind: str, known: set[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for module in keras_modules(kind):
        for name in known:
            # What stands there: an old name that is asked for would be noted as the hand-in's.
            function = vars(module).get(name)
            if callable(function):
                found.setdefault(id(function), name)
    return found


def name_of_function(value: object) -> str | None:
    """The name of the loss or metric that a library's own function is; `None` of any other thing."""
    return _functions().get(id(value))


_known: dict[int, str] = {}


def _functions() -> dict[int, str]:
    if not _known:
        names = {*LOSSES, *METRIC_NAMES}
        _known.update(_public("metrics", names) | _public("losses", names))
        for name in LOSSES:
            function = getattr(backend, name, None)
            if callable(function):
                _known.setdefault(id(function), name)
    return _known


def name_of_metric(value: object) -> str | None:
    """The name in `metrics=[...]` that means what this metric of Keras' own does; `None` where it has arguments.

    `CategoricalAccuracy()` is measured, and called in logs, as `"categorical_accuracy"` is.
    """
    cls = type(value)
    if cls.__name__ not in METRIC_CLASSES or getattr(keras.metrics, cls.__name__, None) is not cls:
        return None
    try:
        default = cls().get_config()
        given = value.get_config()  # type: ignore[attr-defined]
    except (TypeError, ValueError, NotImplementedError):
        return None
    name = str(default.get("name"))
    return name if given == default and name in METRIC_NAMES else None


def made_of_class(value: object) -> object:
    """An object of Keras' own loss or metric where its class was given, as Keras makes one; else `value`.

    Keras cannot write a model's configuration that names a class.
    """
    if not isinstance(value, type) or not issubclass(value, keras.losses.Loss | keras.metrics.Metric):
        return value
    home = keras.losses if issubclass(value, keras.losses.Loss) else keras.metrics
    if getattr(home, value.__name__, None) is not value:
        return value
    try:
        made: object = value()  # type: ignore[misc]
    except TypeError:
        return value
    return made
