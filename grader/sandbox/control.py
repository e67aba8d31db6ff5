"""Messages between the host, the warm server, the supervisors and a container: one JSON object each, with descriptors.

Each kind of message is a class; what arrives is checked against it, field by field. All of these processes are
labgrade's own, and nothing that a student's process says travels here; but a container's first process shares a user
with the student's, and the host believes it no more than its type says.
"""

from __future__ import annotations

import json
import socket
import types
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from grader.sandbox.contract import Ended, Limits, Provider, ProviderChoice

_MOST_BYTES = 1 << 17
"""The longest message is the setup with its preloads, some hundred bytes; a socket buffer takes this much at once."""
_MOST_DESCRIPTORS = 4


class MessageError(ValueError):
    """What arrived is no message: another kind, field or type of value."""


@dataclass(frozen=True)
class Setup:
    """Host to server, first of all: what to load and what to run."""

    student: str
    """Entry function of student runs, as `module:function`."""
    trainer: str
    """The same of the trainer; may be empty."""
    preload: list[str]
    """Modules to import before anything is forked."""
    provider: ProviderChoice


@dataclass(frozen=True)
class StudentRequest:
    """Host to server: fork a student run. Carries its channel, its output and its status socket."""

    limits: Limits
    threads: int
    """Bound of TensorFlow's and OpenMP's pools."""


@dataclass(frozen=True)
class TrainerRequest:
    """Host to server: fork a trainer. Carries its channel."""

    environment: dict[str, str | None]
    """Variables to set there, or (`None`) to remove."""
    memory_bytes: int | None
    """What it may take beyond the warm image."""


@dataclass(frozen=True)
class ConditionRequest:
    """Host to server: say what your forks inherit."""


@dataclass(frozen=True)
class ContainerRequest:
    """Host to a container's first process: the one job that it runs."""

    student: str
    preload: list[str]
    limits: Limits
    threads: int


@dataclass(frozen=True)
class Ready:
    """Server to host: everything is loaded."""

    provider: Provider
    refusals: dict[str, str]
    """Provider that was tried in vain -> the step that failed."""
    seconds: float
    """That loading took."""


@dataclass(frozen=True)
class Unavailable:
    """Server to host: no provider that was asked for can be had here."""

    refusals: dict[str, str]


@dataclass(frozen=True)
class Forked:
    """Server to host: the process asked for, with a descriptor of it."""

    pid: int


@dataclass(frozen=True)
class ConditionAnswer:
    """Server to host: what its forks inherit."""

    digest: str
    """`grader.sandbox.server.image_digest`."""


@dataclass(frozen=True)
class Running:
    """Confined process to supervisor, and supervisor to host: student code runs next."""


@dataclass(frozen=True)
class Left:
    """First process of a namespace to supervisor: the student's process is gone."""

    code: int
    """Exit code, or minus the number of a signal."""


@dataclass(frozen=True)
class Refused:
    """Confinement failed: no student code ran."""

    error: str
    """The step, and why."""


@dataclass(frozen=True)
class Failed:
    """A process of labgrade's own failed."""

    error: str


@dataclass(frozen=True)
class Order:
    """Host to supervisor: what to do with the run."""

    what: Literal["pause", "resume", "kill"]
    """`pause` and `resume` mean its wall clock."""


Message: TypeAlias = (
    Setup
    | StudentRequest
    | TrainerRequest
    | ConditionRequest
    | ContainerRequest
    | Ready
    | Unavailable
    | Forked
    | ConditionAnswer
    | Running
    | Left
    | Refused
    | Failed
    | Ended
    | Order
)
_T = TypeVar("_T")
_KINDS: dict[str, Callable[..., Message]] = {kind.__name__: kind for kind in get_args(Message)}


def encode(message: Message) -> bytes:
    """`message` as JSON, on one line."""
    return json.dumps({"kind": type(message).__name__, **asdict(message)}).encode()


def decode(data: bytes) -> Message:
    """The message that `data` holds. Raises MessageError for anything else."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MessageError("a message that is no JSON") from error
    kind = _KINDS.get(str(content.pop("kind", ""))) if isinstance(content, dict) else None
    if kind is None:
        raise MessageError("no message of a known kind")
    return _build(kind, content)


def control_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends that keep the borders between messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_message(control: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    """Send `message`, and copies of `descriptors` with it. Raises OSError when nobody listens."""
    socket.send_fds(control, [encode(message)], list(descriptors))


def receive_message(control: socket.socket, timeout: float | None = None) -> tuple[Message, list[int]]:
    """The next message and its descriptors. Raises EOFError when the other end is gone, TimeoutError in time."""
    control.settimeout(timeout)
    try:
        data, descriptors, _, _ = socket.recv_fds(control, _MOST_BYTES, _MOST_DESCRIPTORS)
    except ConnectionResetError as error:
        raise EOFError from error
    if not data:
        raise EOFError("the other end is gone")
    return decode(data), descriptors


def _build(kind: Callable[..., _T], content: dict[str, object]) -> _T:
    """An instance of the dataclass `kind`. Raises MessageError where `content` does not fit it."""
    hints = _hints(kind)
    if not content.keys() <= hints.keys():
        raise MessageError(f"{kind.__name__} has no {', '.join(sorted(content.keys() - hints.keys()))}")
    try:
        return kind(**{name: _field(value, hints[name]) for name, value in content.items()})
    except MessageError:
        raise
    except (TypeError, ValueError) as error:
        raise MessageError(f"{kind.__name__} is incomplete or out of bounds") from error


@cache
def _hints(kind: Callable[..., object]) -> dict[str, object]:
    return get_type_hints(kind)


def _field(value: object, hint: object) -> object:
    """`value`, if it is of type `hint`, as the classes above use them. Raises MessageError where it is not."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        holds = isinstance(value, str) and value in arguments
    elif origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _field(value, next(one for one in arguments if one is not type(None)))
    elif origin is list and isinstance(value, list):
        return [_field(item, arguments[0]) for item in value]
    elif origin is dict and isinstance(value, dict):
        return {str(name): _field(item, arguments[1]) for name, item in value.items()}
    elif hint is Limits and isinstance(value, dict) and value.keys() == _hints(Limits).keys():
        return _build(Limits, value)
    elif hint is float:
        holds = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        holds = type(value) is hint
    if not holds:
        raise MessageError(f"{value!r:.40} is no {getattr(hint, '__name__', hint)}")
    return value
