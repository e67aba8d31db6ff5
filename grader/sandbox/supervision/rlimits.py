"""Resource limits of one process."""

from __future__ import annotations

import resource
from pathlib import Path

from grader.sandbox.contract import Limits

_SECONDS_FROM_WARNING_TO_KILL = 2
_PAGE = resource.getpagesize()


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
