"""What one run uses: memory and threads of its processes, disk below its scratch folder, and wall-clock time.

Everything is read from outside: /proc and the file system are asked, never the run. Nothing here needs more than
Python's standard library has everywhere, as the host of a container uses the clock on every system.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_KIB = 1 << 10
_PROC = Path("/proc")


def descendants(pid: int) -> list[int]:
    """Process ids of all living descendants of `pid`."""
    found: list[int] = []
    children = _children()
    todo = [pid]
    while todo:
        born = children.get(todo.pop(), [])
        found += born
        todo += born
    return found


def thread_count(pids: list[int]) -> int:
    """Threads of all of `pids` together, each process counting at least one."""
    return sum(_field(pid, "status", ("Threads:",)) for pid in pids)


def memory_upper_bound(pids: list[int]) -> int:
    """Bytes of memory of `pids`, where a page that n processes share counts n times."""
    return _KIB * sum(_field(pid, "status", ("RssAnon:", "RssShmem:", "VmSwap:")) for pid in pids)


def memory(pids: list[int]) -> int:
    """Bytes of memory of `pids`, a page shared by n processes counting 1/n for each. Slow: some 10 ms a process.

    What does not let itself be looked at counts in full.
    """
    exact = {pid: _field(pid, "smaps_rollup", ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")) for pid in pids}
    hidden = [pid for pid, size in exact.items() if not size]
    return _KIB * sum(exact.values()) + memory_upper_bound(hidden)


def _field(pid: int, file: str, names: tuple[str, ...]) -> int:
    try:
        text = (_PROC / str(pid) / file).read_text()
    except (OSError, ValueError):
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(names))


def _children() -> dict[int, list[int]]:
    # `/proc/<pid>/task/*/children` would be quicker, but many kernels are built without it.
    children: dict[int, list[int]] = {}
    for name in (entry.name for entry in _PROC.iterdir()):
        if name.isdecimal():
            try:
                fields = (_PROC / name / "stat").read_bytes()
            except OSError:
                continue
            parent = int(fields[fields.rindex(b")") + 1 :].split()[1])
            children.setdefault(parent, []).append(int(name))
    return children


def folder_use(folder: str) -> tuple[int, int, bool]:
    """Bytes on disk and number of files below `folder`, and whether some folder there does not let itself be looked
    into. Links are not followed.

    A folder that its owner may not read, or whose path is longer than the system takes, could hide any number of files.
    """
    size, files, hidden = 0, 0, False
    todo = [folder]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            hidden = True
    return size, files, hidden


def deleted_use(pids: list[int], folder: str) -> int:
    """Bytes of files below `folder` that have no name any more but that one of `pids` has open or mapped.

    A mapping whose descriptor is closed counts with its length, which may be more than the file has on disk.
    """
    sizes: dict[int, int] = {}
    mapped: dict[int, int] = {}
    for pid in pids:
        sizes.update(_open_nameless(pid, folder))
        for number, size in _mapped_nameless(pid, folder):
            mapped[number] = max(mapped.get(number, 0), size)
    return sum({**mapped, **sizes}.values())


def _open_nameless(pid: int, folder: str) -> Iterator[tuple[int, int]]:
    """(inode, bytes on disk) of each."""
    try:
        for entry in os.scandir(_PROC / str(pid) / "fd"):
            with suppress(OSError):
                if os.readlink(entry.path).startswith(folder):  # noqa: PTH115
                    status = os.stat(entry.path)  # noqa: PTH116
                    if status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
                        yield status.st_ino, status.st_blocks * 512
    except OSError:
        return


def _mapped_nameless(pid: int, folder: str) -> Iterator[tuple[int, int]]:
    """(inode, length) of each, by proc_pid_maps(5)."""
    try:
        lines = (_PROC / str(pid) / "maps").read_text().splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        if folder in line and line.endswith("(deleted)"):
            addresses, _, _, _, inode = line.split(maxsplit=5)[:5]
            low, high = (int(address, 16) for address in addresses.split("-"))
            yield int(inode), high - low


def free_bytes(folder: str) -> int:
    """Bytes that are free where `folder` lies."""
    try:
        room = os.statvfs(folder)
    except OSError:
        return 0
    return room.f_bfree * room.f_frsize


class Clock:
    """Wall clock that can be stopped."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = time.monotonic()

    def pause(self) -> None:
        """Stop it; of no effect when it stands."""
        self._before, self._since = self.seconds(), None

    def resume(self) -> None:
        """Let it go on; of no effect when it runs."""
        self._since = time.monotonic() if self._since is None else self._since

    def restart(self) -> None:
        """Count from now, where it runs."""
        self._before, self._since = 0.0, None if self._since is None else time.monotonic()

    def seconds(self) -> float:
        """How long it has run."""
        return self._before + (0.0 if self._since is None else time.monotonic() - self._since)
