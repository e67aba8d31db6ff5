"""What the process that is going to run student code takes from itself, last step before that code."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from grader.sandbox.confinement.identity import become
from grader.sandbox.confinement.landlock import restrict_files
from grader.sandbox.confinement.libc import Prctl, die_with_parent, drop_bounding_set, drop_capabilities, prctl
from grader.sandbox.confinement.seccomp import restrict_system_calls
from grader.sandbox.confinement.steps import ConfinementError, report_refusal, report_running, step
from grader.sandbox.job import Job
from grader.sandbox.supervision.child import REPORT, arrange_descriptors, run_entry
from grader.sandbox.supervision.rlimits import limit_process


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
