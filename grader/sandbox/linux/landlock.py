"""Landlock: which files this process and its children may touch (landlock(7))."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from enum import IntFlag
from pathlib import Path

from grader.sandbox.linux.libc import LANDLOCK_ADD_RULE, LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, syscall

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_NET_BIND_AND_CONNECT_TCP = 3
_SCOPE_ABSTRACT_UNIX_SOCKET_AND_SIGNAL = 3


class Access(IntFlag):
    """LANDLOCK_ACCESS_FS_*."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


_OF_FILES = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV
_READ = Access.EXECUTE | Access.READ_FILE | Access.READ_DIR
_ALL_OF_FIRST = Access((1 << 13) - 1)
_EVERYTHING = Access((1 << 16) - 1)
_SCRATCH = _EVERYTHING & ~(Access.MAKE_CHAR | Access.MAKE_BLOCK | Access.IOCTL_DEV)
_DEVICE = Access.READ_FILE | Access.WRITE_FILE | Access.READ_DIR | Access.IOCTL_DEV


def landlock_version() -> int:
    """Version of the kernel's Landlock interface; 0 where there is none or it is turned off."""
    with suppress(OSError):
        return syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_CREATE_RULESET_VERSION))
    return 0


def restrict_files(read: Iterable[str], write: Iterable[str], devices: Iterable[str]) -> None:
    """Let this process read and execute below `read`, do everything below `write`, use `devices`, and no other file.

    With it, where the kernel can: no TCP, no abstract sockets and no signals to processes outside. Needs
    no_new_privs and a Landlock version of at least 1.
    """
    version = landlock_version()
    handled = _rights(version)
    attributes = struct.pack(
        "QQQ",
        handled,
        _NET_BIND_AND_CONNECT_TCP if version >= 4 else 0,
        _SCOPE_ABSTRACT_UNIX_SOCKET_AND_SIGNAL if version >= 6 else 0,
    )[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    try:
        for paths, access in ((read, _READ), (write, _SCRATCH), (devices, _DEVICE)):
            for path in paths:
                _allow(rules, path, access & handled)
        syscall(LANDLOCK_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint(0))
    finally:
        os.close(rules)


def _rights(version: int) -> Access:
    access = _ALL_OF_FIRST
    for since, added in ((2, Access.REFER), (3, Access.TRUNCATE), (5, Access.IOCTL_DEV)):
        if version >= since:
            access |= added
    return access


def _allow(rules: int, path: str, access: Access) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        granted = access if Path(path).is_dir() else access & _OF_FILES
        rule = struct.pack("=Qi", granted, place)
        syscall(LANDLOCK_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(_RULE_PATH_BENEATH), rule, ctypes.c_uint(0))
    finally:
        os.close(place)
