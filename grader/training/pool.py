"""The arrays of a run, under digests that the host computed itself."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_HOST_BYTES = 3 << 30


def array_digest(array: Array) -> str:
    """SHA-256 (hex) over dtype, shape and C-order bytes."""
    contiguous = np.ascontiguousarray(array)
    digest = hashlib.sha256(f"{contiguous.dtype.str}{contiguous.shape}".encode())
    digest.update(contiguous.data.cast("B") if contiguous.size else b"")
    return digest.hexdigest()


class DataPool:
    """Arrays of this run by digest, as the host received and hashed them; the longest unused go first."""

    def __init__(self, limit: int = _HOST_BYTES) -> None:
        self._arrays: OrderedDict[str, Array] = OrderedDict()
        self._limit = limit

    def add(self, array: Array) -> str:
        """Keep `array`; its digest."""
        digest = array_digest(array)
        self._arrays[digest] = array
        self._arrays.move_to_end(digest)
        while sum(item.nbytes for item in self._arrays.values()) > self._limit and len(self._arrays) > 1:
            self._arrays.popitem(last=False)
        return digest

    def get(self, digest: str) -> Array | None:
        """The array of `digest`; `None` when it is not at hand."""
        return self._arrays.get(digest)
