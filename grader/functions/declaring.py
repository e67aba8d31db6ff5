"""How a teacher declares tests of a function: a class, decorators, and what can be said of a wrong answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

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
