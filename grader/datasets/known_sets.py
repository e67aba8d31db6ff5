"""The data sets that labgrade knows by name: its own, and those that installed packages bring."""

from __future__ import annotations

from functools import cache

from grader import datasets
from grader.datasets.declaration import NAME, Declaration
from grader.errors import UserError
from grader.extensions import built_in_extensions, installed_extensions

GROUP = "labgrade.datasets"
"""The entry point of a package that brings a data set: the name of an object of class `Declaration`."""


@cache
def _built_in() -> tuple[Declaration, ...]:
    """What the modules of this room declare as `DATASETS`: whoever adds one adds its file, and edits no list."""
    return tuple(declared for found in built_in_extensions(datasets, "DATASETS", tuple) for declared in found)


def declarations() -> dict[str, Declaration]:
    """All declared data sets by name, labgrade's own first.

    Raises `UserError` for a package's that cannot be loaded, has no usable name, or bears the name of another.
    """
    found: dict[str, Declaration] = {}
    for declared in (*_built_in(), *installed_extensions(GROUP, Declaration)):
        if not NAME.fullmatch(declared.name):
            raise UserError(f"a package brings a data set called {declared.name!r}: use letters, digits, '-' and '_'.")
        if declared.name in found:
            raise UserError(f"a package brings a data set called {declared.name!r}, and there is one already.")
        found[declared.name] = declared
    return found


def is_declared(name: str) -> bool:
    """Whether labgrade, or an installed package, knows a data set of that name."""
    return name in declarations()


def declaration(name: str) -> Declaration:
    """The declaration of `name`; of a name that nobody declared, a file `NAME.npz` in a data folder.

    Raises `UserError` for what cannot be a name.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"{name!r} is no name of a data set: use letters, digits, '-' and '_'.")
    return declarations().get(name) or Declaration(name, name)
