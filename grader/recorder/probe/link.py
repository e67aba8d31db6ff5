"""The line to the host: events one way, questions and answers the other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.sandbox.frames import Channel

_MAX_NOTES = 200
_MAX_OF_A_KIND = 2_000
"""A loop that predicts each row by itself says so this many times; the host would not take more."""


class Link:
    """Sends what happens to the host, in order, under the cell that caused it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.RLock()
        self._noted: set[tuple[str, str]] = set()
        self._said: Counter[str] = Counter()
        self.muted = False
        """The host calls functions: nothing that they do is part of the recording."""
        self.cell = -1
        """Index of the cell that runs now."""
        self.flush_output: Any = lambda: None
        """Sends pending printed text, so that it stands before what follows."""

    def enter(self, cell: int) -> None:
        """Say that a cell begins to run; whatever happens from now on belongs to it."""
        with self._lock:
            self.flush_output()
            self.cell = cell
            self._channel.send({"type": "event", "kind": "cell", "cell": cell})

    def room(self, kind: str) -> bool:
        """Whether another event of this kind, which student code may cause without end, is to be told."""
        self._said[kind] += 1
        return self._said[kind] <= _MAX_OF_A_KIND

    def event(self, kind: str, **fields: Any) -> None:
        """Say that something happened."""
        if self.muted:
            return
        with self._lock:
            if kind != "printed":
                self.flush_output()
            self._channel.send({"type": "event", "kind": kind, "cell": self.cell, **fields})

    def note(self, topic: str, name: str, message: str) -> None:
        """Say once what was done for the student's code (a shim, a skipped install)."""
        if (topic, name) not in self._noted and len(self._noted) < _MAX_NOTES:
            self._noted.add((topic, name))
            self.event("noted", topic=topic, name=name, message=message)

    def ask(
        self, header: dict[str, Any], arrays: Sequence[NDArray[Any]] = ()
    ) -> tuple[dict[str, Any], list[NDArray[Any]]]:
        """The host's answer to a question."""
        if self.muted:
            raise OSError("not available while a function is called by itself")
        with self._lock:
            self.flush_output()
            self._channel.send({"cell": self.cell, **header}, [np.ascontiguousarray(array) for array in arrays])
            return self._channel.receive()
