"""The host's side of what the warm server forked: handles of runs and of the trainer, and how a run ended.

Besides, the condition of the server itself, looked at between submissions: is it still what it was?
"""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.errors import LabgradeError, SandboxUnavailableError
from grader.records import Outcome
from grader.sandbox.contract import Ended, Limits, out_of_memory
from grader.sandbox.control import Failed, Message, Order, Refused, Running, receive_message, send_message
from grader.sandbox.frames import Channel
from grader.sandbox.usage import descendants

_START_SECONDS = 60.0
"""From a fork to student code: milliseconds as a rule, but confinement mounts a file system for each run, and a machine
under load takes its time."""
_PIECE = 1 << 16
_TAIL = 4096
"""Bytes of the output that are read for why a process aborted: the last words come last."""
_NO_MEMORY = (b"std::bad_alloc", b"Cannot allocate memory", b"OOM when allocating", b"out of memory")
_NO_THREAD = (b"Thread creation failed", b"pthread_create", b"Resource temporarily unavailable")
_PROC = Path("/proc")
_MOST_GROWTH = 128 << 20
"""Bytes. Answering costs the server some memory; a leak would slow every submission after it."""

_ENDING_SECONDS = 3.0
"""Processes of a run that has just ended may still be on their way out; one that stays longer means to."""


class StudentProcess:
    """A run of student code. `channel` is the host's end of what its entry function got."""

    def __init__(self, channel: Channel, output: int, limits: Limits, status: socket.socket) -> None:
        self.channel = channel
        self._status = status
        self._limits = limits
        self._ended: Ended | None = None
        self._given_up = False
        self._outcome: Outcome | None = None
        self._output = bytearray()
        self._truncated = False
        self._reader = threading.Thread(target=self._read_output, args=(output, limits.output_bytes), daemon=True)
        self._reader.start()

    def await_running(self) -> None:
        """Wait until student code runs. Raises SandboxUnavailableError with the step of confinement that failed."""
        try:
            message, _ = receive_message(self._status, _START_SECONDS)
        except (EOFError, TimeoutError) as error:
            raise LabgradeError("the warm server did not start the run") from error
        if not isinstance(message, Running):
            self._take(message)

    def output(self) -> bytes:
        """What the run has written to descriptors 1 and 2 so far, at most the limit's bytes."""
        return bytes(self._output)

    @property
    def output_truncated(self) -> bool:
        """Whether more was written than the limit keeps."""
        return self._truncated

    def pause_clock(self) -> None:
        """Stop the wall clock: the host works on the run's behalf."""
        self._order(Order("pause"))

    def resume_clock(self) -> None:
        """Let the wall clock go on."""
        self._order(Order("resume"))

    def kill(self) -> None:
        """Have all of the run's processes killed; `wait` then returns soon. Of no effect after the end."""
        self._given_up = True
        self._order(Order("kill"))

    def wait(self, timeout: float | None = None) -> Outcome:
        """How the run ended; every process of it is gone then. Raises TimeoutError after `timeout` seconds.

        Raises LabgradeError when the supervisor itself failed or the warm server died.
        """
        if self._ended is None:
            try:
                message, _ = receive_message(self._status, timeout)
            except EOFError as error:
                raise LabgradeError("the supervisor of a run is gone") from error
            self._take(message)
        self._reader.join()
        assert self._ended is not None
        if self._outcome is None:
            self._outcome = outcome_of(self._ended, self.output(), self._limits)
        return self._outcome

    def close(self) -> None:
        """Give up the run: its processes are killed if they still live."""
        self.channel.close()
        self._status.close()

    @property
    def ended(self) -> bool:
        """Whether the run is over, or will be within moments."""
        return self._given_up or self._ended is not None or self._status.fileno() < 0

    def _order(self, order: Order) -> None:
        if self._ended is None:
            with suppress(OSError):
                send_message(self._status, order)

    def _take(self, message: Message) -> None:
        if isinstance(message, Refused):
            raise SandboxUnavailableError(
                f"Student code was not run, as it could not be confined ({message.error}); see `labgrade doctor`."
            )
        if not isinstance(message, Ended):
            reason = message.error if isinstance(message, Failed) else type(message).__name__
            raise LabgradeError(f"the supervisor of a run failed: {reason}")
        self._ended = message

    def _read_output(self, output: int, most: int) -> None:
        try:
            while piece := os.read(output, _PIECE):
                room = most - len(self._output)
                self._output += piece[:room]
                if len(piece) > room:
                    self._truncated = True
                    break
        finally:
            os.close(output)


