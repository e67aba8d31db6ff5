"""The warm server looked at between submissions, from outside and by its own word: is it still what it was?"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.supervision.watchdog import descendants

_PROC = Path("/proc")
_MOST_GROWTH = 128 << 20
"""Bytes. Answering costs the server some memory; a leak would slow every submission after it."""
_ENDING_SECONDS = 3.0


@dataclass(frozen=True)
class Condition:
    """What may not change in a server that only forks."""

    started: str
    """Time since boot, as proc_pid_stat(5) has it: another process with the same id has another."""
    threads: str
    descriptors: tuple[str, ...]
    data_bytes: int
    digest: str
    """The server's own word on its memory: `grader.sandbox.serving.image`."""


def condition(pid: int, digest: str) -> Condition | None:
    """The condition of the process `pid`; `None` when there is none."""
    place = _PROC / str(pid)
    try:
        after_name = (place / "stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line)
        descriptors = sorted(f"{entry.name} {entry.readlink()}" for entry in (place / "fd").iterdir())
        data = int(status["VmData"].split()[0]) << 10
    except (OSError, KeyError, ValueError, IndexError):
        return None
    if after_name[0] == "Z":
        return None
    return Condition(after_name[19], status["Threads"].strip(), tuple(descriptors), data, digest)


def change(before: Condition, after: Condition | None) -> str | None:
    """In which respect `after` is not what was before; `None` when in none."""
    if after is None or after.started != before.started:
        return "it is gone"
    for name in ("threads", "descriptors", "digest"):
        if getattr(after, name) != getattr(before, name):
            return f"its {name} changed"
    if after.data_bytes > before.data_bytes + _MOST_GROWTH:
        return f"it grew by {(after.data_bytes - before.data_bytes) >> 20} MiB"
    return None


def strangers(pid: int, known: Collection[int]) -> list[int]:
    """Processes below `pid` that are none of `known`, after giving those that are about to end time to do so."""
    until = time.monotonic() + _ENDING_SECONDS
    while True:
        found = [one for one in descendants(pid) if one not in known and _lives(one)]
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except PermissionError:
        return True
    except (OSError, IndexError):
        return False
