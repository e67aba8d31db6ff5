"""What a machine lacks for a provider, and how to get it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from grader.sandbox.confinement.landlock import landlock_version
from grader.sandbox.contract import Provider

_APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"
_DEBIAN = "kernel/unprivileged_userns_clone"
_MOST = "user/max_user_namespaces"


def advice(provider: Provider, refusal: str) -> tuple[str, ...]:
    """Sentences on what stands in the way of `provider`, which was refused with `refusal`, and what to do."""
    if sys.platform != "linux":
        return () if provider == "container" else ("Only Linux has it: on this system take the container.",)
    found = list(_of_libraries(refusal))
    if provider == "namespaces" and os.getuid() != 0:
        found += _of_user_namespaces()
    if provider in ("namespaces", "landlock"):
        found += _of_containers()
    if provider == "landlock":
        found += _of_landlock()
    return tuple(found)


def _of_libraries(refusal: str) -> Iterator[str]:
    if "libseccomp" in refusal:
        yield "Install libseccomp: apt install libseccomp2, dnf install libseccomp, or pacman -S libseccomp."


def _of_user_namespaces() -> Iterator[str]:
    """Linux distributions block user namespaces in three ways."""
    until = "until the next start; to keep it, write it to a file in /etc/sysctl.d"
    if _setting(_APPARMOR) == "1":
        yield (
            "Ubuntu's AppArmor keeps ordinary users from user namespaces: sudo sysctl -w "
            f"kernel.apparmor_restrict_unprivileged_userns=0 ({until})."
        )
    if _setting(_DEBIAN) == "0":
        yield f"Only root may make user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1 ({until})."
    if _setting(_MOST) == "0":
        yield f"No user namespaces are allowed at all: sudo sysctl -w user.max_user_namespaces=10000 ({until})."


def _of_containers() -> Iterator[str]:
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        yield (
            "labgrade itself runs in a container, whose engine forbids it to confine: start that container with "
            "--security-opt seccomp=unconfined (and apparmor=unconfined), or run labgrade outside of it."
        )


def _of_landlock() -> Iterator[str]:
    version = landlock_version()
    kernel = os.uname().release
    if version >= 3:
        return
    if version:
        yield f"Landlock needs Linux 6.2 or newer; this is {kernel}."
        return
    active = _text(Path("/sys/kernel/security/lsm"))
    if active and "landlock" not in active.split(","):
        yield f"The kernel has Landlock switched off: add landlock to lsm= on its command line (now {active})."
    else:
        yield f"This kernel ({kernel}) has no Landlock; Linux 6.2 or newer, as distributions build it, has."


def _setting(name: str) -> str:
    return _text(Path("/proc/sys") / name)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
