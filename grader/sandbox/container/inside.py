"""The first process of a container: imports the libraries, forks the student's process, watches it, relays for it.

It is to a container what supervisor and warm server are to the other providers. As process 1 of its namespace it takes
no signals from inside, and its memory is closed to other processes of its user. Before any student code runs it checks
whether the engine really gave what was asked of it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from grader.sandbox.container.stream import (
    CHANNEL,
    CHANNEL_END,
    JOB,
    OUTPUT,
    STATUS,
    Stream,
    deliver,
    finish,
    forward_channel,
    start_thread,
)
from grader.sandbox.contract import Job, entry_function
from grader.sandbox.control import (
    ContainerRequest,
    Failed,
    Message,
    Refused,
    control_pair,
    decode,
    receive_message,
    send_message,
)
from grader.sandbox.linux.kernel import ConfinementError, Prctl, prctl, step
from grader.sandbox.linux.root import SCRATCH, SHARED_MEMORY, TEMPORARY
from grader.sandbox.supervisor import run_watched

_PIECE = 1 << 16

_OF_THE_KERNEL = ("proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2")
_CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def main() -> None:
    """Run the one job that comes over standard input; its end, and everything it says, goes to standard output."""
    stream = _stream()
    try:
        ended: Message = _run(stream)
    except ConfinementError as error:
        ended = Refused(str(error))
    except EOFError:
        os._exit(1)
    except BaseException as error:
        traceback.print_exc()
        ended = Failed(f"{type(error).__name__}: {error}")
    stream.say(ended)
    os._exit(0)


def _stream() -> Stream:
    """The stream, on descriptors of its own: what a library prints may not get between its records."""
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return Stream(os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb"))


def _run(stream: Stream) -> Message:
    tag, payload = stream.receive()
    request = decode(payload)
    if tag != JOB or not isinstance(request, ContainerRequest):
        raise ValueError("no job came first")
    with step("first process"):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        prctl(Prctl.SET_DUMPABLE, 0)
    verify_container()
    for module in request.preload:
        import_module(module)
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    status, orders = control_pair()
    job = Job(
        entry_function(request.student),
        request.limits,
        request.threads,
        "container",
        0,
        theirs.detach(),
        writing,
    )
    relays = []

    def relay() -> None:
        # Only now: the student's process is forked from one thread.
        relays.append(forward_channel(ours, stream))
        relays.append(start_thread(lambda: _forward_output(reading, stream, job.limits.output_bytes)))
        start_thread(lambda: _forward_status(orders, stream))
        start_thread(lambda: _receive(stream, ours, orders))

    ended = run_watched(job, "", status, relay)
    for thread in relays:
        thread.join()
    return ended


def _forward_output(reading: int, stream: Stream, most: int) -> None:
    """Send the output, up to one byte more than `most`: by that the host sees that there was more."""
    with suppress(OSError, ValueError):
        while most >= 0 and (piece := os.read(reading, min(_PIECE, most + 1))):
            most -= len(piece)
            stream.send(OUTPUT, piece)
    os.close(reading)


def _forward_status(orders: socket.socket, stream: Stream) -> None:
    with suppress(EOFError, OSError):
        while True:
            stream.say(receive_message(orders)[0])


def _receive(stream: Stream, channel: socket.socket, orders: socket.socket) -> None:
    """Hand on what the host sends; when it is gone, so is this container."""
    try:
        while True:
            tag, payload = stream.receive()
            if tag == CHANNEL:
                deliver(channel, payload)
            elif tag == CHANNEL_END:
                finish(channel)
            elif tag == STATUS:
                send_message(orders, decode(payload))
    except (EOFError, OSError, ValueError):
        os._exit(1)


def verify_container() -> None:
    """Raise ConfinementError with the layer that is missing. Fails closed: what cannot be read counts as missing."""
    with step("container: process namespace"):
        _require(os.getpid() == 1, "this is not the first process of a process namespace")
    with step("container: user"):
        _require(os.getuid() != 0 and os.geteuid() != 0, "the user is root")
    status = _status()
    with step("container: capabilities"):
        held = [name for name in _CAPABILITY_SETS if int(status[name], 16)]
        _require(not held, f"capabilities are left ({', '.join(held)})")
    with step("container: no new privileges"):
        _require(status["NoNewPrivs"] == "1", "no-new-privileges is not set")
    with step("container: network"):
        _require(_interfaces() <= {"lo"}, f"there is a network: {', '.join(sorted(_interfaces()))}")
    with step("container: read-only root"):
        _require(bool(os.statvfs("/").f_flag & os.ST_RDONLY), "the root file system can be written")
    with step("container: scratch"):
        for place in (SCRATCH, TEMPORARY, SHARED_MEMORY):
            _require(_is_bounded(place), f"{place} is not a file system of its own with a size")
    with step("container: mounts"):
        _require(not _writable(), f"{', '.join(_writable())} can be written")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise OSError(otherwise)


def _status() -> dict[str, str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _interfaces() -> set[str]:
    """Names of the network interfaces, from the table of proc(5), which has two lines of headings."""
    return {line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]}


def _is_bounded(place: str) -> bool:
    return any(at == place and kind == "tmpfs" and "size=" in options for at, kind, options in _mounts())


def _writable() -> list[str]:
    """Mounted folders that this user may write to and that are not in memory with a size: a volume, for one."""
    places = {at for at, kind, _ in _mounts() if kind not in _OF_THE_KERNEL}
    return sorted(at for at in places if not _is_bounded(at) and Path(at).is_dir() and os.access(at, os.W_OK))


def _mounts() -> list[tuple[str, str, str]]:
    """(place, file system, its options) of everything mounted: proc_pid_mountinfo(5)."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ", 1)
        kind, _, options = after.split(" ", 2)
        found.append((before.split()[4], kind, options))
    return found


if __name__ == "__main__":
    sys.argv[:] = ["labgrade"]
    main()
