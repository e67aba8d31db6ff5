"""The process that is going to run student code: which user it becomes, what it takes from itself, its last steps."""

from __future__ import annotations

import builtins
import fcntl
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import traceback
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from grader.sandbox.contract import Job, Limits
from grader.sandbox.frames import Channel
from grader.sandbox.linux.kernel import (
    ConfinementError,
    Prctl,
    die_with_parent,
    drop_bounding_set,
    drop_capabilities,
    prctl,
    report_refusal,
    report_running,
    step,
)
from grader.sandbox.linux.restrictions import restrict_files, restrict_system_calls

REPORT = 4
"""Descriptor over which the process says, before student code runs, that it is confined, or which step failed."""

_CHANNEL = 3
_ABOVE_ALL_FIXED = 16
"""Descriptors are set aside from here on while the fixed ones, 0 to 4, are arranged."""
_SEED = 0
"""Of Python's and NumPy's random numbers."""
_LEFT_BY_EXCEPTION = 70
"""EX_SOFTWARE of sysexits(3)."""
_SECONDS_FROM_WARNING_TO_KILL = 2
"""Of processor time, from SIGXCPU, which a program may catch, to SIGKILL."""
_PAGE = resource.getpagesize()

USER_INSIDE = 1000
"""Its own id as a process sees it in a user namespace."""

_CAP_SYS_ADMIN, _CAP_SETUID, _CAP_SETGID, _CAP_SETPCAP, _CAP_CHOWN = 21, 7, 6, 8, 0
_NEEDED = (_CAP_SYS_ADMIN, _CAP_SETUID, _CAP_SETGID, _CAP_SETPCAP, _CAP_CHOWN)
_SLOTS = 64
_SERVERS = 1 << 20
"""User ids for 64 runs of each of a million servers: more processes than Linux has ids."""
_FIRST_HIGH = 1_000_000_000
"""Above all ids that distributions, containers and directory services give out."""
_FIRST_LOW = 20_000
"""Where only 65,536 ids are mapped, as in many containers: above those of people and below nobody's."""


@dataclass(frozen=True)
class Lockdown:
    """Everything that depends on the provider."""

    parent: int
    """Process id of the parent, as seen from inside."""
    scratch: str
    temporary: str
    user: int | None = None
    """To become; None keeps the present one."""
    own_count: bool = False
    """Processes of the user are counted for this run alone."""
    confine: bool = True
    """False for `unconfined`: resource limits only."""
    may_start_programs: bool = False
    read: Sequence[str] = ()
    write: Sequence[str] = ()
    devices: Sequence[str] = ()
    landlock: bool = True


def run_locked_down(job: Job, lockdown: Lockdown, report: int) -> NoReturn:
    """Lock this forked process down and run the job's entry function; a step that fails is reported instead."""
    try:
        with step("descriptors and session"):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            arrange_descriptors(job, report)
            die_with_parent(signal.SIGKILL, lockdown.parent)
            os.setsid()
        with step("resource limits"):
            limit_process(job.limits, lockdown.own_count)
        if lockdown.confine:
            _give_up_rights(lockdown)
        report_running(REPORT)
        run_entry(job, lockdown.scratch, lockdown.temporary)
    except ConfinementError as error:
        report_refusal(REPORT, error)
    finally:
        os._exit(70)


def _give_up_rights(lockdown: Lockdown) -> None:
    with step("no new privileges"):
        prctl(Prctl.SET_NO_NEW_PRIVS, 1)
    with step("user"):
        drop_bounding_set()
        if lockdown.user is not None:
            become(lockdown.user)
    with step("capabilities"):
        drop_capabilities()
    with step("parent's death signal"):
        # A change of user or capabilities clears both.
        prctl(Prctl.SET_DUMPABLE, 1)
        die_with_parent(signal.SIGKILL, lockdown.parent)
    if lockdown.landlock:
        with step("Landlock"):
            restrict_files(lockdown.read, lockdown.write, lockdown.devices)
    with step("system call filter"):
        restrict_system_calls(lockdown.may_start_programs)


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


def limit_data(memory_bytes: int) -> None:
    """Let this process take `memory_bytes` of private writable memory beyond what it has (RLIMIT_DATA)."""
    _lower(resource.RLIMIT_DATA, _data_bytes() + memory_bytes)


def limit_process(limits: Limits, own_count: bool) -> None:
    """Put `limits` on this process and its children.

    `own_count` says that processes of this user are counted for this run alone (a user id or user namespace of its
    own); otherwise their number is left to the watchdog.
    """
    limit_data(limits.memory_bytes)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + _SECONDS_FROM_WARNING_TO_KILL)
    _lower(resource.RLIMIT_FSIZE, limits.file_bytes)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    for none_at_all in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        _lower(none_at_all, 0)
    _lower(resource.RLIMIT_SIGPENDING, 1024)
    if own_count:
        _lower(resource.RLIMIT_NPROC, limits.processes)


def _lower(which: int, soft: int, hard: int | None = None) -> None:
    hard = soft if hard is None else hard
    ceiling = resource.getrlimit(which)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (int(soft), int(hard)))


def _data_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[5]) * _PAGE


def is_privileged() -> bool:
    """Whether this process may mount and change users by itself, as root outside a user namespace of one's own may."""
    return os.getuid() == 0 and holds_capabilities(_NEEDED) and _mapped_users() > _FIRST_LOW + _SLOTS


def may_change_user() -> bool:
    """Whether this process may become another user."""
    return os.getuid() == 0 and holds_capabilities((_CAP_SETUID, _CAP_SETGID)) and _mapped_users() > _FIRST_LOW + _SLOTS


def holds_capabilities(capabilities: tuple[int, ...]) -> bool:
    """Whether all of `capabilities` (numbers of capabilities(7)) are in force for this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            held = int(line.split()[1], 16)
            return all(held >> capability & 1 for capability in capabilities)
    return False


def slot_user(slot: int, server: int) -> int:
    """A user id that no account has, distinct for every run under way: processes are counted per user id."""
    mapped = _mapped_users()
    wanted = _FIRST_HIGH + server % _SERVERS * _SLOTS + slot % _SLOTS
    if wanted < mapped:
        return wanted
    return _FIRST_LOW + (server * _SLOTS + slot) % (mapped - _FIRST_LOW)


def become(user: int) -> None:
    """Become `user`, with the group of the same number and no other."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _mapped_users() -> int:
    """How many user ids from 0 on exist in this user namespace."""
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = map(int, line.split())
        if first == 0:
            return count
    return 0
