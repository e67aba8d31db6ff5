"""How a teacher declares tests of a function: a class for a question, a method for a case (see docs/functions.md).

Decorators mark what else a class holds: a case's weight, a well-known mistake, another layout of the arguments.
`group_of` reads such a class into the plain data that the calls work with.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.testing import assert_allclose

from grader.errors import UserError

_KINDS = ("mistake", "layout")
"""Marks of methods that are no cases."""
_Method = TypeVar("_Method", bound=Callable[..., Any])


class FunctionTests:
    """Tests of the function that one question asks for. Its methods `test_...` are the cases, each given `call`.

    A case's docstring is its title. A method `probe` is tried first, to find out which of a group's functions is meant
    and in which order it takes its arguments; without one the first case serves. A method `right`, if there is one,
    works the right answer out from the arguments.
    """

    question: ClassVar[str] = ""
    """Id of the question in the rubric."""
    names: ClassVar[tuple[str, ...]] = ()
    """What such a function may be called, in any language: `max_pooling`, `pooling`. Only likeness is asked for."""
    arguments: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What `call` takes, in order, each with the names that students give it."""
    optional: ClassVar[tuple[str, ...]] = ()
    """Arguments that a student's function need not take."""
    fillers: ClassVar[Mapping[tuple[str, ...], Any]] = {}
    """Names of further arguments that it may want -> a value, or a method's name or function of `call`'s arguments."""


class Partly(AssertionError):  # noqa: N818 - read in a case as `raise Partly(0.5, "...")`
    """Raised in a case that is met in part: the share of its credit, and what is missing, as a sentence."""

    def __init__(self, share: float, message: str) -> None:
        super().__init__(message)
        self.share = min(max(share, 0.0), 1.0)


def credit(weight: float) -> Callable[[_Method], _Method]:
    """Weight of a case among its question's cases; 1 without this."""
    if not weight > 0:
        raise ValueError("a case's credit is a number above 0")
    return _marked("credit", weight)


def mistake(worth: float = 0.0, overflows: bool = False) -> Callable[[_Method], _Method]:
    """A well-known wrong way: a method that answers as such a function would. Its docstring tells the student.

    Where a case fails with the very answer that this gives, the docstring is the reason shown, and `worth` (0 to 1)
    the share of the case's credit. An answer without any finite number tells a mistake only where it `overflows`.
    """
    if not 0 <= worth < 1:
        raise ValueError("a mistake's worth is a share from 0 up to, but not, 1")

    def mark(method: _Method) -> _Method:
        method.labgrade_overflows = overflows  # type: ignore[attr-defined]
        return _marked("mistake", worth)(method)

    return mark


def layout(worth: float = 1.0, piecewise: bool = False) -> Callable[[_Method], _Method]:
    """Another way to call the function: a method that takes `call` and its arguments, and returns the usual answer.

    Its docstring says which convention this is; `worth` (0 to 1) what a function that follows it can reach. A
    `piecewise` layout gives the function a part of its argument at a time. It is tried only where the function
    refuses the whole, or where the group's own code calls it like that: otherwise it would hide that the whole comes
    out wrong.
    """
    if not 0 < worth <= 1:
        raise ValueError("a layout's worth is a share above 0, up to 1")

    def mark(method: _Method) -> _Method:
        method.labgrade_piecewise = piecewise  # type: ignore[attr-defined]
        return _marked("layout", worth)(method)

    return mark


def _marked(kind: str, value: float) -> Callable[[_Method], _Method]:
    def mark(method: _Method) -> _Method:
        setattr(method, f"labgrade_{kind}", float(value))
        return method

    return mark


def assert_agrees(actual: Any, *accepted: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Raise AssertionError unless `actual` equals one of `accepted`, axes of length 1 left out.

    `rtol` and `atol` are as in `numpy.allclose`: differences of single precision pass, a wrong formula does not.
    The first of `accepted` is the one that a report shows as right; another one is shown where only its shape agrees.
    """
    given = np.squeeze(np.asarray(actual))
    wanted = [np.asarray(one) for one in accepted]
    for one in wanted:
        if given.shape == np.squeeze(one).shape and _close(given, np.squeeze(one), rtol, atol):
            return
    fitting = [one for one in wanted if np.squeeze(one).shape == given.shape] or wanted
    assert_allclose(
        np.asarray(actual).reshape(fitting[0].shape) if _fits(given, fitting[0]) else actual,
        fitting[0],
        rtol=rtol,
        atol=atol,
    )


def _fits(given: Any, wanted: Any) -> bool:
    return bool(given.shape == np.squeeze(wanted).shape)


def _close(given: Any, wanted: Any, rtol: float, atol: float) -> bool:
    return bool(np.allclose(given, wanted, rtol=rtol, atol=atol, equal_nan=True))


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
    """Tried first, to find out which function is meant and how it takes its arguments."""
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
    """A marked method. A case's docstring heads a row of a table and loses its full stop; the others are sentences."""
    title = " ".join((inspect.getdoc(method) or "").split())
    title = title.rstrip(".") if mark == "credit" else title
    value = getattr(method, f"labgrade_{mark}", default)
    flags = [getattr(method, f"labgrade_{flag}", False) for flag in ("piecewise", "overflows")]
    return Piece(name, title, value, method, *flags)


def line_of(kind: type) -> int:
    """Line of its file on which a class begins, or its first method where Python does not keep that."""
    methods = [value.__code__.co_firstlineno for value in vars(kind).values() if inspect.isfunction(value)]
    return getattr(kind, "__firstlineno__", min(methods, default=1))
