"""The warm server: finds a provider that works, imports the heavy libraries once, and forks for whoever asks.

Whether a provider confines on this machine is found out by a trial run, not by reading versions. The server never runs
a TensorFlow operation, never builds a layer (a forked fit hangs after that) and never receives a rubric or a result, as
its children inherit its memory. It has one thread, reads from the host alone, and ends with the host.
"""

from __future__ import annotations

import gc
import hashlib
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import IO, NoReturn

import numpy as np

from grader.sandbox.contract import Ended, Entry, Job, Limits, Provider, ProviderChoice, entry_function
from grader.sandbox.control import (
    ConditionAnswer,
    ConditionRequest,
    Failed,
    Forked,
    Ready,
    Refused,
    Setup,
    StudentRequest,
    TrainerRequest,
    Unavailable,
    control_pair,
    receive_message,
    send_message,
)
from grader.sandbox.frames import Channel
from grader.sandbox.linux.child import limit_data
from grader.sandbox.linux.confine import candidates
from grader.sandbox.linux.kernel import die_with_parent
from grader.sandbox.supervisor import supervise

_PARENT_CHECK_SECONDS = 0.2
"""How long a server whose host died may go on importing: short beside the seconds that TensorFlow takes."""

_WATCHED = ("grader", "numpy", "json", "keras.src.models", "keras.src.trainers", "matplotlib.pyplot", "builtins")
"""Modules, with all below them, whose functions are looked into: what the probe and students' programs call."""

_TRIAL_SECONDS = 20.0
"""Twice what the trial run may take: its supervisor has to say so."""
_TRIAL_LIMITS = Limits(wall_seconds=10.0, cpu_seconds=10)
"""A trial takes a fraction of a second; a machine under load may take more, one where it hangs is of no use."""


def serve(descriptor: int, host: int) -> None:
    """Answer the host, a process id, behind the control socket `descriptor` until it is gone."""
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    with suppress(EOFError, BrokenPipeError):
        setup, _ = receive_message(control)
        assert isinstance(setup, Setup)
        try:
            server = _warm_up(setup, control, host)
        except Exception as error:
            traceback.print_exc()
            send_message(control, Failed(f"{type(error).__name__}: {error}"))
        else:
            if server is not None:
                server.answer()


