"""What confinement asks of the kernel: system calls that Python's standard library does not offer, each a function that
raises OSError, and the named steps in which they are made, of which one that fails stops everything after it.

Calls go by the C library's name where it has one (glibc and musl export pivot_root without declaring it), else by a
number that is the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum, IntFlag

from grader.sandbox.control import Left, Message, Refused, Running, encode

# Windows has no library without a name; nothing here is called there, but advice imports it.
_libc = ctypes.CDLL(None if os.name == "posix" else "msvcrt", use_errno=True)

# These numbers are the same on every architecture: those of all system calls added since Linux 5.1 are.
_MOUNT_SETATTR = 442
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID, _MOUNT_ATTR_NODEV = 1, 2, 4
_MNT_DETACH = 2
_CAPABILITY_VERSION_3 = 0x20080522


class Prctl(IntEnum):
    """Operations of prctl(2)."""

    SET_PDEATHSIG = 1
    SET_DUMPABLE = 4
    CAPBSET_READ = 23
    CAPBSET_DROP = 24
    SET_CHILD_SUBREAPER = 36
    SET_NO_NEW_PRIVS = 38
    CAP_AMBIENT = 47


class Namespace(IntFlag):
    """CLONE_NEW* flags of unshare(2) and clone(2)."""

    TIME = 0x00000080
    MOUNT = 0x00020000
    CGROUP = 0x02000000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NET = 0x40000000


class Mount(IntFlag):
    """MS_* flags of mount(2)."""

    RDONLY = 1
    NOSUID = 2
    NODEV = 4
    NOEXEC = 8
    REMOUNT = 32
    BIND = 4096
    REC = 16384
    PRIVATE = 1 << 18


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(operation: Prctl, argument: int = 0, second: int = 0) -> int:
    """prctl(2)."""
    values = [ctypes.c_ulong(value) for value in (argument, second, 0, 0)]
    return _check(_libc.prctl(ctypes.c_int(operation), *values), f"prctl {operation.name}")


def die_with_parent(signal_number: int, parent: int) -> None:
    """Let the kernel send `signal_number` to this process when `parent` dies; leaves at once if it already has."""
    prctl(Prctl.SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        os._exit(1)


def unshare(namespaces: Namespace) -> None:
    """unshare(2)."""
    _check(_libc.unshare(ctypes.c_int(namespaces)), f"unshare {namespaces!r}")


def syscall(number: int, *arguments: object) -> int:
    """syscall(2), by number."""
    return _check(_libc.syscall(ctypes.c_long(number), *arguments), f"system call {number}")


def mount(source: str | None, target: str, kind: str | None, flags: Mount, data: str | None = None) -> None:
    """mount(2)."""
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    options = None if data is None else data.encode()
    _check(_libc.mount(*encoded, ctypes.c_ulong(flags), options), f"mount {source} on {target}")


def bind_read_only(source: str, target: str) -> None:
    """Mount `source` with all below it on `target`: read-only, without devices and setuid. Needs Linux 5.12."""
    mount(source, target, None, Mount.BIND | Mount.REC)
    attributes = struct.pack("QQQQ", _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | _MOUNT_ATTR_NODEV, 0, 0, 0)
    syscall(
        _MOUNT_SETATTR,
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(target),
        ctypes.c_uint(_AT_RECURSIVE),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2)."""
    _check(_libc.pivot_root(os.fsencode(new), os.fsencode(old)), f"pivot_root {new}")


def detach(target: str) -> None:
    """Unmount `target` from the tree, now."""
    _check(_libc.umount2(os.fsencode(target), ctypes.c_int(_MNT_DETACH)), f"umount {target}")


def set_host_name(name: str) -> None:
    """sethostname(2)."""
    _check(_libc.sethostname(name.encode(), ctypes.c_size_t(len(name))), "sethostname")


def drop_bounding_set() -> None:
    """Take care that no program started from here gets a capability. Of use before the right to do so is given up."""
    for capability in range(64):
        try:
            prctl(Prctl.CAPBSET_READ, capability)
        except OSError:
            break
        try:
            prctl(Prctl.CAPBSET_DROP, capability)
        except PermissionError:
            # Without CAP_SETPCAP there is nothing to gain through the bounding set once no_new_privs is set.
            break


def drop_capabilities() -> None:
    """Give up every capability of this thread."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, struct.pack("6I", *[0] * 6)), "capset")


class ConfinementError(Exception):
    """A step of confinement failed. No student code may run in this process."""

    def __init__(self, step: str, cause: BaseException) -> None:
        kind = "" if isinstance(cause, OSError) else f"{type(cause).__name__}: "
        super().__init__(f"{step}: {kind}{cause}")
        self.step = step


@contextmanager
def step(name: str) -> Iterator[None]:
    """One step; any failure in it becomes a ConfinementError that bears its name."""
    try:
        yield
    except ConfinementError:
        raise
    except BaseException as error:
        raise ConfinementError(name, error) from error


def report_refusal(descriptor: int, error: ConfinementError) -> None:
    """Write to `descriptor` that confinement failed."""
    _report(descriptor, Refused(str(error)))


def report_running(descriptor: int) -> None:
    """Write to `descriptor` that student code runs next, and close it."""
    _report(descriptor, Running())
    os.close(descriptor)


def report_left(descriptor: int, code: int) -> None:
    """Write to `descriptor` with which code, or minus which signal, the student's process left."""
    _report(descriptor, Left(code))


def _report(descriptor: int, message: Message) -> None:
    with suppress(OSError):
        os.write(descriptor, encode(message) + b"\n")
