"""The supervisor: one per run, outside the confinement. It starts the run, watches its limits and clears up after it.

A run ends by itself, by a limit, or because the host orders it or is gone. `python -m grader.sandbox` and the first
process of a container load this module; nothing of the host's half may be imported here.
"""

from __future__ import annotations

import os
import resource
import secrets
import select
import signal
import socket
import stat
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from grader.sandbox.contract import Ended, Job, Limits, Verdict, how_left, limit_hit, verdict_of_exit
from grader.sandbox.control import Failed, Left, Message, Order, Refused, Running, decode, receive_message, send_message
from grader.sandbox.linux.confine import start_confined
from grader.sandbox.linux.kernel import ConfinementError, Prctl, die_with_parent, prctl
from grader.sandbox.usage import (
    Clock,
    deleted_use,
    descendants,
    folder_use,
    free_bytes,
    memory,
    memory_upper_bound,
    thread_count,
)

_LOOK_SECONDS = 0.05
"""Between two looks. One process is bounded by the kernel meanwhile (RLIMIT_DATA); several together pass the limit by
no more than they can write in this time."""
_COST_SHARE = 0.05
"""Share of one processor that looking may take: it is the students' time."""
_LONGEST_PAUSE = 0.5
"""Seconds, however dear a look is: a limit on a run that is seen later is none."""
_FOLDER_LOOK_SECONDS = 0.5
"""Counting 20,000 files takes longer than reading /proc; a disk that fills faster is looked at sooner, see
`_folder_may_be_full`."""
_OWN_PROCESSES = 2
"""Not counted against the run: the first process of its namespace, and the main thread of the student's."""

_CLEARING_ROUNDS = 500
_CLEARING_PAUSE = 0.01
"""Five seconds in all: a killed process goes at once, unless the kernel is still at work for it, as on a slow disk."""

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class _ServerGoneError(BaseException):
    """The warm server died; raised out of whatever the supervisor is doing."""


def supervise(job: Job, status: socket.socket, server: int) -> NoReturn:
    """Run `job` to its end and leave the process. `status` carries what the host has to know, and its orders."""
    folder = None
    ended: Message = Failed("the supervisor stopped")
    try:
        _prepare(job, status, server)
        if job.provider != "namespaces":
            folder = tempfile.mkdtemp(prefix="labgrade-run-")
        ended = run_watched(job, folder or "", status)
    except _ServerGoneError:
        pass
    except ConfinementError as error:
        ended = Refused(str(error))
    except BaseException as error:
        traceback.print_exc()
        ended = Failed(f"{type(error).__name__}: {error}")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _clear_processes()
        if folder is not None:
            _remove(folder)
        with suppress(OSError):
            send_message(status, ended)
        os._exit(0)


