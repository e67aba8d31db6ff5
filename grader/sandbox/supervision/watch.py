"""Waiting for the end of a run: its own, one by a limit, or one that the host orders."""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import time

from grader.sandbox.contract import Limits
from grader.sandbox.control import receive_message, send_message
from grader.sandbox.supervision.clock import Clock
from grader.sandbox.supervision.folder import deleted_use, folder_use, free_bytes
from grader.sandbox.supervision.verdicts import Verdict, how_left, limit_hit, verdict_of_exit
from grader.sandbox.supervision.watchdog import descendants, memory, memory_upper_bound, thread_count

_LOOK_SECONDS = 0.05
_COST_SHARE = 0.05
_LONGEST_PAUSE = 0.5
_FOLDER_LOOK_SECONDS = 0.5
_OWN_PROCESSES = 2


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
        self._running = False
        """Whether student code may run by now: what was there before is the warm image, not the student's."""
        self._folder_looked = 0.0
        self._room = self._free = 0
        self._pause = _LOOK_SECONDS
        self._image = memory_upper_bound([os.getpid()])
        """Bytes of the warm image that the run's processes are taken to share: at most what this process has of it."""
        self._inherited = 0
        """The same, where a page counts for each process that has it."""
        self.peak_bytes = 0
        """Most memory seen beyond the warm image; below the limit a page that processes share counts for each."""

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
            began = time.process_time()
            verdict = (self._order() if self._status.fileno() in ready else None) or self._limit_passed()
            # Reading /proc of a machine with many processes takes its time: it may not eat up a processor. Only its
            # own work counts, or a run that keeps the processors busy would buy itself longer pauses.
            self._pause = min(max(_LOOK_SECONDS, (time.process_time() - began) / _COST_SHARE), _LONGEST_PAUSE)
            if verdict is not None:
                return verdict

    def _read_report(self) -> bool:
        piece = os.read(self._report, 1 << 16)
        if b"running" in piece:
            self._running = True
            self._clock.restart()
            started = descendants(os.getpid())
            self._image, self._inherited = min(self._image, memory(started)), memory_upper_bound(started)
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
            return Verdict("crashed", f"start: the process ended with {how_left(code)}", refused=True)
        return verdict_of_exit(code, self._limits, _cpu_seconds(), self.peak_bytes)

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
        seconds = self._clock.seconds()
        if seconds > limits.wall_seconds:
            return limit_hit("wall", seconds, limits)
        if not self._running:
            return None
        pids = descendants(os.getpid())
        threads = thread_count(pids) - _OWN_PROCESSES
        if threads > limits.processes:
            return limit_hit("processes", threads, limits)
        used = memory_upper_bound(pids)
        if used > limits.memory_bytes:
            used = max(0, memory(pids) - self._image)
            self.peak_bytes = max(self.peak_bytes, used)
        else:
            self.peak_bytes = max(self.peak_bytes, used - self._inherited)
        if used > limits.memory_bytes:
            return limit_hit("memory", used, limits)
        return self._folder_limit_passed(pids)

    def _folder_limit_passed(self, pids: list[int]) -> Verdict | None:
        """Where scratch is a folder of the host, nothing but this look bounds it."""
        if not self._folder or not self._folder_may_be_full():
            return None
        size, files, hidden = folder_use(self._folder)
        size += deleted_use(pids, self._folder)
        self._folder_looked, self._room = time.monotonic(), self._limits.scratch_bytes - size
        self._free = free_bytes(self._folder)
        if size > self._limits.scratch_bytes:
            return limit_hit("scratch", size, self._limits)
        if files > self._limits.scratch_files:
            return limit_hit("files", files, self._limits)
        if hidden:
            return Verdict("killed", "It made folders whose files cannot be counted.", limit="files")
        return None

    def _folder_may_be_full(self) -> bool:
        """Whether it is time to look, or the disk has lost more space since the last look than the run has left."""
        late = time.monotonic() > self._folder_looked + _FOLDER_LOOK_SECONDS
        return late or self._free - free_bytes(self._folder) > self._room


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
