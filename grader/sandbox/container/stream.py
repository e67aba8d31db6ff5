"""The one byte stream each way between the host and a container, shared by frames, output, status and orders.

A record is a tag (one byte), a big-endian 32-bit length of at most `MOST_BYTES`, and that many bytes. Both ends use
this module; the host believes nothing of what arrives beyond its bounds.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from grader.sandbox.control import Message, encode

JOB, STATUS, CHANNEL, CHANNEL_END, OUTPUT = b"J", b"S", b"C", b"E", b"O"
"""What to run; status and orders as JSON objects; bytes of the frames' channel, and its end; bytes of the output."""

MOST_BYTES = 1 << 18
"""A record holds a piece of at most `_PIECE` bytes or one message; more is no record of ours."""
_PIECE = 1 << 16
"""Bytes read at once, a quarter of the longest record."""
_HEAD = struct.Struct(">cI")
_TAGS = frozenset((JOB, STATUS, CHANNEL, CHANNEL_END, OUTPUT))


class StreamError(ValueError):
    """The other end sent something that is no record."""


class Stream:
    """Records over two byte streams. Sending is thread-safe; one thread alone may receive."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._sending = threading.Lock()

    def send(self, tag: bytes, payload: bytes = b"") -> None:
        """Send one record. Raises OSError or ValueError when the stream is closed."""
        with self._sending:
            self._outgoing.write(_HEAD.pack(tag, len(payload)) + payload)
            self._outgoing.flush()

    def say(self, message: Message) -> None:
        """Send status or an order; of no effect when nobody listens any more."""
        with suppress(OSError, ValueError):
            self.send(STATUS, encode(message))

    def receive(self) -> tuple[bytes, bytes]:
        """The next record. Raises EOFError at the end of the stream, StreamError for anything that is no record."""
        tag, length = _HEAD.unpack(self._exactly(_HEAD.size))
        if tag not in _TAGS or length > MOST_BYTES:
            raise StreamError(f"no record: tag {tag!r} with {length} bytes")
        return tag, self._exactly(length)

    def close(self) -> None:
        """Close the outgoing stream: the other end sees its end."""
        with self._sending:
            self._outgoing.close()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._incoming.read(count - len(data))
            if not piece:
                raise EOFError("the other end is gone")
            data += piece
        return data


def forward_channel(channel: socket.socket, stream: Stream) -> threading.Thread:
    """Send everything that arrives on `channel` as CHANNEL records, and CHANNEL_END after it, from a new thread."""

    def forward() -> None:
        with suppress(OSError, ValueError):
            while piece := _next_piece(channel):
                stream.send(CHANNEL, piece)
            stream.send(CHANNEL_END)

    return start_thread(forward)


def deliver(channel: socket.socket, payload: bytes) -> None:
    """Hand bytes of the channel to `channel`; what nobody reads any more is dropped."""
    with suppress(OSError):
        channel.sendall(payload)


def finish(channel: socket.socket) -> None:
    """Let the reader of `channel`'s other end see its end."""
    with suppress(OSError):
        channel.shutdown(socket.SHUT_WR)


def start_thread(work: Callable[[], None]) -> threading.Thread:
    """Begin `work` in a daemon thread, and return that."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _next_piece(channel: socket.socket) -> bytes:
    try:
        return channel.recv(_PIECE)
    except ConnectionResetError:
        return b""
