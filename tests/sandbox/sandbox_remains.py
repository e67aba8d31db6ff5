"""What a run may leave on a machine: processes, mounts, shared memory, message queues, files in temporary folders.

Counted before and after, the two must be equal. Sources: proc(5), sysvipc(7), shm_overview(7), mq_overview(7).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from grader.sandbox.probing.providers import processes_below

_SYSTEM_V = ("shm", "sem", "msg")
_FOLDERS = ("/dev/shm", "/dev/mqueue", "/var/tmp")
_DEEPEST = 2
"""Levels of folders looked into: runs make theirs at the top."""


def remains(pid: int, mark: str) -> dict[str, frozenset[str]]:
    """Kind -> what there is of it on this machine now: processes below `pid`, and files with `mark` in their names."""
    found = {
        "processes": frozenset(map(str, processes_below(pid))),
        "mounts": frozenset(_lines(Path("/proc/self/mountinfo"), 0)),
        **{f"System V {kind}": frozenset(_lines(Path(f"/proc/sysvipc/{kind}"), 1)) for kind in _SYSTEM_V},
    }
    for folder in (*_FOLDERS, tempfile.gettempdir()):
        found[f"files in {folder}"] = frozenset(_with_mark(Path(folder), mark, _DEEPEST))
    return found


def additions(before: dict[str, frozenset[str]], after: dict[str, frozenset[str]]) -> dict[str, list[str]]:
    """Kind -> what is there after and was not before; empty when nothing is."""
    new = {kind: sorted(after[kind] - before.get(kind, frozenset())) for kind in after}
    return {kind: what for kind, what in new.items() if what}


def _lines(path: Path, headings: int) -> list[str]:
    try:
        # Of a System V object the key, id and owner tell it from others; sizes and times change.
        lines = path.read_text().splitlines()[headings:]
    except OSError:
        return []
    return [" ".join(line.split()[:2]) if headings else line for line in lines]


def _with_mark(folder: Path, mark: str, depth: int) -> list[str]:
    """Paths below `folder` whose names hold `mark`."""
    found = []
    try:
        for entry in folder.iterdir():
            if mark in entry.name:
                found.append(str(entry))
            elif depth > 1 and entry.is_dir() and not entry.is_symlink():
                found += _with_mark(entry, mark, depth - 1)
    except OSError:
        pass
    return found
