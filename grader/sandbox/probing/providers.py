"""Each provider tried with a program that attacks: which layers hold, seen from outside, and what the machine lacks."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import psutil

from grader.errors import LabgradeError, SandboxUnavailableError
from grader.records import Outcome
from grader.sandbox.container.container_run import ContainerServer
from grader.sandbox.contract import Limits, Provider
from grader.sandbox.frames import FrameError
from grader.sandbox.linux.restrictions import landlock_version
from grader.sandbox.warm import WarmServer

if TYPE_CHECKING:
    from grader.sandbox.probing.attempts import Request

Confining: TypeAlias = Literal["namespaces", "landlock", "container"]
PROVIDERS: tuple[Confining, ...] = ("namespaces", "landlock", "container")

LAYERS = {
    "reading": "files of this machine cannot be read",
    "writing": "nothing outside scratch can be written",
    "network": "no network, not even this machine's",
    "unix sockets": "no socket of another program",
    "other processes": "no signal, no look at other processes",
    "rights": "no capability, no new rights, calls filtered",
    "processes": "processes and threads are limited",
    "memory": "memory is limited",
    "disk": "disk space is limited",
    "nothing remains": "no process of a run outlives it",
}
"""What each layer promises."""

_ENTRY = "grader.sandbox.probing.attempts:main"
_SECRET = "canary"
_ANSWER_SECONDS = 60.0
"""As long as the longest run of the probe may last."""
_MIB = 1 << 20
_BASIC = Limits(wall_seconds=60.0, cpu_seconds=60)
"""For attempts that are answered at once, each with a time-out of its own."""
_LIMITED: dict[str, tuple[str, Limits, int]] = {
    "processes": ("threads", Limits(wall_seconds=30.0, processes=64), 64 + 16),
    "memory": ("memory", Limits(wall_seconds=30.0, memory_bytes=256 * _MIB), 256 * _MIB),
    "disk": ("disk", Limits(wall_seconds=30.0, scratch_bytes=16 * _MIB, file_bytes=16 * _MIB), 16 * _MIB),
}
"""Layer -> what is tried, within which limits, and how much of it may be had."""

_APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"
_DEBIAN = "kernel/unprivileged_userns_clone"
_MOST = "user/max_user_namespaces"


@dataclass(frozen=True)
class Examined:
    """A provider, tried."""

    provider: Provider
    refusal: str | None
    """Why it is not to be had here; `None` when runs start."""
    broken: Mapping[str, str]
    """Layer -> what worked that must not."""
    programs: bool = False
    """Whether shell commands in cells work."""

    @property
    def confines(self) -> bool:
        """Whether student code may run in it."""
        return self.refusal is None and not self.broken


def examine(provider: Confining) -> Examined:
    """Try `provider` on this machine, which takes some seconds."""
    before = set(processes_below(os.getpid()))
    try:
        with _server(provider) as server:
            broken, programs = _broken_layers(server)
    except SandboxUnavailableError as error:
        return Examined(provider, str(error), {})
    except (LabgradeError, FrameError, OSError, EOFError) as error:
        return Examined(provider, f"{type(error).__name__}: {error}", {})
    left = set(processes_below(os.getpid())) - before
    if left:
        broken["nothing remains"] = f"{len(left)} processes remain"
    return Examined(provider, None, broken, programs)


def processes_below(pid: int) -> list[int]:
    """Ids of all living descendants of the process `pid`."""
    try:
        below = psutil.Process(pid).children(recursive=True)
        return [process.pid for process in below if process.status() != psutil.STATUS_ZOMBIE]
    except psutil.Error:
        return []


def _server(provider: Confining) -> WarmServer | ContainerServer:
    if provider == "container":
        return ContainerServer(student=_ENTRY, trainer="", preload=["numpy"])
    return WarmServer(student=_ENTRY, trainer="", preload=["numpy"], provider=provider)


def _broken_layers(server: WarmServer | ContainerServer) -> tuple[dict[str, str], bool]:
    broken: dict[str, str] = {}
    with _outside() as (request, effects):
        worked, _ = _try(server, _BASIC, {**request, "what": "basic"})
        if not isinstance(worked, dict):
            raise LabgradeError("the probe gave no answer")
        for layer, attempts in worked.items():
            if attempts:
                broken[layer] = f"it could {', '.join(attempts)}"
        for layer, effect in effects():
            broken.setdefault(layer, effect)
    for layer, (what, limits, most) in _LIMITED.items():
        had, outcome = _try(server, limits, {"what": what, "most": most})
        # Without an answer the watch has ended the run: then it has to say that it was for this limit.
        if outcome.limit is None and not (isinstance(had, int) and had <= most):
            broken[layer] = f"it had {had} where {most} are allowed, and ended as: {outcome.status}"
    programs, _ = _try(server, _BASIC, {"what": "programs"})
    return broken, programs is True


def _try(server: WarmServer | ContainerServer, limits: Limits, request: Request) -> tuple[object, Outcome]:
    """Have the probe try something: what it answered, if it could, and how its run ended."""
    run = server.student(limits)
    worked: object = None
    try:
        with suppress(EOFError, OSError):
            run.channel.send(dict(request))
            worked = run.channel.receive(_ANSWER_SECONDS)[0].get("worked")
        run.channel.close()
        return worked, run.wait(_ANSWER_SECONDS)
    finally:
        run.close()


@contextmanager
def _outside() -> Iterator[tuple[Request, Callable[[], Iterable[tuple[str, str]]]]]:
    """What the probe may not reach: a file, two sockets of each kind, this process; and whether it did."""
    abstract = f"\0labgrade-{secrets.token_hex(8)}"
    with (
        tempfile.TemporaryDirectory(prefix="labgrade-doctor-") as folder,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        _unix_listener(str(Path(folder) / "socket")) as by_path,
        _unix_listener(abstract) as by_name,
    ):
        Path(folder).chmod(0o755)
        canary = Path(folder) / "canary"
        canary.write_text(_SECRET)
        # Open to everyone, so that confinement alone stands in the way.
        canary.chmod(0o666)
        request: Request = {"canary": str(canary), "host": os.getpid(), "port": tcp.getsockname()[1]}

        def effects() -> Iterator[tuple[str, str]]:
            if canary.read_text() != _SECRET or {path.name for path in Path(folder).iterdir()} - {"canary", "socket"}:
                yield "writing", "it changed files"
            for layer, listener in (("network", tcp), ("unix sockets", by_path), ("unix sockets", by_name)):
                if listener is not None and _was_called(listener):
                    yield layer, "it connected"

        yield {**request, "socket": str(Path(folder) / "socket"), "abstract": abstract}, effects


@contextmanager
def _unix_listener(name: str) -> Iterator[socket.socket | None]:
    """A listening unix socket; `None` where the system has none of that kind."""
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        yield None
        return
    with socket.socket(family) as listener:
        try:
            listener.bind(name)
            listener.listen()
        except (OSError, ValueError):
            yield None
            return
        if not name.startswith("\0"):
            Path(name).chmod(0o777)
        yield listener


def _was_called(listener: socket.socket) -> bool:
    listener.settimeout(0.05)
    try:
        listener.accept()[0].close()
    except OSError:
        return False
    return True


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
