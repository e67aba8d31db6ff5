"""What a confined run may use, and how it can end: which ends are returned, and which are raised.

**Returned** as `grader.records.recording.Outcome`: everything that the student's code does or meets. Whatever was
recorded before the end is kept, and keeps its marks. Where a limit ended the run, `limit`, `observed` and `allowed`
say which and by how much, and the recording's `last_cell` in which cell.

| outcome | when | limit |
|---|---|---|
| `finished` | the entry function came back, or the process left with code 0; cells may have failed all the same | |
| `timed out` | more wall-clock time (`wall`) or processor time (`cpu`) than allowed | `wall`, `cpu` |
| `out of memory` | more memory than allowed, or an abort for want of it (`std::bad_alloc`) | `memory` |
| `killed` | too many processes and threads, too much on disk | `processes`, `scratch`, `files` |
| `killed` | by the host, by the system, or by itself with SIGKILL | |
| `crashed` | any other signal or exit code: a segmentation fault, `os.abort`, `os._exit(3)` | |
| `not run` | there was nothing to run, or the testimony is a saved one | |

A *failed cell* is no end: the error is an event of the recording (`CellFailed`) and the next cell runs. Python's own
`MemoryError` and TensorFlow's `ResourceExhaustedError` are such errors: a request for memory was refused, and the
program lived on. The same holds for a file over its limit (`OSError`) and a process that could not be started.

**Raised**: `grader.errors.SandboxUnavailableError` (*refused*) when confinement cannot be had or any step of it fails:
no student code has run then. `grader.errors.LabgradeError` when the warm server or a supervisor cannot start or has
died: labgrade's own fault, which costs nobody points.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from grader.sandbox.frames import Channel

Provider: TypeAlias = Literal["namespaces", "landlock", "container", "unconfined"]
"""What confines: Linux namespaces with a minimal root; Landlock and seccomp alone; a container of Docker or podman;
nothing."""

ProviderChoice: TypeAlias = Literal["auto", "namespaces", "landlock", "container", "unconfined"]
"""`auto`: the first of namespaces, landlock and container that works here; never unconfined."""

LimitName: TypeAlias = Literal["wall", "cpu", "memory", "processes", "scratch", "files"]
"""The limits that end a run, as a rubric's `limits:` names them. The others make a call fail."""

EndStatus: TypeAlias = Literal["finished", "timed out", "out of memory", "killed", "crashed"]
"""How a run that began can end, as in the table above."""

_MIB, _GIB = 1 << 20, 1 << 30


@dataclass(frozen=True)
class Limits:
    """What one submission may use in all; the defaults suit a laptop."""

    wall_seconds: float = 900.0
    """Without the time during which the host had the clock paused."""
    cpu_seconds: int = 1800
    """Of each process."""
    memory_bytes: int = 6 * _GIB
    """Beyond the warm image: of one process by RLIMIT_DATA, and of all together by the watchdog."""
    processes: int = 256
    """Processes and threads together. TensorFlow alone takes some twenty threads."""
    file_bytes: int = 1 * _GIB
    """Of one file."""
    scratch_bytes: int = 1 * _GIB
    """Of each writable place: working folder, /tmp and /dev/shm."""
    scratch_files: int = 20_000
    """In each writable place."""
    open_files: int = 512
    output_bytes: int = 1 * _MIB
    """Kept of descriptors 1 and 2 together; beyond it the pipe is closed."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise ValueError(f"limit {field.name} must be a positive number, not {value!r}")

    def as_json(self) -> dict[str, float]:
        """These limits as a JSON object."""
        return asdict(self)


Entry: TypeAlias = "Callable[[Channel], object]"
"""What runs in a forked process: it gets its end of the channel to the host."""


@dataclass(frozen=True)
class Job:
    """One student run, as the server hands it to a supervisor: what, within which limits, and where it talks."""

    entry: Entry
    limits: Limits
    threads: int
    provider: Provider
    slot: int
    """Tells concurrent runs apart: each gets a user id of its own where labgrade runs as root."""
    channel: int
    """Descriptor of the stream socket for frames."""
    output: int
    """Descriptor of the pipe for what the run writes to descriptors 1 and 2."""

    def close(self) -> None:
        """Close this process's copies of the descriptors."""
        os.close(self.channel)
        os.close(self.output)


def entry_function(name: str) -> Entry:
    """The function that `module:function` names. Imports the module."""
    module, _, function = name.partition(":")
    found: Entry = getattr(import_module(module), function)
    return found


