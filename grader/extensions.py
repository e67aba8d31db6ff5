"""What labgrade can be extended by: modules of one of its own folders, and entry points of installed packages.

A folder such as `formats/` is searched for modules that declare something (`READER = Reader(...)`): whoever adds one
adds its file and edits no list. A package brings its own by an entry point:

    [project.entry-points."labgrade.formats"]
    latex = "labgrade_latex:READER"

Specification: https://packaging.python.org/en/latest/specifications/entry-points/.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from grader.errors import UserError

GROUPS = ("labgrade.criteria", "labgrade.datasets", "labgrade.exports", "labgrade.formats")
"""The entry points that labgrade looks for."""

_Declared = TypeVar("_Declared")


def built_in_extensions(folder: ModuleType, name: str, kind: type[_Declared]) -> list[_Declared]:
    """What the modules in `folder` (a package, with the packages in it) declare as `name`, in the order of their paths.

    A module is imported only where a line of it begins with `name =`, so that those which load large libraries, such as
    the workers that run in processes of their own, stay out.
    """
    found = []
    declares = re.compile(rf"^{re.escape(name)}(?:: \w+)? = ", re.MULTILINE)
    for place in folder.__path__:
        for file in sorted(Path(place).rglob("*.py")):
            if declares.search(file.read_text(encoding="utf-8")):
                parts = file.relative_to(place).with_suffix("").parts
                module = importlib.import_module(".".join((folder.__name__, *parts)))
                found.append(_checked(getattr(module, name), kind, f"{module.__name__}.{name}"))
    return found


def installed_extensions(group: str, kind: type[_Declared]) -> list[_Declared]:
    """What installed packages bring under the entry point `group`, in the order of their names.

    Raises `UserError` that names the package where one cannot be loaded: left out without a word, it changes grades.
    """
    return [_checked(value, kind, called) for called, value in installed_values(group)]


def installed_values(group: str) -> Iterator[tuple[str, object]]:
    """What the entry points of `group` lead to, in the order of their names, each with how an error calls it.

    Raises `UserError` that names the package where one cannot be loaded.
    """
    for entry in _entry_points(group):
        called = f"{_package(entry)} ({entry.group}: {entry.name} = {entry.value})"
        try:
            value = entry.load()
        except Exception as error:  # whatever the package raises while it is imported
            said = f"{type(error).__name__}: {error}"
            raise UserError(f"{called} cannot be loaded: {said}. Update or remove it.") from error
        yield called, value


def fingerprint() -> list[list[str]]:
    """Group, name, package, version and SHA-256 (hex) of the module, for everything that installed packages bring.

    What a result rests on changes with these. The module is hashed as well, since an author edits it in place while the
    version stays.
    """
    return [
        [entry.group, entry.name, _package(entry), entry.dist.version if entry.dist else "", _module_digest(entry)]
        for group in GROUPS
        for entry in _entry_points(group)
    ]


def _entry_points(group: str) -> list[metadata.EntryPoint]:
    return sorted(metadata.entry_points(group=group), key=lambda entry: (entry.name, entry.value))


def _package(entry: metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module


def _module_digest(entry: metadata.EntryPoint) -> str:
    try:
        spec = importlib.util.find_spec(entry.module)
        return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest() if spec and spec.origin else ""
    except (ImportError, OSError, ValueError):
        return ""  # built in, frozen or in an archive: its version has to do


def _checked(value: object, kind: type[_Declared], called: str) -> _Declared:
    if not isinstance(value, kind):
        raise UserError(f"{called} is no {kind.__name__} of labgrade but {type(value).__name__}.")
    return value
