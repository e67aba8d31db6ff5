"""Optimizers as older versions made and asked them, those of TensorFlow 1 among them."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable

import keras

from grader.facts.keras import LOWER_CASE_OPTIMIZERS, OLD_OPTIMIZERS
from grader.facts.versions.keras_arguments import DECAY_PLACES
from grader.facts.versions.keras_behaviour import OTHER_RATES
from grader.probe.link import patch
from grader.probe.old_keras.old_modules import keras_modules
from grader.probe.versions.noting import Note

_DROPPED = {"schedule_decay": "schedule_decay=", "jit_compile": "jit_compile= of an optimizer"}


def install(note: Note) -> None:
    """Wrap every optimizer of Keras 2, and give them their other names."""
    for name in OLD_OPTIMIZERS:
        _read_arguments(getattr(keras.optimizers, name), note)
    _rate_attribute(note)
    for package in keras_modules("optimizers"):
        for old, new in LOWER_CASE_OPTIMIZERS.items():
            if not hasattr(package, old):
                patch(package, **{old: getattr(keras.optimizers, new)})
        legacy = types.ModuleType(package.__name__ + ".legacy")
        for name in OLD_OPTIMIZERS:
            patch(legacy, **{name: getattr(keras.optimizers, name)})
        patch(package, legacy=legacy)
        sys.modules[legacy.__name__] = legacy


def _read_arguments(cls: type, note: Note) -> None:
    """`lr=`, `decay=`, `epsilon=None` and whole-number learning rates."""
    original: Callable[..., None] = cls.__init__  # type: ignore[misc]
    epsilon = inspect.signature(original).parameters.get("epsilon")
    default = getattr(epsilon, "default", None)

    @functools.wraps(original)
    def init(self: object, *arguments: object, **more: object) -> None:
        if "lr" in more:
            note("lr=")
            more["learning_rate"] = more.pop("lr")
        if arguments and isinstance(arguments[0], int) and not isinstance(arguments[0], bool):
            arguments = (float(arguments[0]), *arguments[1:])
        if isinstance(more.get("learning_rate"), int):
            note("whole learning rate")
            more["learning_rate"] = float(more["learning_rate"])  # type: ignore[arg-type]
        if "epsilon" in more and more["epsilon"] is None:
            note("epsilon=None")
            more["epsilon"] = default
        arguments = _without_decay(cls.__name__, arguments, more, note)
        for name, key in _DROPPED.items():
            if name in more:
                note(key)
                del more[name]
        arguments = _with_decay(original, arguments, more, note)
        if cls.__name__ in OTHER_RATES and not arguments and "learning_rate" not in more and _is_new(self):
            note(f"{cls.__name__}()")
        original(self, *arguments, **more)

    patch(cls, __init__=init)


def _without_decay(name: str, arguments: tuple[object, ...], more: dict[str, object], note: Note) -> tuple[object, ...]:
    """The arguments in the places of today, where those of Keras 2 held a decay.

    SGD(rate, momentum, decay, nesterov), RMSprop(rate, rho, epsilon, decay), Adam(rate, beta_1, beta_2, epsilon, decay)
    and Adadelta(rate, rho, epsilon, decay): a number stands where Keras 3 has a switch, or there is one too many.
    """
    at = DECAY_PLACES.get(name)
    if at is None or len(arguments) <= at or isinstance(arguments[at], bool) or "decay" in more:
        return arguments
    note("an optimizer's decay in its place")
    more["decay"] = arguments[at]
    before, after = arguments[:at], arguments[at + 1 :]
    if name == "RMSprop":
        more["epsilon"] = before[2]
        return before[:2]
    return (*before, *after)


def _is_new(optimizer: object) -> bool:
    """Whether code asks for the optimizer, and not Keras that makes it of a name or a configuration."""
    return str(sys._getframe(2).f_globals.get("__name__")) == "__main__"


def _with_decay(
    original: Callable[..., None], arguments: tuple[object, ...], more: dict[str, object], note: Note
) -> tuple[object, ...]:
    """The arguments by place, once `decay` is a schedule of the learning rate."""
    if "decay" not in more:
        return arguments
    decay = more.pop("decay")
    if not decay:
        note("decay=0")
        return arguments
    note("decay=")
    more.update(zip(list(inspect.signature(original).parameters)[1:], arguments, strict=False))
    rate = more.get("learning_rate", inspect.signature(original).parameters["learning_rate"].default)
    more["learning_rate"] = keras.optimizers.schedules.InverseTimeDecay(float(rate), 1, float(decay))  # type: ignore[arg-type]
    return ()


def _rate_attribute(note: Note) -> None:
    """`optimizer.lr`, which is asked and set."""
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    def get(self: object) -> object:
        note("optimizer.lr")
        return self.learning_rate  # type: ignore[attr-defined]

    def put(self: object, rate: object) -> None:
        note("optimizer.lr")
        self.learning_rate = rate  # type: ignore[attr-defined]

    patch(BaseOptimizer, lr=property(get, put))
