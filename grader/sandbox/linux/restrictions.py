"""What the kernel refuses a process for good: files, by Landlock (landlock(7)), and system calls, by a filter.

The filter is made by the system's libseccomp: an allow-list by name, so that it holds on every architecture. The list
follows that of container engines, less what reaches other processes, the network, the kernel's state, or memory that no
limit counts (memfd, System V shared memory). What is not named fails with ENOSYS, which C libraries take as "this
kernel is older" and find another way.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from enum import IntFlag
from functools import cache
from pathlib import Path

from grader.sandbox.linux.kernel import LANDLOCK_ADD_RULE, LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, syscall

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


_FILES = """
access chdir close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fchdir fcntl
fdatasync fgetxattr flistxattr flock fstat fstatfs fsync ftruncate getcwd getdents getdents64 getxattr inotify_add_watch
inotify_init inotify_init1 inotify_rm_watch ioctl lgetxattr link linkat listxattr llistxattr lseek lstat mkdir mkdirat
newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink
readlinkat readv rename renameat renameat2 rmdir sendfile splice stat statfs statx symlink symlinkat sync_file_range tee
truncate umask unlink unlinkat write writev
"""
_MEMORY = """
brk get_mempolicy madvise membarrier mincore mmap mprotect mremap msync munlock munlockall munmap
"""
_PROCESS = """
arch_prctl capget exit exit_group futex futex_requeue futex_wait futex_waitv futex_wake get_robust_list getcpu getegid
geteuid getgid getgroups getpgid getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid
gettid getuid restart_syscall rseq sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
sched_getparam sched_getscheduler sched_rr_get_interval sched_yield set_robust_list set_tid_address setpgid setrlimit
setsid sysinfo times uname wait4 waitid getrandom
"""
_SIGNALS_AND_TIME = """
alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep pause rt_sigaction rt_sigpending
rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait setitimer sigaltstack signalfd signalfd4 time timer_create
timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
"""
_WAITING_AND_STREAMS = """
epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 getpeername getsockname
getsockopt poll ppoll pselect6 recvfrom recvmmsg recvmsg select sendmmsg sendmsg sendto setsockopt shutdown
"""

ALLOWED = tuple(" ".join((_FILES, _MEMORY, _PROCESS, _SIGNALS_AND_TIME, _WAITING_AND_STREAMS)).split())
"""Allowed whatever their arguments."""

STARTING = ("fork", "vfork", "execve", "execveat")
"""Start processes and programs."""

METADATA = tuple(
    """
chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat
""".split()
)
"""Change a file's mode, owner or times, over which Landlock has no say."""

DENIED = tuple(
    """
socket connect bind listen accept accept4 setpriority ptrace mount umount2 unshare setns bpf keyctl add_key request_key
""".split()
)
"""Refused with EACCES, which says more to a reader than the default."""

ALLOWED_PRCTL = (
    *(2, 3, 21, 23, 27, 30, 39, 42, 52),
    *(15, 16, 29, 38, 41),
    0x53564D41,
)
"""prctl(2) operations: GET_PDEATHSIG, GET_DUMPABLE, GET_SECCOMP, CAPBSET_READ, GET_SECUREBITS, GET_TIMERSLACK,
GET_NO_NEW_PRIVS, GET_THP_DISABLE, GET_SPECULATION_CTRL; SET_NAME, GET_NAME, SET_TIMERSLACK, SET_NO_NEW_PRIVS,
SET_THP_DISABLE; SET_VMA (names of memory areas). Not SET_PDEATHSIG and SET_DUMPABLE: the watch relies on them."""

# Actions, attributes and operators of seccomp.h, and the values of arguments that a rule compares with.
_ALLOW = 0x7FFF0000
_KILL_PROCESS = 0x80000000
_ATTRIBUTE_BAD_ARCHITECTURE = 2
_ATTRIBUTE_OPTIMISE = 8
_BINARY_TREE = 2

_LOW_HALF = 0xFFFFFFFF
"""The kernel reads most of these arguments as 32 bits: the upper half must not make a difference."""

_CLONE_THREAD = 0x00010000
_CLONE_NEW_NAMESPACES = 0x7E020000
_UNIX, _STREAM, _KIND_OF_SOCKET = 1, 1, 0xF
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15

_MASKED_EQUAL = 7


class _Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    ]


def restrict_system_calls(may_start_programs: bool) -> None:
    """Filter this process's system calls for good; needs no_new_privs and a single thread.

    Without `may_start_programs` (where nothing but the filter keeps processes apart) it may start threads but no
    process, signal itself alone, and changes of a file's mode, owner or times have no effect.
    """
    # One rule cannot compare one argument with two values: what is refused by value needs a filter of its own.
    with _Filter(_ALLOW) as refusing:
        for request in (_TIOCSTI, _TIOCLINUX):
            refusing.add(_error(errno.EPERM), "ioctl", (1, _LOW_HALF, request))
        if not may_start_programs:
            for command in (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX):
                refusing.add(_error(errno.EPERM), "fcntl", (1, _LOW_HALF, command))
        refusing.load()
    # Last, as it allows no further filter.
    with _Filter(_error(errno.ENOSYS)) as allowing:
        _allow_calls(allowing, may_start_programs)
        allowing.load()


