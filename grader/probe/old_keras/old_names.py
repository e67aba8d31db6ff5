"""Names that Keras 1 and 2 had in their public modules: found at their place today, or made for them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType

from grader.facts.versions.keras_names import MADE, MODULES, NAMES
from grader.probe.link import patch
from grader.probe.old_keras.old_modules import CALLED, keras_modules, roots
from grader.probe.old_keras.old_sessions import set_value
from grader.probe.old_keras.old_things import THINGS
from grader.probe.versions.noting import Note

_ROOTS = ("keras", "keras._tf_keras.keras")
"""Of Keras' names: each has some that the other lacks, and old code knows no difference."""
_PUBLIC = """
    activations applications backend callbacks constraints datasets initializers layers losses metrics models optimizers
    optimizers.schedules preprocessing preprocessing.image preprocessing.sequence regularizers utils wrappers
    """.split()


def install(note: Note) -> None:
    """Answer old names of every public module of Keras, by attribute and by `from ... import`."""
    for path in ("", *_PUBLIC):
        for module in _modules(path):
            patch(module, __getattr__=_finder(module, path, note))
    for module in _modules("backend"):
        patch(module, set_value=set_value(note))
    CALLED["merge"] = _noted("layers.merge", note)
    for path, made in MADE.items():
        replaced = [name for name in made if (path, name) in THINGS]
        for module in _modules(path):
            for name in replaced:
                if name in vars(module):
                    # Keras 3 has it, and reads its arguments as its own.
                    patch(module, **{name: THINGS[path, name](note)})


def _noted(key: str, note: Note) -> Callable[..., object]:
    path, _, name = key.rpartition(".")

    def call(*arguments: object, **more: object) -> object:
        note(key)
        return THINGS[path, name](note)(*arguments, **more)  # type: ignore[operator]

    return call


def _modules(path: str) -> list[ModuleType]:
    return keras_modules(path) if path else roots()


def _finder(module: ModuleType, path: str, note: Note) -> Callable[[str], object]:
    original: Callable[[str], object] | None = getattr(module, "__getattr__", None)

    def find(name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        found = _old(path, name, note)
        if found is not None:
            return found
        if original is not None:
            return original(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    return find


def _old(path: str, name: str, note: Note) -> object | None:
    """What the old name stands for; `None` where it is none."""
    if (path, name) in THINGS:
        note(f"{path}.{name}")
        return THINGS[path, name](note)
    if name in NAMES.get(path, {}):
        note(f"{path}.{name}")
        return at(NAMES[path][name])
    below = f"{path}.{name}".lstrip(".")
    if below in MODULES:
        return importlib.import_module(f"keras.{below}")
    for root in _ROOTS:
        twin = sys.modules.get(f"{root}.{path}".rstrip("."))
        if twin is not None and name in vars(twin):
            found: object = vars(twin)[name]
            return found
    return None


def at(path: str) -> object:
    """The object at a path below `keras`."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(f"keras.{module}".rstrip(".")), name)
