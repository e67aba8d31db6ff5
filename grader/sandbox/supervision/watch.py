"""Waiting for the end of a run: its own, one by a limit, or one that the host orders."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import Literal

from grader.sandbox.contract import Limits
from grader.sandbox.control import receive_message, send_message
from grader.sandbox.supervision.watchdog import descendants, folder_use, memory, memory_upper_bound, thread_count

_LOOK_SECONDS = 0.05
_COST_SHARE = 0.05
_FOLDER_LOOK_SECONDS = 0.5
_OWN_PROCESSES = 2
_MIB = 1 << 20


@dataclass(frozen=True)
class Verdict:
    """How a run ended."""

    status: Literal["finished", "timed out", "out of memory", "killed", "crashed"]
    message: str = ""
    refused: bool = False
    """Confinement failed: no student code ran; `message` names the step."""


class Clock:
    """Wall clock that can be stopped."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = time.monotonic()

    def pause(self) -> None:
        """Stop it; of no effect when it stands."""
        self._before, self._since = self.seconds(), None

    def resume(self) -> None:
        """Let it go on; of no effect when it runs."""
        self._since = time.monotonic() if self._since is None else self._since

    def seconds(self) -> float:
        """How long it has run."""
        return self._before + (0.0 if self._since is None else time.monotonic() - self._since)


class Watch:
    """The watch over one run."""

    def __init__(self, limits: Limits, top: int, report: int, status: socket.socket, folder: str) -> None:
        self._limits = limits
        self._top = top
        self._report = report
        self._status = status
        self._folder = folder
        self._clock = Clock()
        self._reported = b""
        self._folder_looked = 0.0
        self._pause = _LOOK_SECONDS
        self.peak_bytes = 0
        """Most memory seen, counted generously."""

    def until_end(self) -> Verdict:
        """Wait for the end. Where the run was stopped, its processes still have to be killed."""
        ending = os.pidfd_open(self._top)
        waiting = select.poll()
        for descriptor in (ending, self._status.fileno(), self._report):
            waiting.register(descriptor, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in waiting.poll(1000 * self._pause)}
            if self._report in ready and not self._read_report():
                waiting.unregister(self._report)
            if ending in ready:
                return self._own_end()
            began = time.monotonic()
            verdict = (self._order() if self._status.fileno() in ready else None) or self._limit_passed()
            # Reading /proc of a machine with many processes takes its time: it may not eat up a processor.
            self._pause = max(_LOOK_SECONDS, (time.monotonic() - began) / _COST_SHARE)
            if verdict is not None:
                return verdict

    def _read_report(self) -> bool:
        piece = os.read(self._report, 1 << 16)
        if b"running" in piece:
            send_message(self._status, {"kind": "running"})
        self._reported += piece
        return bool(piece)

    def _own_end(self) -> Verdict:
        while self._read_report():
            pass
        _, wait_status = os.waitpid(self._top, 0)
        code = os.waitstatus_to_exitcode(wait_status)
        messages = [json.loads(line) for line in self._reported.splitlines()]
        for message in messages:
            if message["kind"] == "refused":
                return Verdict("crashed", message["error"], refused=True)
            if message["kind"] == "left":
                code = message["code"]
        if not any(message["kind"] == "running" for message in messages):
            return Verdict("crashed", f"start: the process ended with {_how_left(code)}", refused=True)
        return _verdict(code, self._limits)

    def _order(self) -> Verdict | None:
        try:
            order, _ = receive_message(self._status)
        except EOFError:
            return Verdict("killed", "The host is gone.")
        if order["kind"] == "kill":
            return Verdict("killed", "It was stopped by labgrade.")
        if order["kind"] == "pause":
            self._clock.pause()
        elif order["kind"] == "resume":
            self._clock.resume()
        return None

    def _limit_passed(self) -> Verdict | None:
        limits = self._limits
        if self._clock.seconds() > limits.wall_seconds:
            return Verdict("timed out", f"It ran longer than {limits.wall_seconds:g} seconds.")
        pids = descendants(os.getpid())
        if thread_count(pids) > limits.processes + _OWN_PROCESSES:
            return Verdict("killed", f"It started more than {limits.processes} processes and threads.")
        used = memory_upper_bound(pids)
        self.peak_bytes = max(self.peak_bytes, used)
        if used > limits.memory_bytes and memory(pids) > limits.memory_bytes:
            return Verdict("out of memory", f"It took more than {limits.memory_bytes // _MIB} MiB of memory.")
        return self._folder_limit_passed()

    def _folder_limit_passed(self) -> Verdict | None:
        now = time.monotonic()
        if not self._folder or now < self._folder_looked + _FOLDER_LOOK_SECONDS:
            return None
        self._folder_looked = now
        size, files = folder_use(self._folder)
        if size > self._limits.scratch_bytes:
            return Verdict("killed", f"It wrote more than {self._limits.scratch_bytes // _MIB} MiB.")
        if files > self._limits.scratch_files:
            return Verdict("killed", f"It made more than {self._limits.scratch_files} files.")
        return None


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _verdict(code: int, limits: Limits) -> Verdict:
    if code == 0:
        return Verdict("finished")
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and _cpu_seconds() >= limits.cpu_seconds):
        return Verdict("timed out", f"It used more than {limits.cpu_seconds} seconds of processor time.")
    if code == -signal.SIGKILL:
        return Verdict("killed", "Its process was killed: by itself, or by the system for want of memory.")
    return Verdict("crashed", f"The process ended with {_how_left(code)}.")


def _how_left(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
