"""`call`: the proxy through which a case reaches the student's function, what comes back, and what it is worth.

The function runs in the sandbox, the case on the host. A `Reply` is the sandbox's word on one call and checked for
form; `Call` puts the case's arguments into the student's order and layout; `try_case` makes of what the case raises
an outcome that the group can read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from grader.functions.bindings import Binding, Source
from grader.functions.candidates import Candidate, Parameter
from grader.functions.cases import Group, Partly, Piece
from grader.functions.diagnosis import arguments_text, difference, same_numbers, value_text
from grader.functions.loading import place_in
from grader.records import CaseOutcome

logger = logging.getLogger(__name__)
Array = NDArray[Any]
_MOST_MESSAGE = 700
"""Characters of what a group is told about a case."""
_IN_PLACE_WORTH = 0.75
"""Share of a case for a function that works everything out and forgets to return it."""

_FORM_ERRORS = frozenset({"TypeError", "ValueError", "IndexError", "AttributeError"})
_FORM_WORDS = re.compile(r"unpack|\b(?:int|float|tuple|list)\b|scalar|\b0-d|invalid index")
"""What Python and NumPy say where a number stands for a pair, or a pair for a number, such as `cannot unpack
non-iterable int object`. A function that raises for another reason is called again in vain."""


@dataclass(frozen=True)
class Argument:
    """One argument as the student's function gets it."""

    parameter: Parameter
    value: Any
    """An array, or a plain value."""


