"""Calls of students' functions in a confined process, which is replaced when one of them does not come back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import numpy as np

from grader.functions.calls.replies import Argument, CallsExhaustedError, Reply
from grader.recorder.events import ForgedError
from grader.records.functions.plan import Candidate, FunctionPlan
from grader.sandbox.frames import FrameError

CALL_SECONDS, PROBE_SECONDS = 5.0, 2.0
"""Processor time for one call: of a case, and of a probe for the right function."""
WALL_FACTOR = 3
"""Wall seconds that a call may take for each second of processor time that it may take."""
_GRACE_SECONDS = 2.0
"""Beyond its own limit on the wall clock, until a process that does not answer is killed."""
_START_SECONDS = 60.0
_MOST_BYTES = 4 << 20
_MOST_STUCK = 2
_MOST_PROCESSES = 12
LEAST_SECONDS, MOST_SECONDS = 30.0, 240.0
"""For all calls together; between these, as long as the code itself may run."""
_MOST_STRAY = 200
"""Other messages that a process may send before its answer: a student's threads may go on printing."""


class Process(Protocol):
    """What a session needs of a confined process."""

    @property
    def channel(self) -> Any:
        """Framed messages to and from the probe."""

    def kill(self) -> None:
        """End it at once."""


class Session:
    """Calls to functions, over as many processes as it takes. A `Caller`.

    `process` is one that has run the whole submission and waits for calls, or `None`; `fresh` starts another, which
    runs only the definitions of the plan.
    """

    def __init__(
        self, plan: FunctionPlan, process: Process | None, fresh: Callable[[], Process], seconds: float = MOST_SECONDS
    ) -> None:
        self._plan = plan
        self._process = process
        self._fresh = fresh
        self._started = 0
        self._number = 0
        self._stuck: Counter[tuple[int, bool]] = Counter()
        self._seconds = min(max(seconds, LEAST_SECONDS), MOST_SECONDS)
        self._until = time.monotonic() + self._seconds

    def call(self, candidate: Candidate, arguments: Sequence[Argument], seed: int, probing: bool) -> Reply:
        """The reply to one call. Raises `CallsExhaustedError`."""
        seconds = PROBE_SECONDS if probing else CALL_SECONDS
        if self._stuck[candidate.id, probing] >= _MOST_STUCK:
            return Reply("not tried")
        if time.monotonic() > self._until:
            raise CallsExhaustedError(f"the functions together took longer than {self._seconds:.0f} seconds")
        process = self._process or self._started_anew()
        self._number += 1
        header, arrays = _message(candidate, arguments, self._number, seed, seconds)
        try:
            process.channel.send(header, arrays, timeout=WALL_FACTOR * seconds + _GRACE_SECONDS)
            reply = self._reply(process, seconds)
        except TimeoutError:
            reply = self._lost(Reply("too long", seconds=seconds))
        except (EOFError, ConnectionError, FrameError, ForgedError):
            reply = self._lost(Reply("ended"))
        if reply.status in ("too long", "ended"):
            self._stuck[candidate.id, probing] += 1
        return reply

    def close(self) -> None:
        """Let the process go on, or end it."""
        if self._process is not None:
            with suppress(OSError, TimeoutError):
                self._process.channel.send({"type": "enough"}, timeout=_GRACE_SECONDS)
            if self._started:
                self._process.kill()
            self._process = None

    @property
    def first_lives(self) -> bool:
        """Whether the process that it began with was not replaced."""
        return self._started == 0 and self._process is not None

    def _lost(self, reply: Reply) -> Reply:
        if self._process is not None:
            self._process.kill()
        self._process = None
        return reply

    def _started_anew(self) -> Process:
        if self._started >= _MOST_PROCESSES:
            raise CallsExhaustedError(f"its functions ended {_MOST_PROCESSES} processes")
        self._started += 1
        process = self._fresh()
        try:
            process.channel.send(definitions_job(self._plan))
            self._await_ready(process)
        except (EOFError, ConnectionError, FrameError, ForgedError, TimeoutError) as error:
            process.kill()
            raise CallsExhaustedError("its definitions could not be run by themselves") from error
        self._process = process
        return process

    def _await_ready(self, process: Process) -> None:
        deadline = time.monotonic() + _START_SECONDS
        for _ in range(_MOST_STRAY):
            header, _ = process.channel.receive(timeout=max(0.01, deadline - time.monotonic()))
            if header.get("type") == "functions":
                return
        raise ForgedError("messages where readiness was awaited")

    def _reply(self, process: Process, seconds: float) -> Reply:
        deadline = time.monotonic() + WALL_FACTOR * seconds + _GRACE_SECONDS
        for _ in range(_MOST_STRAY):
            header, arrays = process.channel.receive(timeout=max(0.01, deadline - time.monotonic()))
            if header.get("type") == "answer" and header.get("call") == self._number:
                return _checked(header, arrays, seconds)
        raise ForgedError("messages where an answer was awaited")


