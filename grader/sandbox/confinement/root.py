"""A root file system for one run: a small read-only tree with writable scratch, in a mount namespace of its own."""

from __future__ import annotations

import os
from pathlib import Path

from grader.sandbox.confinement.libc import Mount, bind_read_only, detach, mount, pivot_root
from grader.sandbox.confinement.readable import Readable
from grader.sandbox.confinement.steps import step
from grader.sandbox.contract import Limits

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
    real = _resolved(path)
    if os.path.isdir(real):  # noqa: PTH112
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    bind_read_only(real, str(target))


def _resolved(path: str) -> str:
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
