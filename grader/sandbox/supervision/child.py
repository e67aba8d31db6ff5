"""The last steps of a process on its way to the student's code, and the end of it."""

from __future__ import annotations

import builtins
import fcntl
import os
import random
import signal
import socket
import sys
import tempfile
import traceback
import types
from typing import NoReturn

import numpy as np

from grader.sandbox.frames import Channel
from grader.sandbox.job import Job

REPORT = 4
"""Descriptor over which the process says, before student code runs, that it is confined, or which step failed."""

_CHANNEL = 3
_ABOVE_ALL_FIXED = 16
_SEED = 0
_LEFT_BY_EXCEPTION = 70


def arrange_descriptors(job: Job, report: int) -> None:
    """Leave open: null as 0, the output pipe as 1 and 2, the channel as 3, the report pipe as 4."""
    wanted = [os.open(os.devnull, os.O_RDONLY), job.output, job.output, job.channel, report]
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _ABOVE_ALL_FIXED) for descriptor in wanted]
    for target, descriptor in enumerate(aside):
        os.dup2(descriptor, target, inheritable=target < _CHANNEL)
    os.closerange(REPORT + 1, os.sysconf("SC_OPEN_MAX"))


def run_entry(job: Job, scratch: str, temporary: str) -> NoReturn:
    """Run the job's entry function in `scratch`, then leave the process without going back to the caller."""
    code = _LEFT_BY_EXCEPTION
    leave = os._exit
    try:
        _settle(job, scratch, temporary)
        job.entry(Channel(socket.socket(fileno=_CHANNEL)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            leave(code)


def _settle(job: Job, scratch: str, temporary: str) -> None:
    os.chdir(scratch)
    os.umask(0o022)
    os.environ.update(HOME=scratch, TMPDIR=temporary, USER="student", LOGNAME="student")
    os.environ.update(KERAS_HOME=f"{scratch}/.keras", MPLCONFIGDIR=f"{temporary}/matplotlib")
    os.environ.update(OMP_NUM_THREADS=str(job.threads))
    os.environ.pop("PYTHONPATH", None)
    tempfile.tempdir = None
    sys.dont_write_bytecode = True
    sys.path[:] = [scratch, *filter(_listable, sys.path)]
    sys.argv[:] = ["student"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.modules["__main__"].__dict__["__builtins__"] = builtins
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    # SIGINT is the interrupt key of a terminal that this process does not have.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Every run begins alike: a second one of the same submission draws the same numbers.
    random.seed(_SEED)
    np.random.seed(_SEED)
    _limit_threads(job.threads)


def _listable(folder: str) -> bool:
    try:
        return bool(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return False


def _limit_threads(threads: int) -> None:
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
