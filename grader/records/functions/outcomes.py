"""How functions did in a teacher's cases."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.records.base import Record, RecordedEvent


class CaseOutcome(Record):
    """How a function did in one case. The texts are made by the host, of arrays and of the student's messages."""

    title: str
    credit: float
    """Weight among the question's cases."""
    status: Literal["passed", "partial", "failed", "errored"]
    """`errored`: the case itself or labgrade failed."""
    share: float = Field(ge=0.0, le=1.0)
    """Of its credit."""
    message: str = ""
    """One or two sentences: what is wrong. Empty when it passed."""
    given: str = ""
    """The arguments of the call that went wrong, each under its name."""
    answer: str = ""
    """What came back."""
    expected: str = ""
    """What should have come back."""


class FunctionTested(RecordedEvent):
    """The host tried a question's function on the lab's cases, after the last cell; `cell` is the function's."""

    kind: Literal["function_tested"] = "function_tested"
    question: str
    function: str | None = None
    """Its name; `None` when no function was found for the question."""
    line: int | None = None
    """Line in the cell, from 1."""
    called: str = ""
    """How its arguments were given, such as `pool(fmap, size, stride)`."""
    reason: str = ""
    """What speaks for this function, as the end of a sentence."""
    remarks: tuple[str, ...] = ()
    """One sentence each: conventions of its own, work left to a library."""
    cases: tuple[CaseOutcome, ...] = ()
    computing: int | None = None
    """Where no function was found: index of a cell under the question whose code may answer it all the same."""
    trouble: str = ""
    """Why labgrade could not try it, which is no fault of the submission; else empty."""
