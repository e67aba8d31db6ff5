"""Taking a run's folder away, whatever the run has made of it. Its processes must be gone: nothing may change below."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(folder: str) -> None:
    """Remove `folder` and all below it, without following links. Raises OSError when something cannot be removed.

    Folders may be nested deeper than a path can say or a function call itself, and closed to their own owner: what
    lies inside a folder is moved up to the top before the folder goes, so that no more than two are ever open.
    """
    top = os.open(folder, _OPEN)
    # Not to be foreseen: a folder of that name would be in the way.
    new_name = f"{secrets.token_hex(8)}-{{}}".format
    try:
        os.fchmod(top, stat.S_IRWXU)
        waiting = _emptied(top, top, new_name, 0)
        moved = len(waiting)
        while waiting:
            name = waiting.pop()
            with suppress(FileNotFoundError):
                os.chmod(name, stat.S_IRWXU, dir_fd=top)
                inner = os.open(name, _OPEN, dir_fd=top)
                try:
                    below = _emptied(inner, top, new_name, moved)
                finally:
                    os.close(inner)
                waiting += below
                moved += len(below)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(folder)  # noqa: PTH106


def _emptied(inner: int, top: int, new_name: Callable[[int], str], moved: int) -> list[str]:
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