def _warm_up(setup: Setup, control: socket.socket, host: int) -> _Server | None:
    began = time.monotonic()
    with _end_with(host):
        provider, refusals = _available_provider(setup.provider)
        if provider is not None:
            for module in setup.preload:
                import_module(module)
            server = _Server(control, host, provider, entry_function(setup.student), setup.trainer)
            gc.collect()
            gc.freeze()
    if provider is None:
        send_message(control, Unavailable(refusals))
        return None
    if threading.active_count() > 1:
        raise RuntimeError(f"a preloaded module left threads running: {threading.enumerate()}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    send_message(control, Ready(provider, refusals, round(time.monotonic() - began, 3)))
    return server


@contextmanager
def _end_with(host: int) -> Iterator[None]:
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


def _available_provider(choice: ProviderChoice) -> tuple[Provider | None, dict[str, str]]:
    """The provider in force for `choice`, or None, and for each that was tried in vain the reason.

    Forks a trial run for each; the caller must have one thread.
    """
    refusals: dict[str, str] = {}
    for provider in candidates(choice):
        refusal = None if provider == "unconfined" else _refusal(provider)
        if refusal is None:
            return provider, refusals
        refusals[provider] = refusal
    return None, refusals


def _refusal(provider: Provider) -> str | None:
    ours, theirs = control_pair()
    with ours, tempfile.TemporaryFile() as output:
        pid = os.fork()
        if pid == 0:
            ours.close()
            _run_trial(provider, theirs, output.fileno())
        theirs.close()
        try:
            return _refusal_of_trial(ours, output)
        finally:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


def _refusal_of_trial(status: socket.socket, output: IO[bytes]) -> str | None:
    try:
        while True:
            message, _ = receive_message(status, _TRIAL_SECONDS)
            if isinstance(message, Ended):
                return None if message.status == "finished" else f"trial run: {_last_line(output)}"
            if isinstance(message, Refused | Failed):
                return message.error
    except (EOFError, TimeoutError, ValueError) as error:
        return f"trial run: {type(error).__name__}"


def _last_line(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode("utf-8", "replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it left no word")


def _run_trial(provider: Provider, status: socket.socket, output: int) -> NoReturn:
    try:
        channel, _other = socket.socketpair()
        job = Job(_trial, _TRIAL_LIMITS, 1, provider, 0, channel.detach(), os.dup(output))
        supervise(job, status, os.getppid())
    finally:
        os._exit(70)


def _trial(_channel: Channel) -> None:
    """Try what must fail; leave with an error where it does not."""
    # Unreadable to this user, the Python environment would fail every submission in turn.
    Path(np.__file__).read_bytes()
    own_source = Path(__file__)
    for name, attempt in (
        ("read the project's files", own_source.read_bytes),
        ("open a socket", lambda: socket.socket().close()),
        ("write to the system", lambda: Path("/usr/lib/labgrade-canary").write_bytes(b"")),
        ("see its supervisor", lambda: os.kill(os.getppid(), signal.SIGWINCH)),
    ):
        try:
            attempt()
        except OSError:
            continue
        if name != "see its supervisor" or os.getppid() != 1:
            raise RuntimeError(f"the confined process could {name}")


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
                if isinstance(request, ConditionRequest):
                    send_message(self._control, ConditionAnswer(image_digest()))
                elif isinstance(request, StudentRequest | TrainerRequest):
                    self._fork(request, descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)

    def _fork(self, request: StudentRequest | TrainerRequest, descriptors: list[int]) -> None:
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
            send_message(self._control, Failed("the new process died at once"))
            return
        send_message(self._control, Forked(pid), [process])
        os.close(process)

    def _become(self, request: StudentRequest | TrainerRequest, descriptors: list[int], server: int) -> NoReturn:
        # Nothing may fall back into the server's loop: two processes would answer one host.
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            if isinstance(request, StudentRequest):
                channel, output, status = descriptors
                provider, slot = self._provider, self._slot
                job = Job(self._student, request.limits, request.threads, provider, slot, channel, output)
                supervise(job, socket.socket(fileno=status), server)
            elif self._trainer is not None:
                become_trainer(self._trainer, descriptors[0], request.environment, request.memory_bytes, server)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)


def become_trainer(
    entry: Entry, channel: int, environment: Mapping[str, str | None], memory_bytes: int | None, server: int
) -> NoReturn:
    """Run `entry` on the frames behind the descriptor `channel`, then leave the process; ends with the server.

    `environment` is set before `entry` runs, where None removes a variable; `memory_bytes` is what it may take beyond
    the warm image.
    """
    code = 70
    try:
        die_with_parent(signal.SIGKILL, server)
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if memory_bytes is not None:
            limit_data(memory_bytes)
        entry(Channel(socket.socket(fileno=channel)))
        code = 0
    except EOFError:
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def image_digest() -> str:
    """SHA-256 over this process's modules, the code of watched functions, environment, search path and handlers."""
    digest = hashlib.sha256()
    for part in _parts():
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def _parts() -> Iterator[str]:
    yield from sorted(sys.modules)
    yield from (f"{name}={value}" for name, value in sorted(os.environ.items()))
    yield from sys.path
    yield str(Path.cwd())
    yield str(threading.active_count())
    yield from (f"{number}:{_handler(number)}" for number in sorted(signal.valid_signals()))
    for name in sorted(sys.modules):
        if any(name == watched or name.startswith(watched + ".") for watched in _WATCHED):
            yield from _functions(name)


def _functions(module: str) -> Iterator[str]:
    for name, value in sorted(vars(sys.modules[module]).items()):
        if isinstance(value, FunctionType):
            yield f"{module}.{name}:{_code(value.__code__)}"
        elif isinstance(value, type) and value.__module__ == module:
            methods = sorted((key, one) for key, one in vars(value).items() if isinstance(one, FunctionType))
            yield from (f"{module}.{name}.{key}:{_code(one.__code__)}" for key, one in methods)
        else:
            yield f"{module}.{name} {type(value).__name__}"


def _code(code: CodeType) -> str:
    return hashlib.sha256(code.co_code + repr(code.co_names).encode()).hexdigest()


def _handler(number: int) -> str:
    handler = signal.getsignal(number)
    return getattr(handler, "__qualname__", str(handler))
