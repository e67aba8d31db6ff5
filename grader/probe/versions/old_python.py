"""Built-in names of Python 2. Its statements are rewritten where cells are run."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from types import ModuleType

from grader.facts.versions.python_2 import NAMES
from grader.probe.link import patch
from grader.probe.versions.noting import Note

When = Callable[[str, Callable[[ModuleType], None]], None]


def install(when: When, note: Note) -> None:
    """Give code the names that it had. They are in no namespace of its own: a group's `reduce` stays its own."""
    for old, new in NAMES.items():
        patch(builtins, **{old: _named(old, getattr(builtins, new), note)})
    patch(builtins, reduce=_named("reduce", functools.reduce, note))


def _named(key: str, target: object, note: Note) -> object:
    if isinstance(target, type):

        class Old(type):
            def __call__(cls, *arguments: object, **more: object) -> object:
                note(key)
                return target(*arguments, **more)

            def __instancecheck__(cls, value: object) -> bool:
                note(key)
                return isinstance(value, target)

        return Old(key, (), {})

    def call(*arguments: object, **more: object) -> object:
        note(key)
        return target(*arguments, **more)  # type: ignore[operator]

    return call
