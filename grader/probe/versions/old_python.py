"""Built-in names of Python 2. Its statements are rewritten where cells are run."""

from __future__ import annotations

import builtins
import functools
import sys
from collections.abc import Callable
from types import ModuleType

from grader.facts.versions.python_2 import NAMES
from grader.probe.link import patch
from grader.probe.versions.noting import Note

When = Callable[[str, Callable[[ModuleType], None]], None]


def install(when: When, note: Note) -> None:
    """Give code the names that it had. They are built in: a group's own `reduce` stays its own."""
    for old, new in NAMES.items():
        target = getattr(builtins, new)
        patch(
            builtins, **{old: _class(old, target, note) if isinstance(target, type) else _function(old, target, note)}
        )
    patch(builtins, reduce=_function("reduce", functools.reduce, note))


def _is_asked_by_code() -> bool:
    """Whether it is a hand-in's code that uses a name, and not a library that still knows it."""
    return str(sys._getframe(2).f_globals.get("__name__")) == "__main__"


def _class(key: str, target: type, note: Note) -> object:
    class Old(type):
        def __call__(cls, *arguments: object, **more: object) -> object:
            if _is_asked_by_code():
                note(key)
            return target(*arguments, **more)

        def __instancecheck__(cls, value: object) -> bool:
            if _is_asked_by_code():
                note(key)
            return isinstance(value, target)

    return Old(key, (), {})


def _function(key: str, target: Callable[..., object], note: Note) -> Callable[..., object]:
    def call(*arguments: object, **more: object) -> object:
        if _is_asked_by_code():
            note(key)
        return target(*arguments, **more)

    return call