class TrainerProcess:
    """The trainer, forked from the warm image. `channel` is the host's end of what its entry function got."""

    def __init__(self, channel: Channel, pid: int, process: int) -> None:
        """`process` is a descriptor of it (pidfd_open(2)), which the handle owns."""
        self.channel = channel
        self.pid = pid
        self._process = process

    @property
    def alive(self) -> bool:
        """Whether the process still lives."""
        if self._process < 0:
            return False
        waiting = select.poll()
        waiting.register(self._process, select.POLLIN)
        return not waiting.poll(0)

    def kill(self, timeout: float = 5.0) -> None:
        """Kill it and wait until it is gone. Of no effect when it is."""
        if self._process < 0:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        until = time.monotonic() + timeout
        while self.alive and time.monotonic() < until:
            time.sleep(0.005)

    def close(self) -> None:
        """Kill it and free what the handle holds."""
        self.kill()
        self.channel.close()
        if self._process >= 0:
            os.close(self._process)
            self._process = -1


def outcome_of(ended: Ended, output: bytes, limits: Limits) -> Outcome:
    """The outcome of a run whose supervisor said `ended` and which wrote `output` to its standard streams.

    C++ libraries abort where memory or threads are refused, and say so on the error stream. Those words are the
    student process's: they only tell one early end from another, which costs and earns the same.
    """
    outcome = Outcome(
        status=ended.status,
        message=ended.message,
        seconds=ended.seconds,
        limit=ended.limit,
        observed=ended.observed,
        allowed=ended.allowed,
    )
    if outcome.status != "crashed" or not ended.aborted:
        return outcome
    tail = output[-_TAIL:]
    if any(words in tail for words in _NO_MEMORY):
        verdict = out_of_memory(-signal.SIGABRT, ended.peak_bytes, limits)
        told = {"status": verdict.status, "message": verdict.message, "limit": "memory"}
        return outcome.model_copy(update={**told, "observed": verdict.observed, "allowed": verdict.allowed})
    if any(words in tail for words in _NO_THREAD):
        message = f"It could not start another thread; {limits.processes} processes and threads are allowed."
        allowed = float(limits.processes)
        return outcome.model_copy(
            update={"status": "killed", "message": message, "limit": "processes", "allowed": allowed}
        )
    return outcome


@dataclass(frozen=True)
class Condition:
    """What may not change in a server that only forks."""

    started: str
    """Time since boot, as proc_pid_stat(5) has it: another process with the same id has another."""
    threads: str
    descriptors: tuple[str, ...]
    data_bytes: int
    digest: str
    """The server's own word on its memory: `grader.sandbox.server`."""


def condition(pid: int, digest: str) -> Condition | None:
    """The condition of the process `pid`; `None` when there is none."""
    place = _PROC / str(pid)
    try:
        after_name = (place / "stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line)
        descriptors = sorted(f"{entry.name} {entry.readlink()}" for entry in (place / "fd").iterdir())
        data = int(status["VmData"].split()[0]) << 10
    except (OSError, KeyError, ValueError, IndexError):
        return None
    if after_name[0] == "Z":
        return None
    return Condition(after_name[19], status["Threads"].strip(), tuple(descriptors), data, digest)


def change(before: Condition, after: Condition | None) -> str | None:
    """In which respect `after` is not what was before; `None` when in none."""
    if after is None or after.started != before.started:
        return "it is gone"
    for name in ("threads", "descriptors", "digest"):
        if getattr(after, name) != getattr(before, name):
            return f"its {name} changed"
    if after.data_bytes > before.data_bytes + _MOST_GROWTH:
        return f"it grew by {(after.data_bytes - before.data_bytes) >> 20} MiB"
    return None


def strangers(pid: int, known: Collection[int]) -> list[int]:
    """Processes below `pid` that are none of `known`, after giving those that are about to end time to do so."""
    until = time.monotonic() + _ENDING_SECONDS
    while True:
        found = [one for one in descendants(pid) if one not in known and _lives(one)]
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except PermissionError:
        return True
    except (OSError, IndexError):
        return False
