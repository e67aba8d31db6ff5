"""The host's end of the line to a student's process: whose time passes, and how often it may ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from numpy.typing import NDArray

from grader.recorder.events import ForgedError
from grader.records.recording import Outcome

Array = NDArray[Any]

MOST_QUESTIONS = {"fit": 2_000, "native": 2_000, "data": 20_000, "evaluated": 5_000, "load_data": 500}
"""Questions of each kind in one recording: the probe stops asking long before."""


class StudentProcess(Protocol):
    """What a recording needs of the confined process."""

    @property
    def channel(self) -> Any:
        """Framed messages to and from the probe."""

    def wait(self, timeout: float | None = None) -> Outcome:
        """How it ended."""

    def kill(self) -> None:
        """End it at once."""

    def close(self) -> None:
        """Give it up, and free what the handle holds."""

    def pause_clock(self) -> None:
        """The time from now on is the host's."""

    def resume_clock(self) -> None:
        """The time from now on is the student's again."""


class Line:
    """Questions and answers. Whatever waits for the student's process waits on that process' own clock, so that one
    which neither sends nor reads runs into its limit instead of holding the host up."""

    def __init__(self, student: StudentProcess) -> None:
        self._student = student
        self._host_time = False
        self._asked: Counter[str] = Counter()

    def count(self, kind: str) -> None:
        """Take note of a question. Raises `ForgedError` for one that the probe never asks, or asks too often."""
        if kind not in MOST_QUESTIONS:
            raise ForgedError(f"a message of unknown type {kind[:40]!r}")
        self._asked[kind] += 1
        if self._asked[kind] > MOST_QUESTIONS[kind]:
            raise ForgedError(f"more than {MOST_QUESTIONS[kind]:,} questions of type {kind!r}")

    def tell(self, header: dict[str, Any], arrays: Sequence[Array] = ()) -> None:
        """Send a message."""
        with self._student_time():
            self._student.channel.send(header, arrays)

    def fetch(self, kind: str, most: int | None = None) -> list[Array]:
        """Have the student's process send what it has announced: a message of type `kind`, at most `most` arrays."""
        with self._student_time():
            self._student.channel.send({"type": "send"})
            reply, arrays = self._student.channel.receive()
        if reply.get("type") != kind or (most is not None and len(arrays) > most):
            raise ForgedError(f"{kind} were asked for and did not come")
        return list(arrays)

    @contextmanager
    def host_time(self) -> Iterator[None]:
        """Stop the student's clock: the host works on its behalf."""
        self._student.pause_clock()
        self._host_time = True
        try:
            yield
        finally:
            self._host_time = False
            self._student.resume_clock()

    @contextmanager
    def _student_time(self) -> Iterator[None]:
        if self._host_time:
            self._student.resume_clock()
        try:
            yield
        finally:
            if self._host_time:
                self._student.pause_clock()
