"""What a run has written to a scratch folder of the host, where no file system of its own bounds it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


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
