"""Whether the engine really gave what was asked of it: checked inside, before any student code runs."""

from __future__ import annotations

import os
from pathlib import Path

from grader.sandbox.confinement.root import SCRATCH, SHARED_MEMORY, TEMPORARY
from grader.sandbox.confinement.steps import step

_OF_THE_KERNEL = ("proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2")
_CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def verify_container() -> None:
    """Raise ConfinementError with the layer that is missing. Fails closed: what cannot be read counts as missing."""
    with step("container: process namespace"):
        _require(os.getpid() == 1, "this is not the first process of a process namespace")
    with step("container: user"):
        _require(os.getuid() != 0 and os.geteuid() != 0, "the user is root")
    status = _status()
    with step("container: capabilities"):
        held = [name for name in _CAPABILITY_SETS if int(status[name], 16)]
        _require(not held, f"capabilities are left ({', '.join(held)})")
    with step("container: no new privileges"):
        _require(status["NoNewPrivs"] == "1", "no-new-privileges is not set")
    with step("container: network"):
        _require(_interfaces() <= {"lo"}, f"there is a network: {', '.join(sorted(_interfaces()))}")
    with step("container: read-only root"):
        _require(bool(os.statvfs("/").f_flag & os.ST_RDONLY), "the root file system can be written")
    with step("container: scratch"):
        for place in (SCRATCH, TEMPORARY, SHARED_MEMORY):
            _require(_is_bounded(place), f"{place} is not a file system of its own with a size")
    with step("container: mounts"):
        _require(not _writable(), f"{', '.join(_writable())} can be written")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise OSError(otherwise)


def _status() -> dict[str, str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _interfaces() -> set[str]:
    """Names of the network interfaces, from the table of proc(5), which has two lines of headings."""
    return {line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]}


def _is_bounded(place: str) -> bool:
    return any(at == place and kind == "tmpfs" and "size=" in options for at, kind, options in _mounts())


def _writable() -> list[str]:
    """Mounted folders that this user may write to and that are not in memory with a size: a volume, for one."""
    places = {at for at, kind, _ in _mounts() if kind not in _OF_THE_KERNEL}
    return sorted(at for at in places if not _is_bounded(at) and Path(at).is_dir() and os.access(at, os.W_OK))


def _mounts() -> list[tuple[str, str, str]]:
    """(place, file system, its options) of everything mounted: proc_pid_mountinfo(5)."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ", 1)
        kind, _, options = after.split(" ", 2)
        found.append((before.split()[4], kind, options))
    return found
