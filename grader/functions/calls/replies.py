"""What came back from a call inside the sandbox, and why it may be no answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from grader.records.functions.plan import Candidate, Parameter

Array = NDArray[Any]


@dataclass(frozen=True)
class Argument:
    """One argument as the student's function gets it."""

    parameter: Parameter
    value: Any
    """An array, or a plain value."""


@dataclass(frozen=True)
class Reply:
    """What a call did: the sandbox' word, checked for form alone."""

    status: Literal["returned", "raised", "too long", "too large", "ended", "not tried"]
    """`ended`: the process was gone afterwards. `not tried`: the function had used up its time before."""
    value: dict[str, Any] = field(default_factory=dict)
    arrays: Sequence[Array] = ()
    after: Sequence[Array] = ()
    """The array arguments, in order, as they were after the call."""
    error: str = ""
    message: str = ""
    text: str = ""
    """The line that raised."""
    seconds: float = 0.0
    """The limit that it passed."""


class Caller(Protocol):
    """Calls students' functions."""

    def call(self, candidate: Candidate, arguments: Sequence[Argument], seed: int, probing: bool) -> Reply:
        """The reply to one call; `probing` allows it less time. Raises `CallsExhaustedError`."""


class CallsExhaustedError(Exception):
    """No more calls can be made, by labgrade's own fault or limits; the message says which."""


class FaultError(AssertionError):
    """A call gave no answer, by the function's own fault; the message is a sentence."""


@dataclass(frozen=True)
class Answer:
    """An answer as a plain array, and what is to be said of its form."""

    array: Array
    remark: str = ""


def answer_of(reply: Reply, in_place: bool = False) -> Answer:
    """The array in `reply`. Raises `FaultError` when there is none.

    `in_place` takes the first argument, as the call left it, for the answer of a function that returns nothing.
    """
    if reply.status != "returned":
        raise FaultError(_fault(reply))
    kind = reply.value.get("kind")
    if kind == "none" and in_place and reply.after:
        return Answer(np.asarray(reply.after[0]))
    if kind == "none":
        raise FaultError(
            "It returns nothing (`None`): a `return` is missing, or it only prints or changes its argument."
        )
    array = _array(reply.value, reply.arrays)
    if array is not None:
        return Answer(array)
    given = reply.value.get("items")
    items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    arrays = [one for one in (_array(item, reply.arrays) for item in items) if one is not None]
    if kind == "items" and arrays:
        chosen = next((one for one in arrays if one.ndim), arrays[0])
        return Answer(chosen, "It returns several things; its first array was taken for the answer.")
    shown = str(reply.value.get("type", "something else"))[:60].removeprefix("builtins.")
    raise FaultError(f"It returns a `{shown}`, which is no array of numbers.")


def _array(described: dict[str, Any], arrays: Sequence[Array]) -> Array | None:
    number = described.get("array")
    if described.get("kind") != "array" or type(number) is not int or not 0 <= number < len(arrays):
        return None
    return np.asarray(arrays[number])


def _fault(reply: Reply) -> str:
    if reply.status == "raised":
        where = f", at `{reply.text}`" if reply.text else ""
        said = f"{reply.error}: {reply.message}" if reply.message else reply.error
        return f"It stops with `{said.replace('`', chr(39))}`{where.replace(chr(10), ' ')}."
    if reply.status == "too long":
        return f"It did not end within {reply.seconds:g} seconds."
    if reply.status == "too large":
        return "Its result is far larger than the arguments call for."
    if reply.status == "ended":
        return "Its process ended during the call, by itself or for want of memory."
    return "It was not tried again, as it had not ended in calls before."
