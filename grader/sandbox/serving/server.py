"""The warm server: imports the heavy libraries once, and forks a process of its own for whoever asks.

It never runs a TensorFlow operation, never builds a layer (a forked fit hangs after that) and never receives a rubric
or a result, as its children inherit its memory. It has one thread, reads from the host alone, and ends with the host.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import NoReturn

from grader.sandbox.confinement.availability import available_provider
from grader.sandbox.contract import Limits, Provider
from grader.sandbox.control import Message, receive_message, send_message
from grader.sandbox.job import Entry, Job, entry_function
from grader.sandbox.serving.image import image_digest
from grader.sandbox.serving.trainer import become_trainer
from grader.sandbox.supervision.supervisor import supervise

_PARENT_CHECK_SECONDS = 0.2


def serve(descriptor: int, host: int) -> None:
    """Answer the host, a process id, behind the control socket `descriptor` until it is gone."""
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    with suppress(EOFError, BrokenPipeError):
        setup, _ = receive_message(control)
        try:
            server = _warmed(setup, control, host)
        except Exception as error:
            traceback.print_exc()
            send_message(control, {"kind": "failed", "error": f"{type(error).__name__}: {error}"})
        else:
            if server is not None:
                server.answer()


def _warmed(setup: Message, control: socket.socket, host: int) -> _Server | None:
    began = time.monotonic()
    with _ending_with(host):
        provider, refusals = available_provider(setup["provider"])
        if provider is not None:
            for module in setup["preload"]:
                import_module(module)
            server = _Server(control, host, provider, entry_function(setup["student"]), setup["trainer"])
            gc.collect()
            gc.freeze()
    if provider is None:
        send_message(control, {"kind": "refused", "refusals": refusals})
        return None
    if threading.active_count() > 1:
        raise RuntimeError(f"a preloaded module left threads running: {threading.enumerate()}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    seconds = round(time.monotonic() - began, 3)
    send_message(control, {"kind": "ready", "provider": provider, "refusals": refusals, "seconds": seconds})
    return server


@contextmanager
def _ending_with(host: int) -> Iterator[None]:
    """While imports keep the server from its control socket, look now and then whether the host is still there."""

    def look(*_: object) -> None:
        if os.getppid() != host:
            os._exit(1)

    look()
    signal.signal(signal.SIGALRM, look)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, _PARENT_CHECK_SECONDS, _PARENT_CHECK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


class _Server:
    def __init__(self, control: socket.socket, host: int, provider: Provider, student: Entry, trainer: str) -> None:
        self._control = control
        self._host = host
        self._provider = provider
        self._student = student
        # A trainer that cannot be imported is the trainer's failure, not that of student runs.
        self._trainer = entry_function(trainer) if trainer else None
        self._slot = 0

    def answer(self) -> None:
        """Answer fork requests until the host closes its end or dies."""
        waiting = select.poll()
        waiting.register(self._control, select.POLLIN)
        with suppress(ProcessLookupError):
            waiting.register(os.pidfd_open(self._host), select.POLLIN)
            while self._control.fileno() in {descriptor for descriptor, _ in waiting.poll()}:
                request, descriptors = receive_message(self._control)
                if request["kind"] == "condition":
                    send_message(self._control, {"kind": "condition", "digest": image_digest()})
                    continue
                self._fork(request, descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)

    def _fork(self, request: Message, descriptors: list[int]) -> None:
        self._slot += 1
        server = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._become(request, descriptors, server)
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            send_message(self._control, {"kind": "failed", "error": "the new process died at once"})
            return
        send_message(self._control, {"kind": "forked", "pid": pid}, [process])
        os.close(process)

    def _become(self, request: Message, descriptors: list[int], server: int) -> NoReturn:
        # Nothing may fall back into the server's loop: two processes would answer one host.
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            if request["kind"] == "student":
                channel, output, status = descriptors
                limits = Limits(**request["limits"])
                job = Job(self._student, limits, request["threads"], self._provider, self._slot, channel, output)
                supervise(job, socket.socket(fileno=status), server)
            elif self._trainer is not None:
                become_trainer(self._trainer, descriptors[0], request["environment"], request["memory_bytes"], server)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)
