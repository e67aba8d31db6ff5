"""The host's side of the warm server: start it, ask it for student runs and trainers, end it with all it forked."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from grader.errors import LabgradeError, SandboxUnavailableError
from grader.sandbox.contract import Limits, Provider, ProviderChoice
from grader.sandbox.control import (
    ConditionAnswer,
    ConditionRequest,
    Failed,
    Forked,
    Message,
    Ready,
    Setup,
    StudentRequest,
    TrainerRequest,
    Unavailable,
    control_pair,
    receive_message,
    send_message,
)
from grader.sandbox.environment import PRELOAD, STUDENT_ENTRY, TRAINER_ENTRY, server_environment
from grader.sandbox.frames import Caps, Channel
from grader.sandbox.processes import Condition, StudentProcess, TrainerProcess, change, condition, strangers

_START_SECONDS = 180.0
"""To import TensorFlow and the rest: seconds as a rule, a minute or two from a cold disk."""
_FORK_SECONDS = 30.0
"""A fork of the warm image takes some ten milliseconds; the machine may be short of memory."""
_END_SECONDS = 5.0
"""For the server to see that its host is gone; it is killed then."""
_SHOWN_OF_LOG = 2000
"""Characters of the server's output in an error: a traceback's end, not all of TensorFlow's warnings."""


class _Closing(Protocol):
    def close(self) -> None: ...


