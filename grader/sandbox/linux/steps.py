"""Steps of confinement: each is named, and one that fails stops everything after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from grader.sandbox.control import Left, Message, Refused, Running, encode


class ConfinementError(Exception):
    """A step of confinement failed. No student code may run in this process."""

    def __init__(self, step: str, cause: BaseException) -> None:
        kind = "" if isinstance(cause, OSError) else f"{type(cause).__name__}: "
        super().__init__(f"{step}: {kind}{cause}")
        self.step = step


@contextmanager
def step(name: str) -> Iterator[None]:
    """One step; any failure in it becomes a ConfinementError that bears its name."""
    try:
        yield
    except ConfinementError:
        raise
    except BaseException as error:
        raise ConfinementError(name, error) from error


def report_refusal(descriptor: int, error: ConfinementError) -> None:
    """Write to `descriptor` that confinement failed."""
    _report(descriptor, Refused(str(error)))


def report_running(descriptor: int) -> None:
    """Write to `descriptor` that student code runs next, and close it."""
    _report(descriptor, Running())
    os.close(descriptor)


def report_left(descriptor: int, code: int) -> None:
    """Write to `descriptor` with which code, or minus which signal, the student's process left."""
    _report(descriptor, Left(code))


def _report(descriptor: int, message: Message) -> None:
    with suppress(OSError):
        os.write(descriptor, encode(message) + b"\n")
