"""Finds criteria: those in this room's folders, those of installed packages, and those of a lab's own `checks.py`.

No list of names: a class counts where it is a concrete `Criterion` that says its kind.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from inspect import isabstract
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from grader import criteria
from grader.criteria.base import Criterion
from grader.errors import UserError
from grader.extensions import installed_values

GROUP = "labgrade.criteria"
"""Entry points of packages that bring criteria: each names a class, or a module that holds some."""
CHECKS = "checks.py"
"""A lab's own criteria, beside its rubric.yaml. They are the teacher's: trusted code, run by the host."""

Criteria = Mapping[str, type[Criterion]]
"""Kind -> class, in the order of what they are about, then of the steps of a solution, then of their kinds."""

_ORDER = ("model", "training", "figure", "function", "text")


def criteria_for(folder: Path | None = None) -> Criteria:
    """The criteria that a rubric in `folder` may use: its own `checks.py` before all others.

    Raises `UserError`, with file and line, for a `checks.py` or a package's criterion that cannot be used.
    """
    file = folder / CHECKS if folder is not None else None
    if file is None or not file.is_file():
        return _known()
    return _with_own(file.resolve(), hashlib.sha256(file.read_bytes()).hexdigest())


def criterion_class(kind: str, folder: Path | None = None) -> type[Criterion]:
    """The class of `kind`; `UserError` naming the nearest kind when there is none."""
    known = criteria_for(folder)
    if kind not in known:
        near = get_close_matches(kind, known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else f" Known: {', '.join(known)}."
        raise UserError(f"unknown criterion '{kind}'.{hint}")
    return known[kind]


def criterion_of(options: Mapping[str, Any], folder: Path | None = None) -> Criterion:
    """A criterion of its kind and options. Raises `UserError` for an unknown kind, pydantic's error for its options."""
    return criterion_class(str(options["kind"]), folder).model_validate(dict(options))


@lru_cache(maxsize=1)
def _known() -> Criteria:
    """Built-in criteria and those of packages, found once in a process."""
    found: dict[str, type[Criterion]] = {}
    for module in pkgutil.walk_packages(criteria.__path__, f"{criteria.__name__}."):
        if not module.ispkg:
            found |= {_kind(one): one for one in _defined(importlib.import_module(module.name))}
    for called, value in installed_values(GROUP):
        found |= {_kind(one): one for one in _of_package(value, called, found)}
    return _sorted(found)


def _of_package(value: object, called: str, known: Criteria) -> Iterator[type[Criterion]]:
    """The criteria that an entry point leads to: the class, or those of the module. Raises `UserError`."""
    for one in list(_defined(value)) if isinstance(value, ModuleType) else [value]:
        if not (isinstance(one, type) and issubclass(one, Criterion)) or isabstract(one):
            raise UserError(f"{called} is no criterion of labgrade")
        if _kind(one) in known:
            raise UserError(f"{called} brings the criterion '{_kind(one)}', which is there already")
        yield one


@lru_cache(maxsize=64)
def _with_own(file: Path, digest: str) -> Criteria:
    """All criteria, and those that `file` (whose content has this digest) defines. Raises `UserError`."""
    module = _loaded(file, digest)
    own: dict[str, type[Criterion]] = {}
    for one in _defined(module):
        one.lab = str(file.parent)
        own[_kind(one)] = one
    if not own:
        raise UserError(f"{file}: holds no criterion; a subclass of grader.criteria.Criterion is one")
    return _sorted({**_known(), **own})


def _loaded(file: Path, digest: str) -> ModuleType:
    name = f"labgrade_checks_{digest[:16]}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Pydantic looks annotations up in the module of a class, by its name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = error.lineno if isinstance(error, SyntaxError) else (lines or [None])[-1]
        where = f"{file}:{line}" if line else str(file)
        raise UserError(f"{where}: cannot be run ({type(error).__name__}: {str(error).splitlines()[0]})") from error
    return module


def _defined(module: ModuleType) -> Iterator[type[Criterion]]:
    """Concrete criteria that `module` itself defines, in order."""
    for value in vars(module).values():
        mine = isinstance(value, type) and issubclass(value, Criterion) and value.__module__ == module.__name__
        if mine and not isabstract(value) and "kind" in value.model_fields and _kind(value):
            yield value


def _kind(one: type[Criterion]) -> str:
    default = one.model_fields["kind"].default
    return default if isinstance(default, str) else ""


def _sorted(found: dict[str, type[Criterion]]) -> Criteria:
    order = sorted(found, key=lambda kind: (_ORDER.index(found[kind].about), found[kind].step, kind))
    return MappingProxyType({kind: found[kind] for kind in order})
