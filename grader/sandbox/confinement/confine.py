"""Providers of confinement: which one works here, and a process started in it."""

from __future__ import annotations

import os

from grader.sandbox.confinement.identity import may_change_user, slot_user
from grader.sandbox.confinement.landlock import landlock_version
from grader.sandbox.confinement.lockdown import Lockdown, run_locked_down
from grader.sandbox.confinement.namespaces import start_in_namespaces
from grader.sandbox.confinement.readable import open_to_everyone, readable_paths, without_hidden
from grader.sandbox.confinement.root import SCRATCH, SHARED_MEMORY, TEMPORARY, TERMINALS, WRITABLE_DEVICES
from grader.sandbox.confinement.seccomp import require_libseccomp
from grader.sandbox.confinement.steps import step
from grader.sandbox.contract import Provider, ProviderChoice
from grader.sandbox.job import Job

_LEAST_LANDLOCK = 3
"""Before version 3 (Linux 6.2) it cannot keep a process from emptying files."""

_OF_PROC = ("self", "cpuinfo", "meminfo", "stat", "version", "filesystems", "loadavg", "uptime")
_OF_SYSTEM = ("/sys/devices/system/cpu", "/proc/sys/vm", "/proc/sys/kernel/osrelease")


def candidates(choice: ProviderChoice) -> tuple[Provider, ...]:
    """Providers to try for `choice`, best first."""
    return ("namespaces", "landlock") if choice == "auto" else (choice,)


def start_confined(job: Job, folder: str, report: int) -> int:
    """Fork a process that confines itself as `job` says and then runs the student's code; its process id.

    `folder` is scratch on the host for the providers without a file system of their own. Raises ConfinementError;
    steps that fail in the new process, and its start, are written to the descriptor `report`.
    """
    if job.provider == "namespaces":
        return start_in_namespaces(job, report)
    if job.provider == "landlock":
        return _start(job, _landlock_lockdown(job, folder), report)
    if job.provider == "container":
        return _start(job, _container_lockdown(), report)
    return _start(job, Lockdown(os.getpid(), folder, folder, confine=False), report)


def _start(job: Job, lockdown: Lockdown, report: int) -> int:
    pid = os.fork()
    if pid == 0:
        run_locked_down(job, lockdown, report)
    return pid


def _container_lockdown() -> Lockdown:
    """The engine has made the namespaces and the root; the filter and, where there is one, Landlock stand behind."""
    with step("libseccomp"):
        require_libseccomp()
    return Lockdown(
        parent=os.getpid(),
        scratch=SCRATCH,
        temporary=TEMPORARY,
        may_start_programs=True,
        read=("/",),
        write=(SCRATCH, TEMPORARY, SHARED_MEMORY),
        devices=(*WRITABLE_DEVICES, TERMINALS),
        landlock=landlock_version() > 0,
    )


def _landlock_lockdown(job: Job, folder: str) -> Lockdown:
    with step("libseccomp"):
        require_libseccomp()
    with step("Landlock"):
        version = landlock_version()
        if version < _LEAST_LANDLOCK:
            raise OSError(f"version {_LEAST_LANDLOCK} (Linux 6.2) is needed, this kernel has {version or 'none'}")
    readable = readable_paths()
    user = None
    with step("user"):
        # As root with Python in a folder for root alone, another user could not import anything: then the process
        # stays root without capabilities, and Landlock and the filter alone stand in its way.
        if may_change_user() and open_to_everyone(readable):
            user = slot_user(job.slot, os.getppid())
            os.chown(folder, user, user)
    return Lockdown(
        parent=os.getpid(),
        scratch=folder,
        temporary=folder,
        user=user,
        own_count=user is not None,
        read=(*without_hidden(readable), *(f"/proc/{name}" for name in _OF_PROC), *_OF_SYSTEM),
        write=(folder,),
        devices=WRITABLE_DEVICES,
    )
