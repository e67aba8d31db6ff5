"""The supervisor: one per run, outside the confinement. It starts it, watches its limits and clears up after it."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from grader.sandbox.confinement.confine import start_confined
from grader.sandbox.confinement.libc import Prctl, die_with_parent, prctl
from grader.sandbox.confinement.steps import ConfinementError
from grader.sandbox.control import Message, send_message
from grader.sandbox.job import Job
from grader.sandbox.supervision.clearing import remove_tree
from grader.sandbox.supervision.verdicts import Verdict
from grader.sandbox.supervision.watch import Watch
from grader.sandbox.supervision.watchdog import descendants

_CLEARING_ROUNDS = 500
_CLEARING_PAUSE = 0.01


class _ServerGoneError(BaseException):
    """The warm server died; raised out of whatever the supervisor is doing."""


def supervise(job: Job, status: socket.socket, server: int) -> NoReturn:
    """Run `job` to its end and leave the process. `status` carries what the host has to know, and its orders."""
    folder = None
    ended: Message = {"kind": "failed", "error": "the supervisor stopped"}
    try:
        _prepare(job, status, server)
        if job.provider != "namespaces":
            folder = tempfile.mkdtemp(prefix="labgrade-run-")
        ended = run_watched(job, folder or "", status)
    except _ServerGoneError:
        pass
    except ConfinementError as error:
        ended = {"kind": "refused", "error": str(error)}
    except BaseException as error:
        traceback.print_exc()
        ended = {"kind": "failed", "error": f"{type(error).__name__}: {error}"}
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
) -> Message:
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
    return _ended(verdict, time.monotonic() - began, watch.peak_bytes)


def _ended(verdict: Verdict, seconds: float, peak_bytes: int) -> Message:
    if verdict.refused:
        return {"kind": "refused", "error": verdict.message}
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "kind": "ended",
        "status": verdict.status,
        "message": verdict.message,
        "limit": verdict.limit,
        "observed": verdict.observed,
        "allowed": verdict.allowed,
        "aborted": verdict.aborted,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_bytes": peak_bytes,
    }


def _remove(folder: str) -> None:
    try:
        remove_tree(folder)
    except OSError as error:
        print(f"labgrade: {folder} could not be removed: {error}", file=sys.stderr)


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