def _prepare(job: Job, status: socket.socket, server: int) -> None:
    def gone(*_: object) -> None:
        raise _ServerGoneError

    signal.signal(signal.SIGTERM, gone)
    die_with_parent(signal.SIGTERM, server)
    prctl(Prctl.SET_CHILD_SUBREAPER, 1)
    keep = sorted({0, 1, 2, job.channel, job.output, status.fileno()})
    for low, high in zip(keep, [*keep[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        if low + 1 < high:
            os.closerange(low + 1, high)


def run_watched(
    job: Job, folder: str, status: socket.socket, when_forked: Callable[[], None] = lambda: None
) -> Ended | Refused:
    """Start `job` confined, watch it to its end and clear its processes away: what the host has to know of the end.

    `folder` is scratch on the host, or empty; `when_forked` is called in this process as soon as the other runs.
    Raises ConfinementError.
    """
    reading, writing = os.pipe()
    began = time.monotonic()
    top = start_confined(job, folder, writing)
    os.close(writing)
    job.close()
    when_forked()
    watch = Watch(job.limits, top, reading, status, folder)
    verdict = watch.until_end()
    _clear_processes()
    if verdict.refused:
        return Refused(verdict.message)
    return verdict.report(time.monotonic() - began, _cpu_seconds(), watch.peak_bytes)


def _clear_processes() -> None:
    """Kill every descendant; as their subreaper this process gets those whose parents died before them."""
    for _ in range(_CLEARING_ROUNDS):
        for pid in descendants(os.getpid()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(_CLEARING_PAUSE)
            continue
        return
    print("labgrade: processes of a run could not be ended", file=sys.stderr)


def _remove(folder: str) -> None:
    try:
        remove_tree(folder)
    except OSError as error:
        print(f"labgrade: {folder} could not be removed: {error}", file=sys.stderr)


def remove_tree(folder: str) -> None:
    """Remove `folder` and all below it, without following links. Raises OSError when something cannot be removed.

    The processes that can write there must be gone: nothing may change below meanwhile.
    Folders may be nested deeper than a path can say or a function call itself, and closed to their own owner: what
    lies inside a folder is moved up to the top before the folder goes, so that no more than two are ever open.
    """
    top = os.open(folder, _OPEN)
    # Not to be foreseen: a folder of that name would be in the way.
    new_name = f"{secrets.token_hex(8)}-{{}}".format
    try:
        os.fchmod(top, stat.S_IRWXU)
        waiting = _empty(top, top, new_name, 0)
        moved = len(waiting)
        while waiting:
            name = waiting.pop()
            with suppress(FileNotFoundError):
                os.chmod(name, stat.S_IRWXU, dir_fd=top)
                inner = os.open(name, _OPEN, dir_fd=top)
                try:
                    below = _empty(inner, top, new_name, moved)
                finally:
                    os.close(inner)
                waiting += below
                moved += len(below)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(folder)  # noqa: PTH106


def _empty(inner: int, top: int, new_name: Callable[[int], str], moved: int) -> list[str]:
    """Unlink the files of the folder `inner`, move its folders to `top`, numbered from `moved`; their new names."""
    names: list[str] = []
    with os.scandir(inner) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in listed:
        if not is_folder:
            os.unlink(name, dir_fd=inner)
            continue
        new = new_name(moved + len(names))
        # A folder that its owner may not write to cannot be moved: its own entry `..` changes.
        os.chmod(name, stat.S_IRWXU, dir_fd=inner)
        os.rename(name, new, src_dir_fd=inner, dst_dir_fd=top)
        names.append(new)
    return names


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
        self._reported += piece
        if not self._running and Running() in self._reports():
            self._running = True
            self._clock.restart()
            started = descendants(os.getpid())
            self._image, self._inherited = min(self._image, memory(started)), memory_upper_bound(started)
            send_message(self._status, Running())
        return bool(piece)

    def _reports(self) -> list[Message]:
        """What the run's processes have said so far: whole lines, as they write them."""
        return [decode(line) for line in self._reported.splitlines(keepends=True) if line.endswith(b"\n")]

    def _own_end(self) -> Verdict:
        while self._read_report():
            pass
        _, wait_status = os.waitpid(self._top, 0)
        code = os.waitstatus_to_exitcode(wait_status)
        messages = self._reports()
        for message in messages:
            if isinstance(message, Refused):
                return Verdict("crashed", message.error, refused=True)
            if isinstance(message, Left):
                code = message.code
        if Running() not in messages:
            return Verdict("crashed", f"start: the process ended with {how_left(code)}", refused=True)
        return verdict_of_exit(code, self._limits, _cpu_seconds(), self.peak_bytes)

    def _order(self) -> Verdict | None:
        try:
            order, _ = receive_message(self._status)
        except EOFError:
            return Verdict("killed", "The host is gone.")
        assert isinstance(order, Order)
        if order.what == "kill":
            return Verdict("killed", "It was stopped by labgrade.")
        if order.what == "pause":
            self._clock.pause()
        else:
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