class WarmServer:
    """The warm server, as a context manager. Thread-safe.

    `student` and `trainer` name entry functions (`module:function`, called with a `Channel`); `trainer` may be empty.
    `search_path` are folders to import them from besides the installed packages. `caps` bound what one frame of a
    student's process may hold. Starting costs no time: `start` returns at once, and the first use waits until the
    server is ready. Uses raise SandboxUnavailableError when confinement cannot be had, LabgradeError when the server
    fails.
    """

    def __init__(
        self,
        student: str = STUDENT_ENTRY,
        trainer: str = TRAINER_ENTRY,
        preload: Sequence[str] = PRELOAD,
        provider: ProviderChoice = "auto",
        search_path: Sequence[Path] = (),
        caps: Caps | None = None,
    ) -> None:
        self._setup = Setup(student, trainer, list(preload), provider)
        self._search_path = search_path
        self._caps = caps
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._log: IO[bytes] | None = None
        self._ready: Ready | None = None
        self._condition: Condition | None = None
        self._asking = threading.Lock()
        self._forked: weakref.WeakSet[_Closing] = weakref.WeakSet()

    def __enter__(self) -> WarmServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the server without waiting for it. Of no effect when it is started."""
        if self._server is not None:
            return
        if sys.platform != "linux":
            raise SandboxUnavailableError("Student code runs on Linux only: run labgrade in a Linux container.")
        self._control, theirs = control_pair()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-P", "-m", "grader.sandbox", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                cwd="/",
                env=server_environment(self._search_path, os.cpu_count() or 1),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        send_message(self._control, self._setup)

    @property
    def provider(self) -> Provider:
        """Which provider is in force. Waits until the server is ready."""
        return self._readiness().provider

    @property
    def refusals(self) -> dict[str, str]:
        """For each provider that was tried and is not to be had here: the failed step. Waits until ready."""
        return dict(self._readiness().refusals)

    def student(self, limits: Limits | None = None, threads: int = 2) -> StudentProcess:
        """A new run of the student entry function; student code runs when this returns.

        `threads` bounds TensorFlow's and OpenMP's pools.
        """
        limits = limits or Limits()
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        status, orders = control_pair()
        request = StudentRequest(limits, threads)
        try:
            os.close(self._ask(request, [theirs.fileno(), writing, orders.fileno()])[1])
        except BaseException:
            os.close(reading)
            ours.close()
            status.close()
            raise
        finally:
            theirs.close()
            os.close(writing)
            orders.close()
        caps = (self._caps or Caps()).within(limits.memory_bytes)
        run = StudentProcess(Channel(ours, caps), reading, limits, status)
        self._forked.add(run)
        run.await_running()
        return run

    def trainer(
        self, environment: Mapping[str, str | None] | None = None, memory_bytes: int | None = None
    ) -> TrainerProcess:
        """A new process that runs the trainer entry function, unconfined.

        `environment` is set there first (None removes a variable); `memory_bytes` bounds what it takes beyond the warm
        image.
        """
        ours, theirs = socket.socketpair()
        request = TrainerRequest(dict(environment or {}), memory_bytes)
        with theirs:
            pid, process = self._ask(request, [theirs.fileno()])
        trainer = TrainerProcess(Channel(ours, self._caps), pid, process)
        self._forked.add(trainer)
        return trainer

    @property
    def idle(self) -> bool:
        """Whether no run of student code is under way."""
        return all(handle.ended for handle in list(self._forked) if isinstance(handle, StudentProcess))

    def change(self) -> str | None:
        """In which respect the idle server is not what it was when it was ready; `None` when in none.

        A change is no proof of an attack, and none is known to be able to cause one; it is reason for a fresh server.
        """
        with self._asking:
            self._readiness_unlocked()
            assert self._server is not None
            trainers = {handle.pid for handle in list(self._forked) if isinstance(handle, TrainerProcess)}
            left = strangers(self._server.pid, trainers)
            if left:
                return f"{len(left)} processes of a run remain"
            if self._condition is None:
                return "it is gone"
            return change(self._condition, self._condition_now())

    def close(self) -> None:
        """End the server and every process that it forked. May be called more than once."""
        for handle in list(self._forked):
            handle.close()
        self._forked.clear()
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            if self._ready is None:
                # It has forked nothing yet, and looks up from its imports only now and then.
                self._server.kill()
            try:
                self._server.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        if self._log is not None:
            self._log.close()
        self._server = self._control = self._log = self._ready = None

    def _readiness(self) -> Ready:
        with self._asking:
            return self._readiness_unlocked()

    def _readiness_unlocked(self) -> Ready:
        if self._ready is None:
            self.start()
            message, _ = self._answer(_START_SECONDS)
            if isinstance(message, Unavailable):
                raise SandboxUnavailableError(_refusal(message.refusals))
            assert isinstance(message, Ready)
            self._ready = message
            self._condition = self._condition_now()
        return self._ready

    def _condition_now(self) -> Condition | None:
        assert self._control is not None
        assert self._server is not None
        try:
            send_message(self._control, ConditionRequest())
            answer, _ = self._answer(_FORK_SECONDS)
        except (OSError, LabgradeError):
            return None
        assert isinstance(answer, ConditionAnswer)
        return condition(self._server.pid, answer.digest)

    def _ask(self, request: StudentRequest | TrainerRequest, descriptors: Sequence[int]) -> tuple[int, int]:
        """Have a process forked: its id, and a descriptor of it."""
        with self._asking:
            self._readiness_unlocked()
            assert self._control is not None
            with suppress(BrokenPipeError):
                send_message(self._control, request, descriptors)
            answer, (process,) = self._answer(_FORK_SECONDS)
        assert isinstance(answer, Forked)
        return answer.pid, process

    def _answer(self, seconds: float) -> tuple[Message, list[int]]:
        assert self._control is not None
        try:
            message, descriptors = receive_message(self._control, seconds)
        except (EOFError, TimeoutError) as error:
            raise LabgradeError(f"the warm server is gone or does not answer: {self._log_tail()}") from error
        if isinstance(message, Failed):
            raise LabgradeError(f"the warm server failed: {message.error}: {self._log_tail()}")
        return message, descriptors

    def _log_tail(self) -> str:
        if self._log is None:
            return ""
        self._log.seek(0)
        return self._log.read()[-_SHOWN_OF_LOG:].decode("utf-8", "replace")


def _refusal(refusals: Mapping[str, str]) -> str:
    tried = "; ".join(f"{provider}: {reason}" for provider, reason in refusals.items())
    return f"Student code cannot be confined on this machine ({tried}). To run it all the same, pass --unconfined."
