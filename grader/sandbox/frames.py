"""Messages between the host and a process that is not believed: length, JSON, raw arrays. Never pickle.

A frame is a big-endian 32-bit length, that many bytes of UTF-8 JSON `{"header": {...}, "arrays": [{"dtype",
"shape"}, ...]}`, and then the arrays' bytes one after another, C order, little-endian. This module is imported
inside the sandbox too, so that it rests on the standard library and NumPy alone.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

JsonObject: TypeAlias = dict[str, Any]
Array: TypeAlias = NDArray[Any]

MEBIBYTE = 1 << 20
DTYPES: dict[str, np.dtype[np.generic]] = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}
_LENGTH = struct.Struct(">I")
_MOST_DIMENSIONS = 32
"""NumPy's own bound, in the versions that had one."""
_MOST_ELEMENTS = 1 << 48
"""Beyond any memory, and far below where products of sizes overflow."""
_CHUNK = 4 * MEBIBYTE
"""Sent or taken at once: between two pieces the time is looked at."""


class FrameError(ValueError):
    """The other side sent something that is not a frame, or a frame beyond the caps. The channel is of no more use."""


@dataclass(frozen=True)
class Caps:
    """How much one frame may hold, in bytes and counts."""

    header_bytes: int = 8 * MEBIBYTE
    array_bytes: int = 2048 * MEBIBYTE
    message_bytes: int = 4096 * MEBIBYTE
    """All arrays of one frame together."""
    arrays: int = 4096

    def within(self, memory_bytes: int) -> Caps:
        """These caps for a process that may have `memory_bytes`: it has no arrays to send that it could not hold."""
        most = min(self.message_bytes, memory_bytes)
        return replace(self, array_bytes=min(self.array_bytes, most), message_bytes=most)


class Channel:
    """Frames over a connected stream socket, which it owns."""

    def __init__(self, stream: socket.socket, caps: Caps | None = None) -> None:
        self._socket = stream
        self._caps = caps or Caps()
        self._sending = threading.Lock()
        self._incoming = _Incoming(self._caps)

    def send(self, header: JsonObject, arrays: Sequence[Array] = (), timeout: float | None = None) -> None:
        """Send one frame.

        Raises FrameError for a dtype outside `DTYPES`, a header that is no JSON or a frame beyond the caps (nothing
        was sent then), TimeoutError after `timeout` seconds (the channel is of no more use then), and OSError such as
        BrokenPipeError when nobody listens.
        """
        ready = [_to_sendable(array) for array in arrays]
        prefix = _encode(header, ready, self._caps)
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._sending:
            for piece in (memoryview(prefix), *(_octets(array) for array in ready)):
                self._send_bytes(piece, deadline)

    def receive(self, timeout: float | None = None) -> tuple[JsonObject, list[Array]]:
        """The next frame: its header and its arrays, writable and owned by the caller.

        Raises EOFError when the other side has closed, FrameError for anything that is not a frame within the caps,
        TimeoutError after `timeout` seconds (a later call goes on where this one stopped), and OSError.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._incoming.complete():
            self._socket.settimeout(_seconds_left(deadline))
            try:
                got = self._socket.recv_into(self._incoming.room())
            except ConnectionResetError:
                got = 0
            if not got:
                raise EOFError("the other side closed the channel")
            self._incoming.advance(got)
        return self._incoming.take()

    def fileno(self) -> int:
        """Descriptor, for `select` and `poll`: readable when a frame begins, goes on or the other side has closed."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket. May be called more than once."""
        self._socket.close()

    def _send_bytes(self, piece: memoryview, deadline: float | None) -> None:
        while piece.nbytes:
            self._socket.settimeout(_seconds_left(deadline))
            piece = piece[self._socket.send(piece[:_CHUNK]) :]


