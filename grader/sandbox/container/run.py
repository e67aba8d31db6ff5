"""The host's handle of one container, with the same methods as that of a run forked from the warm server."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import threading
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from grader.errors import LabgradeError, SandboxUnavailableError
from grader.records.recording import Outcome
from grader.sandbox.container.engine import Engine
from grader.sandbox.container.link import (
    CHANNEL,
    CHANNEL_END,
    JOB,
    OUTPUT,
    STATUS,
    Link,
    LinkError,
    deliver,
    finish,
    forward_channel,
    message_of,
    started,
)
from grader.sandbox.contract import Limits
from grader.sandbox.frames import Channel
from grader.sandbox.outcomes import outcome_of
from grader.sandbox.supervision.clock import Clock
from grader.sandbox.supervision.verdicts import limit_hit

_START_SECONDS = 240.0
_GRACE_SECONDS = 30.0
_LEAVE_SECONDS = 10.0
_SHOWN_OF_LOG = 2000


class ContainerProcess:
    """A run of student code in a container. `channel` is the host's end of what its entry function got."""

    def __init__(
        self, engine: Engine, name: str, arguments: list[str], job: bytes, limits: Limits, caps: Any = None
    ) -> None:
        self.usage: dict[str, Any] = {}
        """After the end: `cpu_seconds` and `peak_bytes` of the run's processes together."""
        ours, self._theirs = socket.socketpair()
        self.channel = Channel(ours, caps)
        self._engine, self._name, self._limits = engine, name, limits
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._output = bytearray()
        self._truncated = False
        self._clock = Clock()
        self._changed = threading.Condition()
        self._running = False
        self._ended: dict[str, Any] | None = None
        self._outcome: Outcome | None = None
        self._process = engine.started(arguments, self._log.fileno())
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._link = Link(self._process.stdout, self._process.stdin)
        # What a pipe to a container that never started does not take, its end says.
        with suppress(OSError, ValueError):
            self._link.send(JOB, job)
        started(self._listen)

    def await_running(self) -> None:
        """Wait until student code runs. Raises SandboxUnavailableError with the step of confinement that failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._running or self._ended is not None, _START_SECONDS)
        if self._ended is not None:
            self._raise_unless_ended()
        elif not self._running:
            self.close()
            raise LabgradeError(f"the container did not start in time: {self._log_tail()}")
        self._clock = Clock()
        forward_channel(self._theirs, self._link)
        started(self._guard)

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
        self._link.say({"kind": "pause"})

    def resume_clock(self) -> None:
        """Let the wall clock go on."""
        self._clock.resume()
        self._link.say({"kind": "resume"})

    def kill(self) -> None:
        """Have all of the run's processes killed; `wait` then returns soon. Of no effect after the end."""
        if self._ended is None:
            self._end({"status": "killed", "message": "It was stopped by labgrade."})
            self._engine.remove(self._name)

    def wait(self, timeout: float | None = None) -> Outcome:
        """How the run ended; every process of it is gone then. Raises TimeoutError after `timeout` seconds.

        Raises LabgradeError when the container failed.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended is not None, timeout):
                raise TimeoutError("the run has not ended")
        self._raise_unless_ended()
        assert self._ended is not None
        if self._outcome is None:
            try:
                self._outcome = outcome_of(self._ended, self.output(), self._limits)
            except (ValidationError, KeyError, TypeError) as error:
                raise LabgradeError("a container told its end in an unknown way") from error
            self._leave()
        return self._outcome

    def close(self) -> None:
        """Give up the run: its container is removed if it is still there."""
        self._end({"status": "killed", "message": "It was given up."})
        self.channel.close()
        self._theirs.close()
        self._leave()
        self._log.close()

    def _listen(self) -> None:
        """Hand on what comes from the container, until its stream ends."""
        try:
            while True:
                tag, payload = self._link.receive()
                if tag == CHANNEL:
                    deliver(self._theirs, payload)
                elif tag == CHANNEL_END:
                    finish(self._theirs)
                elif tag == OUTPUT:
                    self._keep(payload)
                elif tag == STATUS:
                    self._take(message_of(payload))
        except LinkError as error:
            self._end({"status": "killed", "message": f"Its container sent something unknown ({error})."})
        except (EOFError, OSError, ValueError):
            self._end({"kind": "failed", "error": f"the container is gone: {self._log_tail()}"})
        finish(self._theirs)

    def _keep(self, piece: bytes) -> None:
        room = self._limits.output_bytes - len(self._output)
        self._output += piece[:room]
        self._truncated = self._truncated or len(piece) > room

    def _take(self, message: dict[str, Any]) -> None:
        if message["kind"] == "running":
            with self._changed:
                self._running = True
                self._changed.notify_all()
        else:
            self._end(message)

    def _end(self, message: dict[str, Any]) -> None:
        """Note the end; the first one counts."""
        nothing = {"kind": "ended", "limit": None, "observed": None, "allowed": None, "seconds": self._clock.seconds()}
        usage = {"cpu_seconds": 0.0, "peak_bytes": 0}
        with self._changed:
            if self._ended is None:
                self._ended = {**nothing, **usage, **message}
                self.usage = {name: self._ended[name] for name in usage}
            self._changed.notify_all()

    def _guard(self) -> None:
        """End a run whose container does not end it: the watch inside is the one that should."""
        deadline = self._limits.wall_seconds + _GRACE_SECONDS
        with self._changed:
            while self._ended is None and self._clock.seconds() < deadline:
                self._changed.wait(1.0)
        if self._ended is None:
            self._end(vars(limit_hit("wall", self._clock.seconds(), self._limits)))
            self._leave()

    def _raise_unless_ended(self) -> None:
        assert self._ended is not None
        kind, error = self._ended["kind"], str(self._ended.get("error"))[:_SHOWN_OF_LOG]
        if kind == "ended":
            return
        self._leave()
        if kind == "refused":
            raise SandboxUnavailableError(
                f"Student code was not run, as it could not be confined ({error}); see `labgrade doctor`."
            )
        raise LabgradeError(f"a container failed: {error}")

    def _leave(self) -> None:
        """See to it that no container and no process of its client remains."""
        with suppress(OSError, ValueError):
            self._link.close()
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
