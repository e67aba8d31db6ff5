"""What a run sees of the file system: which of the host's files it may read, and a small root made of them.

Readable are the system's programs and libraries and the Python environment; never the project, the home folder,
reports, rubrics or caches: where labgrade's own package lies among the installed packages, it is named as hidden. The
root is a read-only tree with writable scratch, in a mount namespace of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import grader
from grader.sandbox.contract import Limits
from grader.sandbox.linux.kernel import Mount, bind_read_only, detach, mount, pivot_root, step

SCRATCH = "/scratch"
TEMPORARY = "/tmp"
SHARED_MEMORY = "/dev/shm"
TERMINALS = "/dev/pts"
WRITABLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

_STAGE = "/tmp"
_OLD, _NEW, _SPACE = "/old", "/new", "/space"
_SAFE = Mount.NOSUID | Mount.NODEV
_FILES = {
    "/etc/passwd": "student:x:{uid}:{uid}:student:/scratch:/bin/sh\n",
    "/etc/group": "student:x:{uid}:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}

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


def enter_root(readable: Readable, limits: Limits, uid: int) -> None:
    """Make a root with `readable` and scratch for `uid` in this mount namespace, and move into it.

    Needs the right to mount. The scratch folder, /tmp and /dev/shm share one space of the limits' size.
    """
    with step("stage for the new root"):
        mount(None, "/", None, Mount.REC | Mount.PRIVATE)
        mount("tmpfs", _STAGE, "tmpfs", _SAFE, "size=4m,mode=755")
        Path(_STAGE + _OLD).mkdir()
        pivot_root(_STAGE, _STAGE + _OLD)
        os.chdir("/")
        for folder in (_NEW, _SPACE):
            Path(folder).mkdir()
        mount("tmpfs", _NEW, "tmpfs", _SAFE, "size=4m,mode=755")
    # Writable places come first: the Python environment may lie below /tmp, and is then mounted into it.
    with step("scratch"):
        _writable_places(limits, uid)
    with step("read-only folders"):
        for path in readable.paths:
            _show(path)
        for link, link_target in readable.links:
            Path(_NEW + link).parent.mkdir(parents=True, exist_ok=True)
            Path(_NEW + link).symlink_to(link_target)
        for path in readable.hidden:
            mount("tmpfs", _NEW + path, "tmpfs", _SAFE | Mount.RDONLY, "size=4k,mode=755")
        for name, text in _FILES.items():
            Path(_NEW + name).parent.mkdir(parents=True, exist_ok=True)
            Path(_NEW + name).write_text(text.format(uid=uid))
    with step("devices"):
        _devices()
    with step("processes folder"):
        Path(_NEW + "/proc").mkdir()
        mount("proc", _NEW + "/proc", "proc", _SAFE | Mount.NOEXEC)
    with step("new root"):
        os.chdir(_NEW)
        pivot_root(".", ".")
        detach(".")
        os.chdir("/")
        mount(None, "/", None, Mount.REMOUNT | Mount.BIND | Mount.RDONLY | _SAFE)


def _show(path: str) -> None:
    target = Path(_NEW + path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # What an absolute link on the way names lies elsewhere since the root was moved.
    real = _resolve(path)
    if os.path.isdir(real):  # noqa: PTH112
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    bind_read_only(real, str(target))


def _resolve(path: str) -> str:
    """`path` of the host, all links followed, as seen below the old root."""
    parts = Path(path).parts[1:]
    done = Path("/")
    followed = 0
    while parts:
        done, parts = done / parts[0], parts[1:]
        place = Path(_OLD + str(done))
        if place.is_symlink():
            followed += 1
            if followed > 40:
                raise OSError(f"too many links in {path}")
            target = Path(os.path.normpath(done.parent / place.readlink()))
            done, parts = Path("/"), (*target.parts[1:], *parts)
    return _OLD + str(done)


def _devices() -> None:
    for device in WRITABLE_DEVICES:
        target = Path(_NEW + device)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        mount(_OLD + device, str(target), None, Mount.BIND)
    for name, target_name in (("fd", "/proc/self/fd"), ("ptmx", "pts/ptmx")):
        Path(f"{_NEW}/dev/{name}").symlink_to(target_name)
    Path(_NEW + TERMINALS).mkdir()
    # Shell commands of a notebook run under a pseudo-terminal.
    options = "newinstance,ptmxmode=0666,mode=0600"
    mount("devpts", _NEW + TERMINALS, "devpts", Mount.NOSUID | Mount.NOEXEC, options)


def _writable_places(limits: Limits, uid: int) -> None:
    options = f"size={int(limits.scratch_bytes)},nr_inodes={int(limits.scratch_files)},mode=755"
    mount("tmpfs", _SPACE, "tmpfs", _SAFE, options)
    for place in (SCRATCH, TEMPORARY, SHARED_MEMORY):
        inside = Path(_SPACE + "/" + Path(place).name)
        inside.mkdir(mode=0o700)
        os.chown(inside, uid, uid)
        target = Path(_NEW + place)
        target.mkdir(parents=True)
        mount(str(inside), str(target), None, Mount.BIND)