@dataclass(frozen=True)
class Returned:
    """What a function gave back, as the sandbox describes it."""

    kind: Literal["none", "array", "items", "other"]
    type: str = ""
    """Its class, with the module."""
    array: int = 0
    """Of an array: its place among those of the reply."""
    items: tuple[Returned, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What a call did: the sandbox's word, checked for form alone."""

    status: Literal["returned", "raised", "too long", "too large", "ended", "not tried"]
    """`ended`: the process was gone afterwards. `not tried`: the function had used up its time before."""
    value: Returned = Returned("none")
    """What was returned, described."""
    arrays: Sequence[Array] = ()
    after: Sequence[Array] = ()
    """The array arguments, in order, as they were after the call."""
    error: str = ""
    """Name of the exception that it raised."""
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

    def __init__(self, message: str, stuck: bool = False) -> None:
        super().__init__(message)
        self.stuck = stuck
        """The call ran out of its time, or ended the process: another try costs as much again."""


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
        raise FaultError(_fault(reply), stuck=reply.status in ("too long", "ended"))
    kind = reply.value.kind
    if kind == "none" and in_place and reply.after:
        return Answer(np.asarray(reply.after[0]))
    if kind == "none":
        raise FaultError(
            "It returns nothing (`None`): a `return` is missing, or it only prints or changes its argument."
        )
    array = _replied_array(reply.value, reply.arrays)
    if array is not None:
        return Answer(array)
    arrays = [one for one in (_replied_array(item, reply.arrays) for item in reply.value.items) if one is not None]
    if kind == "items" and arrays:
        chosen = next((one for one in arrays if one.ndim), arrays[0])
        return Answer(chosen, "It returns several things; its first array was taken for the answer.")
    shown = (reply.value.type or "something else").removeprefix("builtins.").replace("`", "'")
    raise FaultError(f"It returns a `{shown}`, which is no array of numbers.")


def _replied_array(returned: Returned, arrays: Sequence[Array]) -> Array | None:
    if returned.kind != "array" or returned.array >= len(arrays):
        return None
    return np.asarray(arrays[returned.array])


def _fault(reply: Reply) -> str:
    """Why a call that did not return gave no answer, as a sentence. Backticks of the student's are taken out."""
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


@dataclass
class CaseCall:
    """One call of a case, in the case's own form."""

    given: dict[str, Any]
    """The arguments by the names that the case knows them under."""
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
        self.made: list[CaseCall] = []
        """The calls so far."""
        self.remarks: list[str] = []
        """What was noticed about the form of the answers, each once."""

    def __call__(self, *values: Any, **options: Any) -> Array:
        """The function's answer, as an array of the base class. Arguments are given in the order of `arguments`.

        Raises `FaultError` where the function gives none, `CallsExhaustedError`, and `TypeError` for wrong arguments.
        """
        given = self._group.named(values, options)
        made = CaseCall(dict(given))
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
        reply, arguments = self._in_some_form(arguments)
        made = self.made[-1]
        before = [argument for argument in arguments if isinstance(argument.value, np.ndarray)]
        for argument, after in zip(before, reply.after, strict=False):
            if not _same(argument.value, after):
                made.changed[argument.parameter.name] = np.asarray(after)
        if self._binding.in_place and self._probing and not made.changed:
            # A function that returns nothing and changes nothing: its untouched argument is no answer.
            raise FaultError("It returns nothing.")
        answer = answer_of(reply, self._binding.in_place)
        if answer.remark and answer.remark not in self.remarks:
            self.remarks.append(answer.remark)
        return answer.array

    def _in_some_form(self, arguments: list[Argument]) -> tuple[Reply, list[Argument]]:
        """The reply to a call, and the arguments as they were given in the end.

        Where the function stumbles over a number that it wants as a pair, or the other way round, that is the form of
        labgrade's own call: it is given in the other form. Of a function that no form suits, the first reply counts.
        """
        first = self._caller.call(self._binding.candidate, arguments, 0, self._probing)
        if not _stumbles(first):
            return first, arguments
        for other in _other_forms(arguments):
            reply = self._caller.call(self._binding.candidate, other, 0, self._probing)
            if reply.status == "returned":
                return reply, other
        return first, arguments

    def _value(self, source: Source, given: dict[str, Any]) -> Any:
        if source.argument:
            return given[source.argument]
        return source.filler(given) if callable(source.filler) else source.filler


def _stumbles(reply: Reply) -> bool:
    """Whether a call raised as it does where an argument has another form than the function expects."""
    if reply.status != "raised":
        return False
    return reply.error == "AssertionError" or (reply.error in _FORM_ERRORS and bool(_FORM_WORDS.search(reply.message)))


def _other_forms(arguments: Sequence[Argument]) -> Iterator[list[Argument]]:
    """The arguments with all numbers as pairs and pairs as numbers, then with one of them so at a time."""
    changed = {place: _turned(argument.value) for place, argument in enumerate(arguments)}
    places = [place for place, value in changed.items() if value is not None]
    for chosen in [places, *([place] for place in places if len(places) > 1)]:
        if chosen:
            yield [
                replace(argument, value=changed[place]) if place in chosen else argument
                for place, argument in enumerate(arguments)
            ]


def _turned(value: Any) -> Any:
    """2 as (2, 2), and (2, 2) as 2; `None` for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if isinstance(value, tuple | list) and len(value) == 2 and value[0] == value[1] and isinstance(value[0], int):
        return value[0]
    return None


def _plain(value: Any) -> Any:
    """A copy as the sandbox gets it: what the function does to it is not done to the case's own array."""
    if isinstance(value, np.generic):
        return value.item()
    return np.array(value) if isinstance(value, np.ndarray) else value


def _same(before: Array, after: Array) -> bool:
    if before.shape != after.shape or before.dtype != after.dtype:
        return False
    return bool(np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"))


@dataclass(frozen=True)
class CaseTrial:
    """A case's outcome, with what else was noticed."""

    outcome: CaseOutcome
    remarks: tuple[str, ...] = ()
    answered: Array | None = None
    """The last answer, where the case failed."""
    expected: Array | None = None
    """What the case compared it with, where it failed in a comparison."""
    known: bool = False
    """It failed in a well-known way."""
    stuck: bool = False
    """A call did not end in time, or its process ended."""


def try_case(
    caller: Caller, group: Group, case: Piece, binding: Binding, path: Path, probing: bool = False
) -> CaseTrial:
    """Try `case` on the function of `binding`. Raises `CallsExhaustedError`; nothing that the case itself raises."""
    call = Call(caller, group, binding, probing)
    passed = CaseOutcome(title=case.title, credit=case.value, status="passed", share=1.0)
    with np.errstate(all="ignore"):
        try:
            case.run(call)
        except CallsExhaustedError:
            raise
        except FaultError as fault:
            return replace(_failed(passed, call, str(fault), 0.0, None), stuck=fault.stuck)
        except Partly as partly:
            return _failed(passed, call, str(partly), partly.share, None)
        except AssertionError as error:
            return _wrong(passed, call, group, binding, error)
        except Exception as error:
            logger.exception("a case failed by its own fault")
            where = place_in(path, error).rpartition("/")[2]
            said = f"The case itself failed ({where}: {type(error).__name__}: {error}); no fault of the submission."
            return CaseTrial(
                passed.model_copy(update={"status": "errored", "share": 0.0, "message": said[:_MOST_MESSAGE]})
            )
    return _by_layout(passed, binding, call)


def _by_layout(passed: CaseOutcome, binding: Binding, call: Call) -> CaseTrial:
    """A case that passed, worth what the convention that the function follows is worth."""
    layout = binding.layout
    worth, said = (layout.value, layout.title) if layout is not None else (1.0, "")
    if binding.in_place and call.made and call.made[-1].changed:
        worth, said = _IN_PLACE_WORTH, "It returns nothing and changes its argument instead: a `return` is missing."
    if worth >= 1.0:
        return CaseTrial(passed, tuple(call.remarks))
    outcome = passed.model_copy(update={"status": "partial", "share": worth, "message": said})
    return CaseTrial(outcome, tuple(call.remarks), known=True)


def _wrong(passed: CaseOutcome, call: Call, group: Group, binding: Binding, error: AssertionError) -> CaseTrial:
    """A failed assertion: with the answer of a well-known mistake, or with what differs."""
    actual, expected, said = _compared(error)
    made = call.made[-1] if call.made else CaseCall({})
    for piece in group.mistakes if made.answer is not None else ():
        wrong = _mistaken(piece, made.given)
        # All NaN or infinite comes of many mistakes: it tells one that is declared so. And where a mistake gives the
        # right answer, as it may for simple arguments, it is not what went wrong.
        telling = piece.overflows or np.isfinite(wrong).any()
        if (
            telling
            and same_numbers(made.answer, wrong)
            and not (expected is not None and same_numbers(wrong, expected))
        ):
            worth = piece.value * (binding.layout.value if binding.layout else 1.0)
            return replace(_failed(passed, call, _with_lack(piece.title, binding, made), worth, expected), known=True)
    if expected is not None and actual is not None and not said:
        said = _with_lack(difference(actual, expected), binding, made)
    return _failed(passed, call, said or "The answer is not the right one.", 0.0, expected)


def _with_lack(said: str, binding: Binding, made: CaseCall) -> str:
    """`said`, and which of the case's arguments the function has no parameter for."""
    lacking = [name for name in made.given if name not in binding.taken]
    if not lacking:
        return said
    return f"{said} The function has no parameter for the {' and the '.join(lacking)}."


def _mistaken(piece: Piece, given: dict[str, Any]) -> Any:
    """The answer that a mistake gives; an empty array where it cannot."""
    copies = {name: np.array(value) if isinstance(value, np.ndarray) else value for name, value in given.items()}
    try:
        answer = np.asarray(piece.run(**copies))
        return answer if answer.dtype.kind in "biufc" else np.empty((0, 0, 0))
    except Exception:
        return np.empty((0, 0, 0))


def _failed(passed: CaseOutcome, call: Call, said: str, share: float, expected: Array | None) -> CaseTrial:
    made = call.made[-1] if call.made else CaseCall({})
    given = {name: value for name, value in made.given.items() if call.takes(name)}
    changed = {f"{name} after the call": value for name, value in made.changed.items()} if made.answer is None else {}
    update = {
        "status": "partial" if share > 0 else "failed",
        "share": share,
        "message": said[:_MOST_MESSAGE],
        "given": arguments_text(given),
        "answer": value_text(made.answer) if made.answer is not None else arguments_text(changed),
        "expected": value_text(expected) if expected is not None else "",
    }
    return CaseTrial(passed.model_copy(update=update), tuple(call.remarks), made.answer, expected)


def _compared(error: AssertionError) -> tuple[Array | None, Array | None, str]:
    """What `numpy.testing` compared (actual, desired), and the message that the case gave with it.

    A plain `assert` has no arrays, but may have a message.
    """
    for frame in _frames(error.__traceback__):
        # NumPy keeps no arrays in its exception; its functions' own parameters are `actual` and `desired`, or `x`, `y`.
        file, local = frame.tb_frame.f_code.co_filename, frame.tb_frame.f_locals
        if "testing" in file and "numpy" in file and frame.tb_frame.f_code.co_name.startswith("assert"):
            actual = local.get("actual", local.get("x"))
            desired = local.get("desired", local.get("y"))
            return _numeric_array(actual), _numeric_array(desired), str(local.get("err_msg") or "")
    said = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    return None, None, said


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _numeric_array(value: Any) -> Array | None:
    array = np.asarray(value)
    return array if array.dtype.kind in "biufc" else None
