"""What the sandbox tests share: a warm server without TensorFlow, and code run in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from grader.sandbox.container.container_run import ContainerServer
from grader.sandbox.contract import Limits
from grader.sandbox.warm import WarmServer

HERE = Path(__file__).parent
PATIENCE = 60.0
"""Seconds for what happens at once on a machine that is not busy."""


def quick_server(provider: str = "auto", **changes: object) -> WarmServer:
    """A server that runs the entry functions of `sandbox_entries`, with NumPy alone preloaded."""
    setup: dict[str, object] = {
        "student": "sandbox_entries:student",
        "trainer": "sandbox_entries:trainer",
        "preload": ["numpy"],
        "provider": provider,
        "search_path": [HERE],
    }
    return WarmServer(**{**setup, **changes})  # type: ignore[arg-type]


class Sandbox:
    """A server, and a short way to run code in it."""

    def __init__(self, server: WarmServer | ContainerServer) -> None:
        self.server = server
        self.confines_programs = server.provider in ("namespaces", "container")

    def run(self, code: str, **limits: float):
        """Run `code`: what it left in `answer` (None when no answer came), the outcome and the output."""
        chosen = Limits(**{"wall_seconds": 90.0, "cpu_seconds": 15, **limits})  # type: ignore[arg-type]
        student = self.server.student(chosen)
        try:
            student.channel.send({"code": code})
            answer, _ = student.channel.receive(chosen.wall_seconds + PATIENCE)
        except (EOFError, BrokenPipeError):
            answer = {}
        student.channel.close()
        outcome = student.wait(PATIENCE)
        student.close()
        return answer, outcome, student.output()


_STRANGERS: set[int] = set()
"""Processes below this one that were there when the test began: another room's tests may keep a server warm."""


def own_children() -> list[psutil.Process]:
    """Living processes below this one that came with the current test."""
    return [one for one in psutil.Process().children(recursive=True) if one.pid not in _STRANGERS and _lives(one)]


def note_strangers() -> None:
    """A test begins."""
    _STRANGERS.clear()
    _STRANGERS.update(one.pid for one in psutil.Process().children(recursive=True))


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def processes_of(server: WarmServer | ContainerServer) -> list[psutil.Process]:
    """The server (of containers: this process) and everything below it."""
    if isinstance(server, ContainerServer):
        return [psutil.Process(), *own_children()]
    assert server._server is not None
    top = psutil.Process(server._server.pid)
    return [top, *top.children(recursive=True)]


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether `condition` comes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
