"""The line to the host: events one way, questions and answers the other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.sandbox.frames import Channel

_MAX_NOTES = 200


class Link:
    """Sends what happens to the host, in order, under the cell that caused it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.RLock()
        self._noted: set[tuple[str, str]] = set()
        self.cell = -1
        """Index of the cell that runs now."""
        self.flush_output: Any = lambda: None
        """Sends pending printed text, so that it stands before what follows."""

    def event(self, kind: str, **fields: Any) -> None:
        """Say that something happened."""
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
        with self._lock:
            self.flush_output()
            self._channel.send({"cell": self.cell, **header}, [np.ascontiguousarray(array) for array in arrays])
            return self._channel.receive()
