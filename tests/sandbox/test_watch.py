"""The watch over one run, on a small machine of its own: what it counts, and from when on."""

from __future__ import annotations

import faulthandler
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from grader.sandbox import usage
from grader.sandbox.contract import Limits, Verdict
from grader.sandbox.control import Running, encode
from grader.sandbox.supervisor import Watch
from grader.sandbox.usage import memory_upper_bound

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="process descriptors are Linux's")

_SOME = 64 << 20


@contextmanager
def watched(student: Callable[[Callable[[], None]], None], limits: Limits) -> Iterator[Verdict]:
    """The verdict on a forked process that calls `student` with a way to say that it is confined."""
    reading, writing = os.pipe()
    host, supervisor = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    top = os.fork()
    if top == 0:
        try:
            student(lambda: os.write(writing, encode(Running()) + b"\n") and None)
        finally:
            os._exit(0)
    os.close(writing)
    with host, supervisor:
        yield Watch(limits, top, reading, supervisor, "").until_end()
    os.close(reading)


@pytest.mark.parametrize("grows", [False, True], ids=["aborts", "takes memory, aborts"])
def test_the_image_is_not_the_students_memory(grows):
    """However long the way to the student's code takes, what the process was forked with does not count."""
    inherited = b"\1" * _SOME
    limits = replace(Limits(), memory_bytes=memory_upper_bound([os.getpid()]))

    def student(running):
        time.sleep(0.3)
        running()
        taken = b"\1" * int(0.9 * limits.memory_bytes) if grows else b""
        time.sleep(1.5)
        faulthandler.disable()
        os.abort() if inherited and taken is not None else None

    with watched(student, limits) as verdict:
        assert verdict.status == ("out of memory" if grows else "crashed"), verdict


def test_the_clock_begins_with_the_students_code(monkeypatch):
    """The way to it does not count, nor do pauses; a clock that stands goes on standing."""
    now = [100.0]
    monkeypatch.setattr(usage.time, "monotonic", lambda: now[0])
    watch = usage.Clock()
    for late, act, seconds in (
        (5.0, watch.restart, 0.0),
        (2.0, watch.pause, 2.0),
        (9.0, watch.resume, 2.0),
        (1.0, watch.pause, 3.0),
        (4.0, watch.restart, 0.0),
        (4.0, watch.resume, 0.0),
    ):
        now[0] += late
        act()
        assert watch.seconds() == seconds
