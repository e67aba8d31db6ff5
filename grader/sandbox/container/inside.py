"""The first process of a container: imports the libraries, forks the student's process, watches it, relays for it.

It is to a container what supervisor and warm server are to the other providers. As process 1 of its namespace it takes
no signals from inside, and its memory is closed to other processes of its user.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from importlib import import_module

from grader.sandbox.confinement.libc import Prctl, prctl
from grader.sandbox.confinement.steps import ConfinementError, step
from grader.sandbox.container.link import (
    CHANNEL,
    CHANNEL_END,
    JOB,
    OUTPUT,
    STATUS,
    Link,
    deliver,
    finish,
    forward_channel,
    message_of,
    started,
)
from grader.sandbox.container.verification import verify_container
from grader.sandbox.contract import Limits
from grader.sandbox.control import Message, control_pair, receive_message, send_message
from grader.sandbox.job import Job, entry_function
from grader.sandbox.supervision.supervisor import run_watched

_PIECE = 1 << 16


def main() -> None:
    """Run the one job that comes over standard input; its end, and everything it says, goes to standard output."""
    link = _link()
    try:
        ended = _run(link)
    except ConfinementError as error:
        ended = {"kind": "refused", "error": str(error)}
    except EOFError:
        os._exit(1)
    except BaseException as error:
        traceback.print_exc()
        ended = {"kind": "failed", "error": f"{type(error).__name__}: {error}"}
    link.say(ended)
    os._exit(0)


def _link() -> Link:
    """The link, on descriptors of its own: what a library prints may not get between its records."""
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return Link(os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb"))


def _run(link: Link) -> Message:
    tag, payload = link.receive()
    if tag != JOB:
        raise ValueError("no job came first")
    request = message_of(payload)
    with step("first process"):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        prctl(Prctl.SET_DUMPABLE, 0)
    verify_container()
    for module in request["preload"]:
        import_module(module)
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    status, orders = control_pair()
    job = Job(
        entry_function(request["student"]),
        Limits(**request["limits"]),
        request["threads"],
        "container",
        0,
        theirs.detach(),
        writing,
    )
    relays = []

    def relay() -> None:
        # Only now: the student's process is forked from one thread.
        relays.append(forward_channel(ours, link))
        relays.append(started(lambda: _forward_output(reading, link, job.limits.output_bytes)))
        started(lambda: _forward_status(orders, link))
        started(lambda: _receive(link, ours, orders))

    ended = run_watched(job, "", status, relay)
    for thread in relays:
        thread.join()
    return ended


def _forward_output(reading: int, link: Link, most: int) -> None:
    """Send the output, up to one byte more than `most`: by that the host sees that there was more."""
    with suppress(OSError, ValueError):
        while most >= 0 and (piece := os.read(reading, min(_PIECE, most + 1))):
            most -= len(piece)
            link.send(OUTPUT, piece)
    os.close(reading)


def _forward_status(orders: socket.socket, link: Link) -> None:
    with suppress(EOFError, OSError):
        while True:
            link.say(receive_message(orders)[0])


def _receive(link: Link, stream: socket.socket, orders: socket.socket) -> None:
    """Hand on what the host sends; when it is gone, so is this container."""
    try:
        while True:
            tag, payload = link.receive()
            if tag == CHANNEL:
                deliver(stream, payload)
            elif tag == CHANNEL_END:
                finish(stream)
            elif tag == STATUS:
                send_message(orders, message_of(payload))
    except (EOFError, OSError, ValueError):
        os._exit(1)


if __name__ == "__main__":
    sys.argv[:] = ["labgrade"]
    main()
