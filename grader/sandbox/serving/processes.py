"""The host's handles of what the warm server forked."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from grader.errors import LabgradeError, SandboxUnavailableError
from grader.records.recording import Outcome
from grader.sandbox.contract import Limits
from grader.sandbox.control import Message, receive_message, send_message
from grader.sandbox.frames import Channel
from grader.sandbox.outcomes import outcome_of

_START_SECONDS = 60.0
_PIECE = 1 << 16


class StudentProcess:
    """A run of student code. `channel` is the host's end of what its entry function got."""

    def __init__(self, channel: Channel, output: int, limits: Limits, status: socket.socket) -> None:
        self.channel = channel
        self.usage: dict[str, Any] = {}
        """After the end: `cpu_seconds` and `peak_bytes` of the run's processes together."""
        self._status = status
        self._limits = limits
        self._ended: Message | None = None
        self._given_up = False
        self._outcome: Outcome | None = None
        self._output = bytearray()
        self._truncated = False
        self._reader = threading.Thread(target=self._read_output, args=(output, limits.output_bytes), daemon=True)
        self._reader.start()

    def await_running(self) -> None:
        """Wait until student code runs. Raises SandboxUnavailableError with the step of confinement that failed."""
        try:
            message, _ = receive_message(self._status, _START_SECONDS)
        except (EOFError, TimeoutError) as error:
            raise LabgradeError("the warm server did not start the run") from error
        if message["kind"] != "running":
            self._take(message)

    def output(self) -> bytes:
        """What the run has written to descriptors 1 and 2 so far, at most the limit's bytes."""
        return bytes(self._output)

    @property
    def output_truncated(self) -> bool:
        """Whether more was written than the limit keeps."""
        return self._truncated

    def pause_clock(self) -> None:
        """Stop the wall clock: the host works on the run's behalf."""
        self._order("pause")

    def resume_clock(self) -> None:
        """Let the wall clock go on."""
        self._order("resume")

    def kill(self) -> None:
        """Have all of the run's processes killed; `wait` then returns soon. Of no effect after the end."""
        self._given_up = True
        self._order("kill")

    def wait(self, timeout: float | None = None) -> Outcome:
        """How the run ended; every process of it is gone then. Raises TimeoutError after `timeout` seconds.

        Raises LabgradeError when the supervisor itself failed or the warm server died.
        """
        if self._ended is None:
            try:
                message, _ = receive_message(self._status, timeout)
            except EOFError as error:
                raise LabgradeError("the supervisor of a run is gone") from error
            self._take(message)
        self._reader.join()
        assert self._ended is not None
        if self._outcome is None:
            self._outcome = outcome_of(self._ended, self.output(), self._limits)
        return self._outcome

    def close(self) -> None:
        """Give up the run: its processes are killed if they still live."""
        self.channel.close()
        self._status.close()

    @property
    def ended(self) -> bool:
        """Whether the run is over, or will be within moments."""
        return self._given_up or self._ended is not None or self._status.fileno() < 0

    def _order(self, kind: str) -> None:
        if self._ended is None:
            with suppress(OSError):
                send_message(self._status, {"kind": kind})

    def _take(self, message: Message) -> None:
        if message["kind"] == "refused":
            raise SandboxUnavailableError(
                f"Student code was not run, as it could not be confined ({message['error']}); see `labgrade doctor`."
            )
        if message["kind"] != "ended":
            raise LabgradeError(f"the supervisor of a run failed: {message.get('error')}")
        self.usage = {name: message[name] for name in ("cpu_seconds", "peak_bytes")}
        self._ended = message

    def _read_output(self, output: int, most: int) -> None:
        try:
            while piece := os.read(output, _PIECE):
                room = most - len(self._output)
                self._output += piece[:room]
                if len(piece) > room:
                    self._truncated = True
                    break
        finally:
            os.close(output)


class TrainerProcess:
    """The trainer, forked from the warm image. `channel` is the host's end of what its entry function got."""

    def __init__(self, channel: Channel, pid: int, process: int) -> None:
        """`process` is a descriptor of it (pidfd_open(2)), which the handle owns."""
        self.channel = channel
        self.pid = pid
        self._process = process

    @property
    def alive(self) -> bool:
        """Whether the process still lives."""
        if self._process < 0:
            return False
        waiting = select.poll()
        waiting.register(self._process, select.POLLIN)
        return not waiting.poll(0)

    def kill(self, timeout: float = 5.0) -> None:
        """Kill it and wait until it is gone. Of no effect when it is."""
        if self._process < 0:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        until = time.monotonic() + timeout
        while self.alive and time.monotonic() < until:
            time.sleep(0.005)

    def close(self) -> None:
        """Kill it and free what the handle holds."""
        self.kill()
        self.channel.close()
        if self._process >= 0:
            os.close(self._process)
            self._process = -1
