"""A process started in confinement, by provider: namespaces with a root of its own, Landlock alone, a container's."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path
from typing import NoReturn

from grader.sandbox.contract import Job, Provider, ProviderChoice
from grader.sandbox.linux.child import (
    USER_INSIDE,
    Lockdown,
    is_privileged,
    may_change_user,
    run_locked_down,
    slot_user,
)
from grader.sandbox.linux.kernel import (
    ConfinementError,
    Namespace,
    Prctl,
    drop_bounding_set,
    drop_capabilities,
    prctl,
    report_left,
    report_refusal,
    set_host_name,
    step,
    unshare,
)
from grader.sandbox.linux.restrictions import landlock_version, require_libseccomp, restrict_system_calls
from grader.sandbox.linux.root import (
    SCRATCH,
    SHARED_MEMORY,
    TEMPORARY,
    TERMINALS,
    WRITABLE_DEVICES,
    enter_root,
    open_to_everyone,
    readable_paths,
    without_hidden,
)

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


_INSIDE_INIT = Namespace.MOUNT | Namespace.NET | Namespace.IPC | Namespace.UTS | Namespace.CGROUP


def start_in_namespaces(job: Job, report: int) -> int:
    """Fork the first process of a new process namespace, and from it the student's; the first one's process id.

    Raises ConfinementError; what fails after the fork goes to the descriptor `report`.
    """
    privileged = is_privileged()
    with step("libseccomp"):
        require_libseccomp()
    user = slot_user(job.slot, os.getppid()) if privileged else USER_INSIDE
    if privileged:
        with step("process namespace"):
            unshare(Namespace.PID)
    else:
        _enter_user_namespace()
    first = os.fork()
    if first:
        return first
    try:
        _be_first_process(job, report, user, privileged)
    except ConfinementError as error:
        report_refusal(report, error)
    finally:
        os._exit(70)


def _enter_user_namespace() -> None:
    user, group = os.getuid(), os.getgid()
    with step("user and process namespaces"):
        unshare(Namespace.USER | Namespace.PID)
    with step("user id map"):
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{USER_INSIDE} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{USER_INSIDE} {group} 1")


def _be_first_process(job: Job, report: int, user: int, privileged: bool) -> NoReturn:
    with step("first process"):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        prctl(Prctl.SET_PDEATHSIG, signal.SIGKILL)
        _leave_if_alone(report)
    with step("mount, network, IPC, host name and cgroup namespaces"):
        unshare(_INSIDE_INIT)
    enter_root(readable_paths(), job.limits, user)
    with step("host name"):
        set_host_name("sandbox")
    with step("first process"):
        # Its memory could otherwise be opened through /proc/1/mem.
        prctl(Prctl.SET_DUMPABLE, 0)
    student = os.fork()
    if student == 0:
        run_locked_down(job, _lockdown(user if privileged else None, privileged or _counts_by_namespace()), report)
    job.close()
    with step("first process"):
        prctl(Prctl.SET_NO_NEW_PRIVS, 1)
        drop_bounding_set()
        drop_capabilities()
        restrict_system_calls(may_start_programs=True)
    while True:
        pid, status = os.wait()
        if pid == student:
            report_left(report, os.waitstatus_to_exitcode(status))
            # The kernel kills all that is left in the process namespace when its first process leaves.
            os._exit(0)


def _lockdown(user: int | None, own_count: bool) -> Lockdown:
    return Lockdown(
        parent=1,
        scratch=SCRATCH,
        temporary=TEMPORARY,
        user=user,
        own_count=own_count,
        may_start_programs=True,
        read=("/",),
        write=(SCRATCH, TEMPORARY, SHARED_MEMORY),
        devices=(*WRITABLE_DEVICES, TERMINALS),
        # The minimal root already holds nothing else; Landlock stands behind it where the kernel has it.
        landlock=landlock_version() > 0,
    )


def _counts_by_namespace() -> bool:
    """Whether the kernel counts a user's processes for each user namespace by itself, as Linux does from 5.14 on."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdecimal, minor)))) >= (5, 14)


def _leave_if_alone(report: int) -> None:
    """Leave when the supervisor died before the kernel was told to say so: its process id cannot be asked for here."""
    waiting = select.poll()
    waiting.register(report, 0)
    if waiting.poll(0):
        os._exit(70)