class _Incoming:
    """A frame on its way in, which survives a time-out between two pieces."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._reset()

    def _reset(self) -> None:
        self._stage = "length"
        self._header: JsonObject = {}
        self._arrays: list[Array] = []
        self._shapes: list[tuple[int, ...]] = []
        self._next = 0
        self._expect(memoryview(bytearray(_LENGTH.size)))

    def _expect(self, view: memoryview) -> None:
        self._view = view
        self._filled = 0

    def room(self) -> memoryview:
        """Where the next bytes go."""
        return self._view[self._filled :][:_CHUNK]

    def advance(self, count: int) -> None:
        """Take note of `count` bytes written to `room()`."""
        self._filled += count

    def complete(self) -> bool:
        """Whether a whole frame is here; moves from piece to piece on the way."""
        while self._filled == self._view.nbytes:
            if self._stage == "length":
                self._begin_header()
            elif self._stage == "header":
                self._begin_arrays()
            elif self._next < len(self._arrays):
                self._expect(_octets(self._arrays[self._next]))
                self._next += 1
            else:
                return True
        return False

    def _begin_header(self) -> None:
        (length,) = _LENGTH.unpack(self._view)
        if length > self._caps.header_bytes:
            raise FrameError(f"a header of {length} bytes is over the cap of {self._caps.header_bytes}")
        self._stage = "header"
        self._expect(memoryview(bytearray(length)))

    def _begin_arrays(self) -> None:
        self._header, declared = _decode(bytes(self._view))
        kinds = _check(declared, self._caps)
        # NumPy takes memory from the system only as it is written: a declared size costs nothing by itself.
        self._arrays = [np.empty(math.prod(shape), dtype) for dtype, shape in kinds]
        self._shapes = [shape for _, shape in kinds]
        self._stage = "arrays"

    def take(self) -> tuple[JsonObject, list[Array]]:
        """The complete frame; the next one may begin."""
        arrays = [_clean(array).reshape(shape) for array, shape in zip(self._arrays, self._shapes, strict=True)]
        frame = self._header, arrays
        self._reset()
        return frame


def _octets(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _seconds_left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no whole frame in time")
    return left


def _to_sendable(array: Array) -> Array:
    array = np.asarray(array)
    dtype = DTYPES.get(array.dtype.name)
    if dtype is None:
        raise FrameError(f"arrays of dtype {array.dtype} do not travel")
    return np.ascontiguousarray(array, dtype).reshape(array.shape)


def _encode(header: JsonObject, arrays: Sequence[Array], caps: Caps) -> bytes:
    declared = [{"dtype": array.dtype.name, "shape": list(array.shape)} for array in arrays]
    _check(declared, caps)
    try:
        text = json.dumps({"header": header, "arrays": declared}, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise FrameError(f"the header is no JSON: {error}") from error
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > caps.header_bytes:
        raise FrameError(f"a header of {len(encoded)} bytes is over the cap of {caps.header_bytes}")
    return _LENGTH.pack(len(encoded)) + encoded


def _decode(encoded: bytes) -> tuple[JsonObject, object]:
    try:
        envelope = json.loads(encoded.decode("utf-8"))
        if b"\\ud" in encoded.lower():
            # An escaped lone surrogate makes a string that no file or terminal takes.
            json.dumps(envelope, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise FrameError(f"the header is no JSON: {error}") from error
    if not isinstance(envelope, dict) or set(envelope) != {"header", "arrays"}:
        raise FrameError("a frame holds a header and arrays")
    if not isinstance(envelope["header"], dict):
        raise FrameError("a header is an object")
    return envelope["header"], envelope["arrays"]


def _check(declared: object, caps: Caps) -> list[tuple[np.dtype[np.generic], tuple[int, ...]]]:
    if not isinstance(declared, list) or len(declared) > caps.arrays:
        raise FrameError(f"arrays are a list of at most {caps.arrays}")
    kinds = [_check_kind(one) for one in declared]
    sizes = [dtype.itemsize * math.prod(shape) for dtype, shape in kinds]
    if max(sizes, default=0) > caps.array_bytes or sum(sizes) > caps.message_bytes:
        raise FrameError(f"arrays of {max(sizes)} bytes, {sum(sizes)} together, are over the caps")
    return kinds


def _check_kind(declared: object) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    if not isinstance(declared, dict) or set(declared) != {"dtype", "shape"}:
        raise FrameError("an array is declared by dtype and shape")
    name, shape = declared["dtype"], declared["shape"]
    if not isinstance(name, str) or name not in DTYPES:
        raise FrameError(f"arrays of dtype {name!r:.40} do not travel")
    if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
        raise FrameError(f"a shape is a list of at most {_MOST_DIMENSIONS} sizes")
    if not all(type(size) is int and 0 <= size <= _MOST_ELEMENTS for size in shape):
        raise FrameError("a shape holds whole numbers from 0")
    if math.prod(size for size in shape if size) > _MOST_ELEMENTS:
        # Without elements too: NumPy refuses the other sides all the same.
        raise FrameError("a shape is larger than any array")
    return DTYPES[name], tuple(shape)


def _clean(array: Array) -> Array:
    """A Boolean whose byte is neither 0 nor 1 would be undefined behaviour later on."""
    return array.view(np.uint8) != 0 if array.dtype == np.bool_ else array
