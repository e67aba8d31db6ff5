"""Which user a confined process becomes."""

from __future__ import annotations

import os
from pathlib import Path

USER_INSIDE = 1000
"""Its own id as a process sees it in a user namespace."""

_CAP_SYS_ADMIN, _CAP_SETUID, _CAP_SETGID, _CAP_SETPCAP, _CAP_CHOWN = 21, 7, 6, 8, 0
_NEEDED = (_CAP_SYS_ADMIN, _CAP_SETUID, _CAP_SETGID, _CAP_SETPCAP, _CAP_CHOWN)
_SLOTS = 64
_SERVERS = 1 << 20
_FIRST_HIGH = 1_000_000_000
_FIRST_LOW = 20_000


def is_privileged() -> bool:
    """Whether this process may mount and change users by itself, as root outside a user namespace of one's own may."""
    return os.getuid() == 0 and holds_capabilities(_NEEDED) and _mapped_users() > _FIRST_LOW + _SLOTS


def may_change_user() -> bool:
    """Whether this process may become another user."""
    return os.getuid() == 0 and holds_capabilities((_CAP_SETUID, _CAP_SETGID)) and _mapped_users() > _FIRST_LOW + _SLOTS


def holds_capabilities(capabilities: tuple[int, ...]) -> bool:
    """Whether all of `capabilities` (numbers of capabilities(7)) are in force for this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            held = int(line.split()[1], 16)
            return all(held >> capability & 1 for capability in capabilities)
    return False


def slot_user(slot: int, server: int) -> int:
    """A user id that no account has, distinct for every run under way: processes are counted per user id."""
    mapped = _mapped_users()
    wanted = _FIRST_HIGH + server % _SERVERS * _SLOTS + slot % _SLOTS
    if wanted < mapped:
        return wanted
    return _FIRST_LOW + (server * _SLOTS + slot) % (mapped - _FIRST_LOW)


def become(user: int) -> None:
    """Become `user`, with the group of the same number and no other."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _mapped_users() -> int:
    """How many user ids from 0 on exist in this user namespace."""
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = map(int, line.split())
        if first == 0:
            return count
    return 0
