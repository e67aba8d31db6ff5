"""The host's end of the line to a student's process: typed messages, whose time passes, and how often it may ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from grader.probe.messages import (
    ArraysSent,
    DataOffered,
    DatasetAsked,
    FitAsked,
    FitReported,
    FromHost,
    FromProbe,
    MessageError,
    ModelEvaluated,
    Question,
    Send,
    WeightsSent,
    from_probe,
    header_of,
)
from grader.records import Outcome
from grader.sandbox.frames import Array, JsonObject

MOST_QUESTIONS: dict[type[Question], int] = {
    FitAsked: 2_000,
    FitReported: 2_000,
    DataOffered: 20_000,
    ModelEvaluated: 5_000,
    DatasetAsked: 500,
}
"""Questions of each kind in one recording: the probe stops asking long before."""


class ForgedError(Exception):
    """The sandbox sent something that the probe never sends."""


class FrameChannel(Protocol):
    """Frames to and from a process."""

    def send(self, header: JsonObject, arrays: Sequence[Array] = (), timeout: float | None = None) -> None:
        """Send one; raises TimeoutError after `timeout` seconds."""

    def receive(self, timeout: float | None = None) -> tuple[JsonObject, list[Array]]:
        """The next one; raises EOFError, FrameError, TimeoutError."""


class Process(Protocol):
    """What calls of functions need of a confined process."""

    @property
    def channel(self) -> FrameChannel:
        """Frames to and from the probe."""

    def kill(self) -> None:
        """End it at once."""


class ClockedProcess(Process, Protocol):
    """A confined process whose wall clock can be stopped."""

    def pause_clock(self) -> None:
        """The time from now on is the host's."""

    def resume_clock(self) -> None:
        """The time from now on is the student's again."""


class StudentProcess(ClockedProcess, Protocol):
    """What a recording needs of the confined process."""

    def wait(self, timeout: float | None = None) -> Outcome:
        """How it ended."""

    def close(self) -> None:
        """Give it up, and free what the handle holds."""


def send_message(
    channel: FrameChannel, message: FromHost, arrays: Sequence[Array] = (), timeout: float | None = None
) -> None:
    """Send a message; raises TimeoutError after `timeout` seconds."""
    if timeout is None:
        channel.send(header_of(message), arrays)
    else:
        channel.send(header_of(message), arrays, timeout=timeout)


def receive_message(channel: FrameChannel, timeout: float | None = None) -> tuple[FromProbe, list[Array]]:
    """The next message and its arrays. Raises `ForgedError` for a frame that holds none, and what the channel does."""
    header, arrays = channel.receive(timeout)
    try:
        return from_probe(header), arrays
    except MessageError as error:
        raise ForgedError(f"a message that is none: {error}") from error


class Connection:
    """Questions and answers. Whatever waits for the student's process waits on that process' own clock, so that one
    which neither sends nor reads runs into its limit instead of holding the host up."""

    def __init__(self, student: StudentProcess) -> None:
        self._student = student
        self._host_time = False
        self._asked: Counter[type[Question]] = Counter()

    def receive(self) -> tuple[FromProbe, list[Array]]:
        """The next message and its arrays. Raises `ForgedError`."""
        return receive_message(self._student.channel)

    def count(self, question: Question) -> None:
        """Take note of a question. Raises `ForgedError` where its kind is asked too often."""
        kind = type(question)
        self._asked[kind] += 1
        if self._asked[kind] > MOST_QUESTIONS[kind]:
            raise ForgedError(f"more than {MOST_QUESTIONS[kind]:,} questions of type {kind.__name__}")

    def tell(self, message: FromHost, arrays: Sequence[Array] = ()) -> None:
        """Send a message."""
        with self._student_time():
            send_message(self._student.channel, message, arrays)

    def fetch(self, kind: type[ArraysSent] | type[WeightsSent], most: int | None = None) -> list[Array]:
        """Have the student's process send what it has announced: a message of type `kind`, at most `most` arrays."""
        with self._student_time():
            send_message(self._student.channel, Send())
            reply, arrays = self.receive()
        if not isinstance(reply, kind) or (most is not None and len(arrays) > most):
            raise ForgedError(f"{kind.__name__} was asked for and did not come")
        return arrays

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
