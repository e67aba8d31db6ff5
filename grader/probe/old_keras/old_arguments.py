"""Arguments of Keras 1 and 2, read as what Keras 3 calls them, for classes, functions and methods of Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import keras

from grader.facts.versions.keras_arguments import DROPPED, VALUES, key_of, renamed
from grader.probe.link import patch
from grader.probe.old_keras.old_modules import keras_modules, roots
from grader.probe.old_keras.old_places import ADAPTERS, Adapter
from grader.probe.versions.noting import Note, Prepare, read_first, rename

ELSEWHERE = ("Model.fit", "Model.compile", "layers.Layer")
"""Wrapped by `old_methods` and `old_layers`, which do more with them."""


def install(note: Note) -> None:
    """Wrap every owner of an old argument."""
    for owner in {*renamed(), *DROPPED, *ADAPTERS} - {*ELSEWHERE}:
        prepare = preparation(owner, note)
        module, _, name = owner.rpartition(".")
        if owner == "Model":
            _wrap_models(prepare)
        elif isinstance(target := _find(module, name), type):
            patch(target, __init__=read_first(target.__init__, prepare))  # type: ignore[misc]
        elif callable(target):
            _patch_function(target, read_first(target, prepare, bound=False))


def preparation(owner: str, note: Note) -> Prepare:
    """What reads the arguments of `owner` before Keras does."""
    names, dropped = renamed().get(owner, {}), DROPPED.get(owner, {})
    adapters: Sequence[Adapter] = ADAPTERS.get(owner, ())

    def prepare(places: list[object], more: dict[str, object]) -> None:
        for adapter in adapters:
            adapter(places, more, note)
        if not more:
            return
        _read_values(more, names)
        rename(more, names, lambda old: note(key_of(owner, old)))
        for old in [name for name in more if name in dropped]:
            note(key_of(owner, old))
            del more[old]

    return prepare


def _read_values(more: dict[str, object], names: Mapping[str, str]) -> None:
    for old in [name for name in more if name in names and name in VALUES]:
        value = more[old]
        if isinstance(value, str):
            more[old] = VALUES[old].get(value, value)


def _find(module: str, name: str) -> object:
    owner = keras
    for part in module.split(".") if module else ():
        owner = getattr(owner, part)
    return getattr(owner, name, None)


def _wrap_models(prepare: Prepare) -> None:
    """`Model(input=, output=)`: which kind of model it is, is decided before it is made."""
    from keras.src.models.functional import Functional

    new: Callable[..., object] = keras.Model.__new__

    def make(cls: type, *arguments: object, **more: object) -> object:
        places = list(arguments)
        prepare(places, more)
        return new(cls, *places, **more)

    patch(keras.Model, __new__=staticmethod(make))
    patch(Functional, __init__=read_first(Functional.__init__, prepare))


def _patch_function(old: object, new: object) -> None:
    """Put `new` in the place of the function wherever Keras gives it a public name."""
    paths = ("utils", "activations", "preprocessing.image", "layers", "models")
    for module in (*roots(), *(module for path in paths for module in keras_modules(path))):
        for name, value in list(vars(module).items()):
            if value is old:
                patch(module, **{name: new})
