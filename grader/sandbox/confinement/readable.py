"""What student code may read of the host: the system's programs and libraries, and the Python environment.

Never the project, the home folder, reports, rubrics or caches: where labgrade's own package lies among the installed
packages, it is named as hidden.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import grader

_SYSTEM = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"),
    *(f"/usr/{name}" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share", "include")),
    *(f"/usr/local/{name}" for name in ("bin", "sbin", "lib", "lib64", "share", "include")),
    *(f"/etc/{name}" for name in ("alternatives", "fonts", "ld.so.cache", "localtime", "mime.types")),
    "/etc/ssl/openssl.cnf",
)
"""Not all of /usr: people keep projects in /usr/src and /usr/local."""

_OF_PREFIX = ("bin", "etc", "include", "lib", "lib64", "share", "ssl", "pyvenv.cfg")
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Readable:
    """Absolute paths that exist."""

    paths: tuple[str, ...]
    """Files and folders, none inside another."""
    links: tuple[tuple[str, str], ...]
    """Symbolic links among what was asked for whose target lies in `paths`, and that target."""
    hidden: tuple[str, ...]
    """Folders inside `paths` that stay unreadable."""


def readable_paths() -> Readable:
    """What the processes of this server may read."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    prefixes |= {os.path.realpath(prefix) for prefix in prefixes}
    wanted = {
        *_SYSTEM,
        *(os.path.join(prefix, name) for prefix in prefixes for name in _OF_PREFIX),  # noqa: PTH118
        *(path for path in sys.path if Path(path).name in _PACKAGE_FOLDERS),
    }
    present = sorted(path for path in wanted if Path(path).exists())
    linked = {path: os.path.realpath(path) for path in present if Path(path).is_symlink()}
    paths = _outermost([path for path in present if path not in linked])
    paths = _outermost([*paths, *(path for path, target in linked.items() if not _inside_any(target, paths))])
    links = [(path, target) for path, target in linked.items() if path not in paths and not _inside_any(path, paths)]
    own = str(Path(grader.__file__).parent)
    hidden = {place for place in (own, os.path.realpath(own)) if _inside_any(place, paths)}
    return Readable(tuple(paths), tuple(links), tuple(sorted(hidden)))


def open_to_everyone(readable: Readable) -> bool:
    """Whether a user without any rights of its own reaches all of `readable`."""
    return all(_open_to_everyone(Path(os.path.realpath(path))) for path in readable.paths)


def without_hidden(readable: Readable) -> tuple[str, ...]:
    """`readable` as paths alone: a folder with something hidden in it is replaced by what else it holds."""
    shown: list[str] = []
    todo = list(readable.paths)
    while todo:
        path = todo.pop()
        if path in readable.hidden:
            continue
        if any(_inside(place, path) for place in readable.hidden):
            todo += [entry.path for entry in os.scandir(path)]
        else:
            shown.append(path)
    return tuple(sorted(shown))


def _outermost(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in sorted(paths):
        if not _inside_any(path, found):
            found.append(path)
    return found


def _inside_any(path: str, folders: Iterable[str]) -> bool:
    return any(_inside(path, folder) for folder in folders)


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _open_to_everyone(path: Path) -> bool:
    needed = 0o005 if path.is_dir() else 0o004
    return path.stat().st_mode & needed == needed and all(folder.stat().st_mode & 0o001 for folder in path.parents)
