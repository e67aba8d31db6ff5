"""`call`: the proxy through which a case reaches the student's function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.functions.calls.binding import Binding, Source
from grader.functions.calls.replies import Argument, Caller, FaultError, answer_of
from grader.functions.groups import Group

Array = NDArray[Any]


@dataclass
class Made:
    """One call of a case, in the group's usual form."""

    given: dict[str, Any]
    answer: Array | None = None
    changed: dict[str, Array] = field(default_factory=dict)
    """Array arguments that the call changed, as the function's parameters name them, as they were afterwards."""


class Call:
    """Calls the student's function inside the sandbox: `call(image, kernel)` returns a plain array.

    The student's order of arguments and layout are seen to. Before each call NumPy's random numbers begin anew, so
    that two calls draw the same ones. Whatever goes wrong inside is a failed case, not an error of its test.
    """

    def __init__(self, caller: Caller, group: Group, binding: Binding, probing: bool = False) -> None:
        self._caller = caller
        self._group = group
        self._binding = binding
        self._probing = probing
        self.made: list[Made] = []
        """The calls so far."""
        self.remarks: list[str] = []

    def __call__(self, *values: Any, **options: Any) -> Array:
        """The function's answer, as an array of the base class. Arguments are given in the order of `arguments`."""
        given = self._group.named(values, options)
        made = Made(dict(given))
        self.made.append(made)
        layout = self._binding.layout
        made.answer = np.asarray(self._reach(**given) if layout is None else self._through(layout.run, given))
        return made.answer

    def takes(self, argument: str) -> bool:
        """Whether the function has a parameter for this argument."""
        return argument in self._binding.taken

    @property
    def names(self) -> frozenset[str]:
        """Names that occur in the function's code, such as `bias`."""
        return frozenset((*self._binding.candidate.identifiers, *(p.name for p in self._binding.candidate.parameters)))

    def assert_arguments_kept(self) -> None:
        """Raise AssertionError when a call so far changed an array that it was given."""
        for made in self.made:
            if made.changed:
                names = " and ".join(f"`{name}`" for name in sorted(made.changed))
                raise FaultError(f"It changes its argument {names}: what the caller passed in is no longer there.")

    def _through(self, layout: Callable[..., Any], given: dict[str, Any]) -> Any:
        try:
            return layout(self._reach, **given)
        except (ValueError, IndexError, TypeError) as error:
            # The layout took the answer apart on the assumption of its usual form.
            raise FaultError("Its result does not have the form that its arguments call for.") from error

    def _reach(self, *values: Any, **options: Any) -> Array:
        given = self._group.named(values, options)
        arguments = [
            Argument(source.parameter, _plain(self._value(source, given)))
            for source in self._binding.sources
            if not source.argument or source.argument in given
        ]
        reply = self._caller.call(self._binding.candidate, arguments, 0, self._probing)
        made = self.made[-1]
        before = [argument for argument in arguments if isinstance(argument.value, np.ndarray)]
        for argument, after in zip(before, reply.after, strict=False):
            if not _same(argument.value, after):
                made.changed[argument.parameter.name] = np.asarray(after)
        if self._binding.in_place and self._probing and not made.changed:
            raise FaultError("It returns nothing.")
        answer = answer_of(reply, self._binding.in_place)
        if answer.remark and answer.remark not in self.remarks:
            self.remarks.append(answer.remark)
        return answer.array

    def _value(self, source: Source, given: dict[str, Any]) -> Any:
        if source.argument:
            return given[source.argument]
        return source.filler(given) if callable(source.filler) else source.filler


def _plain(value: Any) -> Any:
    """A copy as the sandbox gets it: what the function does to it is not done to the case's own array."""
    if isinstance(value, np.generic):
        return value.item()
    return np.array(value) if isinstance(value, np.ndarray) else value


def _same(before: Array, after: Array) -> bool:
    if before.shape != after.shape or before.dtype != after.dtype:
        return False
    return bool(np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"))
