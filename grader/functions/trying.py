"""One case tried on one function: what it gets, and what the group is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.functions.calls.binding import Binding
from grader.functions.calls.call import Call, Made
from grader.functions.calls.replies import Caller, CallsExhaustedError, FaultError
from grader.functions.declaring import Partly
from grader.functions.findings.diagnosis import alike, difference
from grader.functions.findings.excerpts import shown_arguments, shown_value
from grader.functions.groups import Group, Piece
from grader.functions.loading import place_in
from grader.records.functions.outcomes import CaseOutcome

Array = NDArray[Any]
logger = logging.getLogger(__name__)
_MOST_MESSAGE = 700


@dataclass(frozen=True)
class Tried:
    """A case's outcome, with what else was noticed."""

    outcome: CaseOutcome
    remarks: tuple[str, ...] = ()
    answered: Array | None = None
    """The last answer, where the case failed."""
    expected: Array | None = None
    known: bool = False
    """It failed in a well-known way."""


def tried_case(caller: Caller, group: Group, case: Piece, binding: Binding, path: Path, probing: bool = False) -> Tried:
    """Try `case` on the function of `binding`. Raises `CallsExhaustedError`; nothing that the case itself raises."""
    call = Call(caller, group, binding, probing)
    passed = CaseOutcome(title=case.title, credit=case.value, status="passed", share=1.0)
    with np.errstate(all="ignore"):
        try:
            case.run(call)
        except CallsExhaustedError:
            raise
        except FaultError as fault:
            return _failed(passed, call, str(fault), 0.0, None)
        except Partly as partly:
            return _failed(passed, call, str(partly), partly.share, None)
        except AssertionError as error:
            return _wrong(passed, call, group, binding, error)
        except Exception as error:
            logger.exception("a case failed by its own fault")
            where = place_in(path, error).rpartition("/")[2]
            said = f"The case itself failed ({where}: {type(error).__name__}: {error}); no fault of the submission."
            return Tried(passed.model_copy(update={"status": "errored", "share": 0.0, "message": said[:_MOST_MESSAGE]}))
    return _by_layout(passed, binding, call)


def _by_layout(passed: CaseOutcome, binding: Binding, call: Call) -> Tried:
    layout = binding.layout
    worth, said = (layout.value, layout.title) if layout is not None else (1.0, "")
    if binding.in_place and call.made and call.made[-1].changed:
        worth, said = 0.75, "It returns nothing and changes its argument instead: a `return` is missing."
    if worth >= 1.0:
        return Tried(passed, tuple(call.remarks))
    outcome = passed.model_copy(update={"status": "partial", "share": worth, "message": said})
    return Tried(outcome, tuple(call.remarks), known=True)


def _wrong(passed: CaseOutcome, call: Call, group: Group, binding: Binding, error: AssertionError) -> Tried:
    """A failed assertion: with the answer of a well-known mistake, or with what differs."""
    actual, expected, said = _compared(error)
    made = call.made[-1] if call.made else Made({})
    for piece in group.mistakes if made.answer is not None else ():
        wrong = _mistaken(piece, made.given)
        telling = piece.overflows or np.isfinite(wrong).any()
        if telling and alike(made.answer, wrong) and not (expected is not None and alike(wrong, expected)):
            worth = piece.value * (binding.layout.value if binding.layout else 1.0)
            return replace(_failed(passed, call, _with_lack(piece.title, binding, made), worth, expected), known=True)
    if expected is not None and actual is not None and not said:
        said = _with_lack(difference(actual, expected), binding, made)
    return _failed(passed, call, said or "The answer is not the right one.", 0.0, expected)


def _with_lack(said: str, binding: Binding, made: Made) -> str:
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


def _failed(passed: CaseOutcome, call: Call, said: str, share: float, expected: Array | None) -> Tried:
    made = call.made[-1] if call.made else Made({})
    given = {name: value for name, value in made.given.items() if call.takes(name)}
    changed = {f"{name} after the call": value for name, value in made.changed.items()} if made.answer is None else {}
    update = {
        "status": "partial" if share > 0 else "failed",
        "share": share,
        "message": said[:_MOST_MESSAGE],
        "given": shown_arguments(given),
        "answer": shown_value(made.answer) if made.answer is not None else shown_arguments(changed),
        "expected": shown_value(expected) if expected is not None else "",
    }
    return Tried(passed.model_copy(update=update), tuple(call.remarks), made.answer, expected)


def _compared(error: AssertionError) -> tuple[Array | None, Array | None, str]:
    """What `numpy.testing` compared (actual, desired), and the message that the case gave with it.

    A plain `assert` has no arrays, but may have a message.
    """
    for frame in _frames(error.__traceback__):
        file, local = frame.tb_frame.f_code.co_filename, frame.tb_frame.f_locals
        if "testing" in file and "numpy" in file and frame.tb_frame.f_code.co_name.startswith("assert"):
            actual = local.get("actual", local.get("x"))
            desired = local.get("desired", local.get("y"))
            return _array(actual), _array(desired), str(local.get("err_msg") or "")
    said = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    return None, None, said


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _array(value: Any) -> Array | None:
    array = np.asarray(value)
    return array if array.dtype.kind in "biufc" else None
