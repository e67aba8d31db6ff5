"""Each provider tried with a program that attacks: which layers hold, seen from outside."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from grader.errors import LabgradeError, SandboxUnavailableError
from grader.records.recording import Outcome
from grader.sandbox.container.server import ContainerServer
from grader.sandbox.contract import Limits, Provider
from grader.sandbox.frames import FrameError
from grader.sandbox.probing.remains import processes_below
from grader.sandbox.warm import WarmServer

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
_MIB = 1 << 20
_BASIC = Limits(wall_seconds=60.0, cpu_seconds=60)
_LIMITED: dict[str, tuple[str, Limits, int]] = {
    "processes": ("threads", Limits(wall_seconds=30.0, processes=64), 64 + 16),
    "memory": ("memory", Limits(wall_seconds=30.0, memory_bytes=256 * _MIB), 256 * _MIB),
    "disk": ("disk", Limits(wall_seconds=30.0, scratch_bytes=16 * _MIB, file_bytes=16 * _MIB), 16 * _MIB),
}
"""Layer -> what is tried, within which limits, and how much of it may be had."""


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


def examined(provider: Confining) -> Examined:
    """`provider`, tried on this machine: some seconds."""
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


def _server(provider: Confining) -> WarmServer | ContainerServer:
    if provider == "container":
        return ContainerServer(student=_ENTRY, trainer="", preload=["numpy"])
    return WarmServer(student=_ENTRY, trainer="", preload=["numpy"], provider=provider)


def _broken_layers(server: WarmServer | ContainerServer) -> tuple[dict[str, str], bool]:
    broken: dict[str, str] = {}
    with _outside() as (request, reached):
        worked, _ = _tried(server, _BASIC, {"try": "basic", **request})
        if not isinstance(worked, dict):
            raise LabgradeError("the probe gave no answer")
        for layer, attempts in worked.items():
            if attempts:
                broken[layer] = f"it could {', '.join(attempts)}"
        for layer, effect in reached():
            broken.setdefault(layer, effect)
    for layer, (what, limits, most) in _LIMITED.items():
        had, outcome = _tried(server, limits, {"try": what, "most": most})
        # Without an answer the watch has ended the run: then it has to say that it was for this limit.
        if outcome.limit is None and not (isinstance(had, int) and had <= most):
            broken[layer] = f"it had {had} where {most} are allowed, and ended as: {outcome.status}"
    programs, _ = _tried(server, _BASIC, {"try": "programs"})
    return broken, programs is True


def _tried(server: WarmServer | ContainerServer, limits: Limits, request: dict[str, Any]) -> tuple[Any, Outcome]:
    run = server.student(limits)
    worked = None
    try:
        with suppress(EOFError, OSError):
            run.channel.send(request)
            worked = run.channel.receive(_ANSWER_SECONDS)[0].get("worked")
        run.channel.close()
        return worked, run.wait(_ANSWER_SECONDS)
    finally:
        run.close()


@contextmanager
def _outside() -> Iterator[tuple[dict[str, Any], Any]]:
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
        request = {"canary": str(canary), "host": os.getpid(), "port": tcp.getsockname()[1]}

        def reached() -> Iterator[tuple[str, str]]:
            if canary.read_text() != _SECRET or {path.name for path in Path(folder).iterdir()} - {"canary", "socket"}:
                yield "writing", "it changed files"
            for layer, listener in (("network", tcp), ("unix sockets", by_path), ("unix sockets", by_name)):
                if listener is not None and _was_called(listener):
                    yield layer, "it connected"

        yield {**request, "socket": str(Path(folder) / "socket"), "abstract": abstract}, reached


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
