"""Runs in containers, seen from the host: what gives them out, and the handle of one.

Both have the methods of their counterparts at the warm server; the trainer is a process of this machine.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

from pydantic import ValidationError

from grader.errors import LabgradeError, SandboxUnavailableError
from grader.records import Outcome
from grader.sandbox.container.container_engine import Engine, find_engine, image_tag, run_arguments
from grader.sandbox.container.local_trainer import LocalTrainer
from grader.sandbox.container.stream import (
    CHANNEL,
    CHANNEL_END,
    JOB,
    OUTPUT,
    STATUS,
    Stream,
    StreamError,
    deliver,
    finish,
    forward_channel,
    start_thread,
)
from grader.sandbox.contract import Ended, Limits, Provider, limit_hit
from grader.sandbox.control import (
    ContainerRequest,
    Failed,
    Message,
    MessageError,
    Order,
    Refused,
    Running,
    decode,
    encode,
)
from grader.sandbox.environment import PRELOAD, STUDENT_ENTRY, TRAINER_ENTRY
from grader.sandbox.frames import Caps, Channel
from grader.sandbox.processes import outcome_of
from grader.sandbox.usage import Clock

_START_SECONDS = 240.0
"""An engine starts a container in a second or two, which then imports TensorFlow, on macOS and Windows in a virtual
machine."""
_GRACE_SECONDS = 30.0
"""The watch inside ends a run in time; where it does not, the host does, this much later."""
_LEAVE_SECONDS = 10.0
"""For the engine to remove a container that has ended; it is removed by name then."""
_SHOWN_OF_LOG = 2000
"""Characters of what an engine or a container complains of: the last words say what went wrong."""


class ContainerProcess:
    """A run of student code in a container. `channel` is the host's end of what its entry function got."""

    def __init__(
        self, engine: Engine, name: str, arguments: list[str], job: ContainerRequest, caps: Caps | None = None
    ) -> None:
        ours, self._theirs = socket.socketpair()
        self.channel = Channel(ours, caps)
        self._engine, self._name, self._limits = engine, name, job.limits
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._output = bytearray()
        self._truncated = False
        self._clock = Clock()
        self._changed = threading.Condition()
        self._running = False
        self._ended: Ended | Refused | Failed | None = None
        self._outcome: Outcome | None = None
        self._process = engine.start(arguments, self._log.fileno())
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stream = Stream(self._process.stdout, self._process.stdin)
        # What a pipe to a container that never started does not take, its end says.
        with suppress(OSError, ValueError):
            self._stream.send(JOB, encode(job))
        start_thread(self._listen)

    def await_running(self) -> None:
        """Wait until student code runs. Raises SandboxUnavailableError with the step of confinement that failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._running or self._ended is not None, _START_SECONDS)
        if self._ended is not None:
            self._end_of_run()
        elif not self._running:
            self.close()
            raise LabgradeError(f"the container did not start in time: {self._log_tail()}")
        self._clock = Clock()
        forward_channel(self._theirs, self._stream)
        start_thread(self._guard)

    def output(self) -> bytes:
        """What the run has written to descriptors 1 and 2 so far, at most the limit's bytes."""
        return bytes(self._output)

    @property
    def output_truncated(self) -> bool:
        """Whether more was written than the limit keeps."""
        return self._truncated

    def pause_clock(self) -> None:
        """Stop the wall clock: the host works on the run's behalf."""
        self._clock.pause()
        self._stream.say(Order("pause"))

    def resume_clock(self) -> None:
        """Let the wall clock go on."""
        self._clock.resume()
        self._stream.say(Order("resume"))

    def kill(self) -> None:
        """Have all of the run's processes killed; `wait` then returns soon. Of no effect after the end."""
        if self._ended is None:
            self._end(self._killed("It was stopped by labgrade."))
            self._engine.remove(self._name)

    def wait(self, timeout: float | None = None) -> Outcome:
        """How the run ended; every process of it is gone then. Raises TimeoutError after `timeout` seconds.

        Raises LabgradeError when the container failed.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended is not None, timeout):
                raise TimeoutError("the run has not ended")
        ended = self._end_of_run()
        if self._outcome is None:
            try:
                self._outcome = outcome_of(ended, self.output(), self._limits)
            except ValidationError as error:
                raise LabgradeError("a container told its end in an unknown way") from error
            self._leave()
        return self._outcome

    def close(self) -> None:
        """Give up the run: its container is removed if it is still there."""
        self._end(self._killed("It was given up."))
        self.channel.close()
        self._theirs.close()
        self._leave()
        self._log.close()

    def _listen(self) -> None:
        """Hand on what comes from the container, until its stream ends."""
        try:
            while True:
                tag, payload = self._stream.receive()
                if tag == CHANNEL:
                    deliver(self._theirs, payload)
                elif tag == CHANNEL_END:
                    finish(self._theirs)
                elif tag == OUTPUT:
                    self._keep(payload)
                elif tag == STATUS:
                    self._take(decode(payload))
        except (StreamError, MessageError) as error:
            self._end(self._killed(f"Its container sent something unknown ({error})."))
        except (EOFError, OSError, ValueError):
            self._end(Failed(f"the container is gone: {self._log_tail()}"))
        finish(self._theirs)

    def _keep(self, piece: bytes) -> None:
        room = self._limits.output_bytes - len(self._output)
        self._output += piece[:room]
        self._truncated = self._truncated or len(piece) > room

    def _take(self, message: Message) -> None:
        if isinstance(message, Running):
            with self._changed:
                self._running = True
                self._changed.notify_all()
        elif isinstance(message, Ended | Refused | Failed):
            self._end(message)
        else:
            raise StreamError(f"a container does not say {type(message).__name__}")

    def _killed(self, why: str) -> Ended:
        return Ended("killed", why, seconds=self._clock.seconds())

    def _end(self, message: Ended | Refused | Failed) -> None:
        """Note the end; the first one counts."""
        with self._changed:
            if self._ended is None:
                self._ended = message
            self._changed.notify_all()

    def _guard(self) -> None:
        """End a run whose container does not end it: the watch inside is the one that should."""
        deadline = self._limits.wall_seconds + _GRACE_SECONDS
        with self._changed:
            while self._ended is None and self._clock.seconds() < deadline:
                self._changed.wait(1.0)
        if self._ended is None:
            seconds = self._clock.seconds()
            self._end(limit_hit("wall", seconds, self._limits).report(seconds))
            self._leave()

    def _end_of_run(self) -> Ended:
        """How the run ended. Raises SandboxUnavailableError or LabgradeError where none took place."""
        assert self._ended is not None
        if isinstance(self._ended, Ended):
            return self._ended
        self._leave()
        error = self._ended.error[:_SHOWN_OF_LOG]
        if isinstance(self._ended, Refused):
            raise SandboxUnavailableError(
                f"Student code was not run, as it could not be confined ({error}); see `labgrade doctor`."
            )
        raise LabgradeError(f"a container failed: {error}")

    def _leave(self) -> None:
        """See to it that no container and no process of its client remains."""
        with suppress(OSError, ValueError):
            self._stream.close()
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._engine.remove(self._name)
            self._process.kill()
            self._process.wait()

    def _log_tail(self) -> str:
        if self._log.closed:
            return ""
        self._log.seek(0)
        return self._log.read()[-_SHOWN_OF_LOG:].decode("utf-8", "replace").strip()


class _Closing(Protocol):
    def close(self) -> None: ...


class ContainerServer:
    """Gives out student runs in containers and trainers, as `grader.sandbox.warm.WarmServer` does by forking."""

    provider: Provider = "container"

    def __init__(
        self,
        student: str = STUDENT_ENTRY,
        trainer: str = TRAINER_ENTRY,
        preload: Sequence[str] = PRELOAD,
        search_path: Sequence[Path] = (),
        caps: Caps | None = None,
    ) -> None:
        """As for the warm server; `search_path` is for the trainer alone, as containers import from their image."""
        self._student, self._trainer, self._preload, self._caps = student, trainer, list(preload), caps
        self._search_path = search_path
        self._engine: Engine | None = None
        self._given: weakref.WeakSet[_Closing] = weakref.WeakSet()

    def __enter__(self) -> ContainerServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Nothing is started ahead of its use."""

    @property
    def refusals(self) -> dict[str, str]:
        """Nothing was tried in vain before this provider."""
        return {}

    def student(self, limits: Limits | None = None, threads: int = 2) -> ContainerProcess:
        """A new run of the student entry function; student code runs when this returns.

        Raises SandboxUnavailableError where there is no engine or no image, or a layer of confinement is missing.
        """
        limits, engine = limits or Limits(), self._ready()
        name = f"labgrade-{os.getpid()}-{secrets.token_hex(4)}"
        arguments = run_arguments(image_tag(), name, limits, threads, engine.is_podman)
        job = ContainerRequest(self._student, self._preload, limits, threads)
        caps = (self._caps or Caps()).within(limits.memory_bytes)
        run = ContainerProcess(engine, name, arguments, job, caps)
        self._given.add(run)
        run.await_running()
        return run

    def trainer(
        self, environment: Mapping[str, str | None] | None = None, memory_bytes: int | None = None
    ) -> LocalTrainer:
        """A new process on this machine that runs the trainer entry function, unconfined.

        `environment` is set there first (None removes a variable). A limit of memory is not to be had on every system
        and is left to the trainer's own budget.
        """
        trainer = LocalTrainer(self._trainer, environment or {}, self._search_path, self._caps)
        self._given.add(trainer)
        return trainer

    def close(self) -> None:
        """End every run and trainer that was given out."""
        for handle in list(self._given):
            handle.close()
        self._given.clear()

    def _ready(self) -> Engine:
        if self._engine is None:
            refusal = container_refusal()
            if refusal is not None:
                raise SandboxUnavailableError(f"Student code cannot be confined in a container: {refusal}")
            self._engine = find_engine()
        assert self._engine is not None
        return self._engine


def container_refusal() -> str | None:
    """Why no container can be had here, and what to do; `None` when one can."""
    engine = find_engine()
    if engine is None:
        return "neither docker nor podman is installed; install Docker Desktop or podman."
    refusal = engine.refusal()
    if refusal is not None:
        return f"{refusal}."
    if not engine.has_image(image_tag()):
        return f"the image {image_tag()} is not built; run `labgrade doctor --build-image` once (some 2 GB)."
    return None
