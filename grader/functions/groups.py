"""The tests of one question's function, as a class of a `cases.py` declares them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.errors import UserError
from grader.functions.declaring import FunctionTests

_KINDS = ("mistake", "layout")


@dataclass(frozen=True)
class Piece:
    """A case, a mistake or a layout: a bound method with its title and number."""

    name: str
    title: str
    value: float
    """Credit of a case, worth of a mistake or layout."""
    run: Callable[..., Any]
    piecewise: bool = False
    """Of a layout: it gives the function a part of its argument at a time."""
    overflows: bool = False
    """Of a mistake: an answer without any finite number tells it."""


@dataclass(frozen=True)
class Group:
    """The tests of one question's function."""

    question: str
    tests: FunctionTests
    cases: tuple[Piece, ...]
    probe: Piece
    layouts: tuple[Piece, ...]
    """Without the usual one."""
    mistakes: tuple[Piece, ...]

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """What `call` takes, in order."""
        return tuple(self.tests.arguments)

    def named(self, values: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call by name. Raises `TypeError` as Python does."""
        if len(values) > len(self.arguments):
            raise TypeError(f"call takes {len(self.arguments)} arguments ({', '.join(self.arguments)})")
        given = dict(zip(self.arguments, values, strict=False))
        for name, value in options.items():
            if name not in self.arguments or name in given:
                raise TypeError(f"call got an unexpected argument '{name}'")
            given[name] = value
        return given


def group_of(path: Path, kind: type[FunctionTests]) -> Group:
    """The tests that `kind`, of the file `path`, declares. Raises `UserError` where something is missing."""
    where = f"{path}:{line_of(kind)}"
    if not kind.question:
        raise UserError(f'{where}: {kind.__name__} needs the id of its question: question = "20"')
    if not kind.arguments:
        raise UserError(f'{where}: {kind.__name__} needs its arguments: arguments = {{"image": ("img", "x")}}')
    tests = kind()
    methods = [(name, getattr(tests, name)) for name in _in_order(kind)]
    cases = tuple(
        _piece(name, method, "credit", 1.0) for name, method in methods if name.startswith(("test_", "case_"))
    )
    if not cases:
        raise UserError(f"{where}: {kind.__name__} has no case: a method whose name begins with test_")
    untitled = [case.name for case in cases if not case.title]
    if untitled:
        raise UserError(f"{where}: {kind.__name__}.{untitled[0]} needs a docstring: it is the case's title in reports")
    marked = {
        mark: tuple(_piece(name, method, mark, 0.0) for name, method in methods if hasattr(method, f"labgrade_{mark}"))
        for mark in _KINDS
    }
    probe = next((_piece(name, method, "credit", 1.0) for name, method in methods if name == "probe"), cases[0])
    return Group(kind.question, tests, cases, probe, marked["layout"], marked["mistake"])


def _in_order(kind: type) -> list[str]:
    """Names of methods: those of the base classes first, each in the order in which it is written."""
    names: dict[str, None] = {}
    for base in reversed(kind.__mro__):
        names |= {name: None for name, value in vars(base).items() if inspect.isfunction(value)}
    return list(names)


def _piece(name: str, method: Any, mark: str, default: float) -> Piece:
    title = " ".join((inspect.getdoc(method) or "").split())
    title = title.rstrip(".") if mark == "credit" else title
    value = getattr(method, f"labgrade_{mark}", default)
    flags = [getattr(method, f"labgrade_{flag}", False) for flag in ("piecewise", "overflows")]
    return Piece(name, title, value, method, *flags)


def line_of(kind: type) -> int:
    """Line of its file on which a class begins, or its first method where Python does not keep that."""
    methods = [value.__code__.co_firstlineno for value in vars(kind).values() if inspect.isfunction(value)]
    return getattr(kind, "__firstlineno__", min(methods, default=1))
