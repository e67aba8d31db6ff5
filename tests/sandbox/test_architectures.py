"""Nothing depends on x86: the filter is built by name for other architectures too, and read back instruction by one."""

from __future__ import annotations

import ctypes
import re
import struct
from pathlib import Path

import pytest

import grader.sandbox
from grader.sandbox.linux import restrictions as restrictions

AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH_* of linux/audit.h."""
NUMBERS = {
    "x86_64": {"read": 0, "openat": 257, "execve": 59, "socket": 41, "futex": 202, "ptrace": 101},
    "aarch64": {"read": 63, "openat": 56, "execve": 221, "socket": 198, "futex": 98, "ptrace": 117},
}
"""System call numbers of asm/unistd.h, a few that tell a filter for the one from a filter for the other."""
LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_GREATER, JUMP_SET, JUMP, AND, RETURN = (
    *(0x20, 0x15, 0x35, 0x25, 0x45, 0x05, 0x54, 0x06),
)
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000


def verdict(program: bytes, number: int, architecture: int, arguments: tuple[int, ...] = ()) -> int:
    """What the kernel would answer: a run of the classic BPF program over `struct seccomp_data`."""
    data = struct.pack("<iIQ6Q", number, architecture, 0, *(*arguments, *[0] * 6)[:6])
    code = [struct.unpack_from("<HBBI", program, at) for at in range(0, len(program), 8)]
    at = register = 0
    while True:
        operation, true, false, value = code[at]
        at += 1
        if operation == LOAD:
            register = struct.unpack_from("<I", data, value)[0]
        elif operation == AND:
            register &= value
        elif operation == JUMP:
            at += value
        elif operation == RETURN:
            return value
        else:
            holds = {
                JUMP_EQUAL: register == value,
                JUMP_GREATER_EQUAL: register >= value,
                JUMP_GREATER: register > value,
                JUMP_SET: bool(register & value),
            }[operation]
            at += true if holds else false


@pytest.mark.parametrize("programs", [True, False])
@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_the_filter_is_the_same_on_every_architecture(architecture, programs):
    """By that architecture's own numbers files and threads work, sockets and tracing fail, foreign calls kill."""
    program = restrictions.filter_program(architecture, programs)
    own, numbers = AUDIT_ARCHITECTURE[architecture], NUMBERS[architecture]
    for name in ("read", "openat", "futex"):
        assert verdict(program, numbers[name], own) == ALLOW, name
    for name in ("socket", "ptrace"):
        assert verdict(program, numbers[name], own) & 0xFFFF0000 == ERROR, name
    assert (verdict(program, numbers["execve"], own) == ALLOW) == programs
    clone = {"x86_64": 56, "aarch64": 220}[architecture]
    assert verdict(program, clone, own, (0x10000,)) == ALLOW, "a thread"
    assert (verdict(program, clone, own, (0x11,)) == ALLOW) == programs, "a process"
    assert verdict(program, clone, own, (0x10000000 | 0x10000,)) != ALLOW, "a user namespace"
    other = AUDIT_ARCHITECTURE["aarch64" if architecture == "x86_64" else "x86_64"]
    assert verdict(program, numbers["read"], other) == KILL


def test_names_are_known_to_libseccomp():
    """Every name in the lists is one that libseccomp knows, on this architecture or another: none is misspelt."""
    library = restrictions._library()
    library.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    architectures = [library.seccomp_arch_resolve_name(name) for name in (b"x86_64", b"aarch64", b"arm")]
    unknown = [
        name
        for name in (*restrictions.ALLOWED, *restrictions.STARTING, *restrictions.METADATA, *restrictions.DENIED)
        if all(library.seccomp_syscall_resolve_name_arch(one, name.encode()) == -1 for one in architectures)
    ]
    # Newer than some libseccomp in use.
    assert set(unknown) <= {"fchmodat2", "futex_wait", "futex_wake", "futex_requeue", "futex_waitv", "epoll_pwait2"}


def test_no_call_goes_by_a_number_of_one_architecture():
    """Numbers of system calls are those since Linux 5.1, which are the same everywhere."""
    source = (Path(grader.sandbox.__file__).parent / "linux" / "kernel.py").read_text()
    numbers = {int(number) for number in re.findall(r"\b(4\d\d)\b", source)}
    assert numbers == {442, 444, 445, 446}
    assert "platform.machine" not in source
