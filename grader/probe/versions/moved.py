"""Modules of other libraries, and of Python 2, that stand elsewhere today: found by import under their old names."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

from grader.facts.versions import python_2, scientific
from grader.probe.versions.noting import Note


def take_names(module: ModuleType, source: ModuleType) -> None:
    """Give `module` the names of `source`, and what that one answers for: names that it has no more."""
    for name in dir(source):
        if not name.startswith("__"):
            setattr(module, name, getattr(source, name))
    module.__getattr__ = lambda name: getattr(source, name)  # type: ignore[method-assign]


class _MovedFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, places: Mapping[str, str], keys: Mapping[str, str], note: Note) -> None:
        self._places, self._keys, self._note = places, keys, note

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._places:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        source = importlib.import_module(self._places[module.__name__])
        take_names(module, source)
        self._note(self._keys[module.__name__])


def install(note: Note) -> None:
    """Find moved modules. Behind every other finder: a module that is there is itself."""
    places = {**scientific.MODULES, **python_2.MODULES}
    keys = {**{name: name for name in scientific.MODULES}, **{name: f"import {name}" for name in python_2.MODULES}}
    sys.meta_path.append(_MovedFinder(places, keys, note))
