"""Which provider of confinement works on this machine: found out by a trial run, not by reading versions."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from pathlib import Path
from typing import IO, NoReturn

import numpy as np

import grader.sandbox.contract
from grader.sandbox.contract import Job, Limits, Provider, ProviderChoice
from grader.sandbox.control import Ended, Failed, Refused, control_pair, receive_message
from grader.sandbox.frames import Channel
from grader.sandbox.linux.confine import candidates
from grader.sandbox.supervisor import supervise

_TRIAL_SECONDS = 20.0
"""Twice what the trial run may take: its supervisor has to say so."""
_TRIAL_LIMITS = Limits(wall_seconds=10.0, cpu_seconds=10)
"""A trial takes a fraction of a second; a machine under load may take more, one where it hangs is of no use."""


def available_provider(choice: ProviderChoice) -> tuple[Provider | None, dict[str, str]]:
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
    own_source = Path(grader.sandbox.contract.__file__)
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
