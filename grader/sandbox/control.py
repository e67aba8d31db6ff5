"""Messages between the host, the warm server and the supervisors: one JSON object each, with descriptors.

All of these processes are labgrade's own; nothing that a student's process says travels here.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]

_MOST_BYTES = 1 << 17
_MOST_DESCRIPTORS = 4


def control_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends that keep the borders between messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_message(control: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    """Send `message`, and copies of `descriptors` with it. Raises OSError when nobody listens."""
    socket.send_fds(control, [json.dumps(message).encode()], list(descriptors))


def receive_message(control: socket.socket, timeout: float | None = None) -> tuple[Message, list[int]]:
    """The next message and its descriptors. Raises EOFError when the other end is gone, TimeoutError in time."""
    control.settimeout(timeout)
    try:
        data, descriptors, _, _ = socket.recv_fds(control, _MOST_BYTES, _MOST_DESCRIPTORS)
    except ConnectionResetError as error:
        raise EOFError from error
    if not data:
        raise EOFError("the other end is gone")
    return json.loads(data), descriptors