def definitions_job(plan: FunctionPlan) -> dict[str, Any]:
    """The job of a process that only defines."""
    sources = [statement for definition in plan.definitions for statement in definition.statements]
    return {"definitions": sources, "functions": described_candidates(plan)}


def described_candidates(plan: FunctionPlan) -> list[dict[str, Any]]:
    """The candidates as the probe takes them; `last` says that the name means this definition in the end."""
    last = {candidate.name.partition(".")[0]: candidate.source for candidate in plan.candidates}
    return [
        {"name": one.name, "source": one.source, "last": last[one.name.partition(".")[0]] == one.source}
        for one in plan.candidates
    ]


def _message(
    candidate: Candidate, arguments: Sequence[Argument], number: int, seed: int, seconds: float
) -> tuple[dict[str, Any], list[Any]]:
    arrays: list[Any] = []
    described = []
    for place, argument in enumerate(arguments):
        parameter = argument.parameter
        # What stands before a parameter that is left out has to be named.
        gap = not _given_before(candidate, parameter.name, arguments[:place])
        item: dict[str, Any] = {
            "name": parameter.name,
            "place": "constructor" if parameter.constructor else "call",
            "keyword": parameter.keyword_only or gap,
        }
        if isinstance(argument.value, np.ndarray):
            item["array"] = len(arrays)
            arrays.append(argument.value)
        else:
            item["value"] = list(argument.value) if isinstance(argument.value, tuple) else argument.value
        described.append(item)
    header = {
        "type": "call",
        "call": number,
        "candidate": candidate.id,
        "arguments": described,
        "seed": seed,
        "seconds": seconds,
        "wall": WALL_FACTOR * seconds,
        "most_bytes": _MOST_BYTES,
    }
    return header, arrays


def _given_before(candidate: Candidate, name: str, before: Sequence[Argument]) -> bool:
    """Whether every parameter that stands before `name` gets a value."""
    given = {argument.parameter.name for argument in before}
    known = [parameter.name for parameter in candidate.parameters]
    return name not in known or all(one in given for one in known[: known.index(name)])


def _checked(header: dict[str, Any], arrays: list[Any], seconds: float) -> Reply:
    """A reply whose form is right. Raises `ForgedError`."""
    status, value, after = header.get("status"), header.get("value", {}), header.get("after", 0)
    if status not in ("returned", "raised", "too long", "too large") or not isinstance(value, dict):
        raise ForgedError("an answer of unknown form")
    if type(after) is not int or not 0 <= after <= len(arrays) or sum(a.nbytes for a in arrays) > 8 * _MOST_BYTES:
        raise ForgedError("an answer with the wrong arrays")
    returned = len(arrays) - after
    texts = {name: " ".join(str(header.get(name, ""))[:300].split()) for name in ("error", "message", "text")}
    return Reply(status, value, arrays[:returned], arrays[returned:], **texts, seconds=seconds)
