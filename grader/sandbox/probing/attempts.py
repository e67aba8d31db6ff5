"""What runs inside on `labgrade doctor`: it tries what student code must not be able to do, and says what worked.

It is labgrade's own and is believed when it says that something worked; that nothing did is judged from outside.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, cast

from grader.sandbox.frames import Channel

_STATUS = {"CapPrm": "0" * 16, "CapEff": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
_PIECE = 8 << 20
"""Bytes taken at once: small beside the limits that are tried, large beside a page."""


class Request(TypedDict, total=False):
    """What to try, and on what."""

    what: str
    """A key of `_TRIES`."""
    canary: str
    """A file of the host."""
    host: int
    """The host's process id."""
    port: int
    """Of a TCP socket on which the host listens."""
    socket: str
    abstract: str
    """Path and abstract name of unix sockets on which the host listens."""
    most: int
    """How much is allowed: threads or bytes."""


def main(channel: Channel) -> None:
    """Answer each `Request` with `{"worked": ...}`."""
    while True:
        try:
            header, _ = channel.receive()
        except EOFError:
            return
        request = cast("Request", header)
        channel.send({"worked": _TRIES[request["what"]](request)})


def _basic(request: Request) -> dict[str, list[str]]:
    """Attempts on files, network, other processes and rights, by layer: those that worked."""
    return {layer: [name for name, attempt in attempts if _works(attempt)] for layer, attempts in _attempts(request)}


def _attempts(request: Request) -> list[tuple[str, list[tuple[str, Callable[[], object]]]]]:
    canary, host = str(request["canary"]), int(request["host"])
    beside = str(Path(canary).parent / "written")
    port = int(request["port"])
    return [
        (
            "reading",
            [
                ("read a file", lambda: Path(canary).read_bytes()),
                ("list a folder", lambda: os.listdir(Path(canary).parent)),  # noqa: PTH208
                ("follow a link", lambda: _through_link(canary)),
                ("read the host's environment", lambda: Path(f"/proc/{host}/environ").read_bytes()),
            ],
        ),
        (
            "writing",
            [
                ("write a file", lambda: Path(beside).write_bytes(b"written")),
                ("change a file", lambda: Path(canary).write_bytes(b"changed")),
                ("write to the system", lambda: _write_and_remove("/usr/lib/labgrade-canary")),
            ],
        ),
        (
            "network",
            [
                ("connect by TCP", lambda: _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port))),
                ("send by UDP", lambda: _connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", port))),
                ("listen", lambda: socket.create_server(("127.0.0.1", 0)).close()),
            ],
        ),
        (
            "unix sockets",
            [
                ("connect by path", lambda: _connect(_UNIX, socket.SOCK_STREAM, str(request["socket"]))),
                ("connect by abstract name", lambda: _connect(_UNIX, socket.SOCK_STREAM, str(request["abstract"]))),
            ],
        ),
        (
            "other processes",
            [
                ("signal the host", lambda: os.kill(host, 0)),
                ("open the host's memory", lambda: Path(f"/proc/{host}/mem").open("rb").close()),
                ("limit the host", lambda: resource.prlimit(host, resource.RLIMIT_NOFILE)),
                ("rank the host", lambda: _rank(host)),
            ],
        ),
        ("rights", [("keep a right", _require_rights), ("become root", lambda: os.setuid(0))]),
    ]


_UNIX = getattr(socket, "AF_UNIX", -1)


def _programs(_request: Request) -> bool:
    """Whether a shell command runs: a convenience that `landlock` lacks, no layer."""
    return _works(lambda: subprocess.run(["/bin/sh", "-c", "exit 0"], check=True, timeout=10))


def _threads(request: Request) -> int:
    """Start threads beyond the limit; how many run. The watch may end this process meanwhile."""
    running = 0
    try:
        while running <= 2 * int(request["most"]):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            running += 1
        time.sleep(1.0)
    except RuntimeError:
        pass
    return running


def _memory(request: Request) -> int:
    """Take memory until it is refused; how much was had. The watch may end this process meanwhile."""
    taken: list[bytearray] = []
    try:
        while len(taken) * _PIECE <= 2 * int(request["most"]):
            taken.append(bytearray(b"1" * _PIECE))
    except MemoryError:
        pass
    return len(taken) * _PIECE


def _disk(request: Request) -> int:
    """Fill scratch until it is refused; how much was written. The watch may end this process meanwhile."""
    written = 0
    try:
        with Path("filled").open("wb", buffering=0) as file:
            while written <= 2 * int(request["most"]):
                written += file.write(bytes(_PIECE))
    except OSError:
        pass
    return written


def _connect(family: int, kind: int, address: tuple[str, int] | str) -> None:
    with socket.socket(family, kind) as one:
        one.settimeout(2.0)
        one.connect(address)
        one.send(b"x")


def _through_link(target: str) -> None:
    link = Path("link")
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    link.read_bytes()


def _rank(pid: int) -> None:
    """Set the priority that it has: no harm is done where this works."""
    os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid))


def _write_and_remove(path: str) -> None:
    Path(path).write_bytes(b"")
    Path(path).unlink()


def _require_rights() -> None:
    """Succeeds, as an attack, where a capability is left or a lock is missing."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if all(status.get(name) == value for name, value in _STATUS.items()):
        raise PermissionError("no rights are left")


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return True


_TRIES: dict[str, Callable[[Request], object]] = {
    "basic": _basic,
    "programs": _programs,
    "threads": _threads,
    "memory": _memory,
    "disk": _disk,
}