def filter_program(architecture: str, may_start_programs: bool) -> bytes:
    """The second filter's instructions for `architecture` (libseccomp's name, such as `aarch64`), not loaded.

    Raises OSError where this libseccomp does not know the architecture or one of the rules cannot be had on it.
    """
    with _Filter(_error(errno.ENOSYS)) as allowing, tempfile.TemporaryFile() as written:
        allowing.become(architecture)
        _allow_calls(allowing, may_start_programs)
        allowing.export(written.fileno())
        written.seek(0)
        return written.read()


def require_libseccomp() -> None:
    """Raise OSError, with the package to install, where libseccomp is not to be had."""
    _library()


def _allow_calls(allowing: _Filter, may_start_programs: bool) -> None:
    allowing.add_all(_ALLOW, ALLOWED)
    allowing.add_all(_error(errno.EACCES), DENIED)
    for operation in ALLOWED_PRCTL:
        allowing.add(_ALLOW, "prctl", (0, _LOW_HALF, operation))
    allowing.add(_ALLOW, "socketpair", (0, _LOW_HALF, _UNIX), (1, _KIND_OF_SOCKET, _STREAM))
    allowing.add(_ALLOW, "prlimit64", (0, _LOW_HALF, 0))
    allowing.add(_ALLOW, "sched_setaffinity", (0, _LOW_HALF, 0))
    if may_start_programs:
        allowing.add_all(_ALLOW, (*STARTING, *METADATA, "kill", "tgkill", "tkill"))
        allowing.add(_ALLOW, "clone", (0, _CLONE_NEW_NAMESPACES, 0))
        return
    allowing.add_all(_error(errno.EPERM), (*STARTING, "tkill"))
    allowing.add_all(_error(0), METADATA)
    allowing.add(_error(errno.EPERM), "clone", (0, _CLONE_THREAD, 0))
    allowing.add(_ALLOW, "clone", (0, _CLONE_NEW_NAMESPACES | _CLONE_THREAD, _CLONE_THREAD))
    for call in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        allowing.add(_ALLOW, call, (0, _LOW_HALF, os.getpid()))


class _Filter:
    def __init__(self, default: int) -> None:
        self._library = _library()
        self._context = self._library.seccomp_init(default)
        if not self._context:
            raise OSError("seccomp_init failed")
        self._call("seccomp_attr_set", _ATTRIBUTE_BAD_ARCHITECTURE, _KILL_PROCESS)
        # Of libseccomp 2.5 on; without it the filter is the same and slower.
        self._library.seccomp_attr_set(self._context, _ATTRIBUTE_OPTIMISE, _BINARY_TREE)

    def __enter__(self) -> _Filter:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.seccomp_release(self._context)

    def add_all(self, action: int, names: Iterable[str]) -> None:
        for name in names:
            self.add(action, name)

    def add(self, action: int, name: str, *comparisons: tuple[int, int, int]) -> None:
        number = _number(name)
        # Negative: not on this architecture. A name that this libseccomp does not know stays refused by default.
        if number < 0:
            return
        compared = (_Comparison * len(comparisons))(
            *(_Comparison(argument, _MASKED_EQUAL, mask, value) for argument, mask, value in comparisons)
        )
        self._call("seccomp_rule_add_array", action, number, len(comparisons), compared)

    def load(self) -> None:
        self._call("seccomp_load")

    def become(self, architecture: str) -> None:
        """Be a filter for `architecture` instead of this machine's."""
        token = self._library.seccomp_arch_resolve_name(architecture.encode())
        if not token:
            raise OSError(f"libseccomp knows no architecture {architecture}")
        if token != self._library.seccomp_arch_native():
            self._call("seccomp_arch_add", token)
            self._call("seccomp_arch_remove", self._library.seccomp_arch_native())

    def export(self, descriptor: int) -> None:
        self._call("seccomp_export_bpf", descriptor)

    def _call(self, function: str, *arguments: object) -> None:
        result = getattr(self._library, function)(self._context, *arguments)
        if result < 0:
            raise OSError(-result, f"{function}{arguments[:2]}: {os.strerror(-result)}")


@cache
def _number(name: str) -> int:
    number: int = _library().seccomp_syscall_resolve_name(name.encode())
    return number


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError as error:
        raise OSError(
            "libseccomp is not installed: install the package libseccomp2 (Debian, Ubuntu) or libseccomp (Fedora, Arch)"
        ) from error
    context, action = ctypes.c_void_p, ctypes.c_uint32
    library.seccomp_init.restype = context
    library.seccomp_init.argtypes = [action]
    library.seccomp_release.argtypes = library.seccomp_load.argtypes = [context]
    library.seccomp_release.restype = None
    library.seccomp_attr_set.argtypes = [context, ctypes.c_int, action]
    library.seccomp_rule_add_array.argtypes = [context, action, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    library.seccomp_syscall_resolve_name.argtypes = library.seccomp_arch_resolve_name.argtypes = [ctypes.c_char_p]
    library.seccomp_arch_resolve_name.restype = library.seccomp_arch_native.restype = ctypes.c_uint32
    library.seccomp_arch_add.argtypes = library.seccomp_arch_remove.argtypes = [context, ctypes.c_uint32]
    library.seccomp_export_bpf.argtypes = [context, ctypes.c_int]
    return library


def _error(number: int) -> int:
    return 0x00050000 | number
