"""Clearing up after a run: first its processes, then its folder, whatever the run has made of it."""

from __future__ import annotations

import os
import secrets
import signal
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from grader.sandbox.usage import descendants

_CLEARING_ROUNDS = 500
_CLEARING_PAUSE = 0.01
"""Five seconds in all: a killed process goes at once, unless the kernel is still at work for it, as on a slow disk."""

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def clear_processes() -> None:
    """Kill every descendant; as their subreaper this process gets those whose parents died before them."""
    for _ in range(_CLEARING_ROUNDS):
        for pid in descendants(os.getpid()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(_CLEARING_PAUSE)
            continue
        return
    print("labgrade: processes of a run could not be ended", file=sys.stderr)


def remove_tree(folder: str) -> None:
    """Remove `folder` and all below it, without following links. Raises OSError when something cannot be removed.

    The processes that can write there must be gone: nothing may change below meanwhile.
    Folders may be nested deeper than a path can say or a function call itself, and closed to their own owner: what
    lies inside a folder is moved up to the top before the folder goes, so that no more than two are ever open.
    """
    top = os.open(folder, _OPEN)
    # Not to be foreseen: a folder of that name would be in the way.
    new_name = f"{secrets.token_hex(8)}-{{}}".format
    try:
        os.fchmod(top, stat.S_IRWXU)
        waiting = _empty(top, top, new_name, 0)
        moved = len(waiting)
        while waiting:
            name = waiting.pop()
            with suppress(FileNotFoundError):
                os.chmod(name, stat.S_IRWXU, dir_fd=top)
                inner = os.open(name, _OPEN, dir_fd=top)
                try:
                    below = _empty(inner, top, new_name, moved)
                finally:
                    os.close(inner)
                waiting += below
                moved += len(below)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(folder)  # noqa: PTH106


def _empty(inner: int, top: int, new_name: Callable[[int], str], moved: int) -> list[str]:
    """Unlink the files of the folder `inner`, move its folders to `top`, numbered from `moved`; their new names."""
    names: list[str] = []
    with os.scandir(inner) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in listed:
        if not is_folder:
            os.unlink(name, dir_fd=inner)
            continue
        new = new_name(moved + len(names))
        # A folder that its owner may not write to cannot be moved: its own entry `..` changes.
        os.chmod(name, stat.S_IRWXU, dir_fd=inner)
        os.rename(name, new, src_dir_fd=inner, dst_dir_fd=top)
        names.append(new)
    return names
