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