@dataclass(frozen=True)
class Ended:
    """Supervisor to host: the run is over, and every process of it gone."""

    status: EndStatus
    message: str
    limit: LimitName | None = None
    observed: float | None = None
    """In the limit's unit: seconds, bytes or a count."""
    allowed: float | None = None
    aborted: bool = False
    """It called `abort`, as C++ libraries do where no memory is left."""
    seconds: float = 0.0
    """Wall time of the run."""
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    """Of its processes together, beyond the warm image."""


_NEAR = 0.8
"""Share of the memory limit from which on a crash is put down to it: TensorFlow crashes where memory is refused.

The request that is refused does not show in what was seen, and neither does what comes and goes between two looks; a
crash for other reasons (a segmentation fault in an extension, `os.abort`) happens far below."""


@dataclass(frozen=True)
class Verdict:
    """How a run ended, as the supervisor or the host judges it."""

    status: EndStatus
    message: str = ""
    refused: bool = False
    """Confinement failed: no student code ran; `message` names the step."""
    limit: LimitName | None = None
    observed: float | None = None
    """In the limit's unit: seconds, bytes or a count."""
    allowed: float | None = None
    aborted: bool = False
    """It called `abort`, as C++ libraries do where no memory is left."""

    def report(self, seconds: float, cpu_seconds: float = 0.0, peak_bytes: int = 0) -> Ended:
        """The message that says so, with what the run took."""
        return Ended(
            self.status,
            self.message,
            self.limit,
            self.observed,
            self.allowed,
            self.aborted,
            round(seconds, 3),
            round(cpu_seconds, 3),
            peak_bytes,
        )


def limit_hit(limit: LimitName, observed: float, limits: Limits) -> Verdict:
    """The verdict on a run that passed `limit`."""
    allowed = float(getattr(limits, _FIELDS[limit]))
    status: EndStatus = "timed out" if limit in ("wall", "cpu") else "out of memory" if limit == "memory" else "killed"
    seen, most = _shown(limit, observed), _shown(limit, allowed)
    message = _MESSAGES[limit].format(seen if seen != most else f"a little more than {most}", most)
    return Verdict(status, message, limit=limit, observed=round(observed, 3), allowed=allowed)


def verdict_of_exit(code: int, limits: Limits, cpu_seconds: float, peak_bytes: int) -> Verdict:
    """The verdict on a process that left by itself, with `code` or minus the number of a signal."""
    if code == 0:
        return Verdict("finished")
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu_seconds >= limits.cpu_seconds):
        return limit_hit("cpu", max(cpu_seconds, limits.cpu_seconds), limits)
    if code == -signal.SIGKILL:
        return Verdict("killed", "Its process was killed: by itself, or by the system for want of memory.")
    crash = code in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS)
    if crash and peak_bytes >= _NEAR * limits.memory_bytes:
        return out_of_memory(code, peak_bytes, limits)
    message = f"The process ended with {how_left(code)}"
    if crash:
        message += f"; it had {_size(peak_bytes)} of memory, {_size(limits.memory_bytes)} are allowed"
    return Verdict("crashed", f"{message}.", aborted=code == -signal.SIGABRT)


def out_of_memory(code: int, peak_bytes: int, limits: Limits) -> Verdict:
    """The verdict on a run that asked for memory beyond its limit, was refused, and did not survive that."""
    used, allowed = _size(peak_bytes), _size(limits.memory_bytes)
    message = f"A request for memory was refused ({how_left(code)}): it had {used}; {allowed} are allowed."
    return Verdict(
        "out of memory", message, limit="memory", observed=float(peak_bytes), allowed=float(limits.memory_bytes)
    )


def how_left(code: int) -> str:
    """`exit code 3` or `signal SIGSEGV`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


_FIELDS: dict[LimitName, str] = {
    "wall": "wall_seconds",
    "cpu": "cpu_seconds",
    "memory": "memory_bytes",
    "processes": "processes",
    "scratch": "scratch_bytes",
    "files": "scratch_files",
}
_MESSAGES: dict[LimitName, str] = {
    "wall": "It ran for {} of its own time; {} are allowed.",
    "cpu": "It used {} of processor time; {} are allowed.",
    "memory": "It took {} of memory; {} are allowed.",
    "processes": "It ran {} processes and threads at once; {} are allowed.",
    "scratch": "It had {} on disk; {} are allowed.",
    "files": "It made {} files; {} are allowed.",
}


def _shown(limit: LimitName, value: float) -> str:
    if limit in ("processes", "files"):
        return f"{int(value):,}"
    if limit in ("wall", "cpu"):
        return f"{value:.1f}".removesuffix(".0") + " s"
    return _size(value)


def _size(value: float) -> str:
    for unit, name in ((_GIB, "GiB"), (_MIB, "MiB")):
        if value >= unit:
            return f"{value / unit:.2f}".rstrip("0").rstrip(".") + f" {name}"
    return f"{int(value)} bytes"
