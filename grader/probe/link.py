"""The probe's end of the line to the host: events one way, questions and answers the other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from grader.probe.descriptions import DataReference
from grader.probe.messages import (
    ArraysSent,
    CellBegun,
    DataOffered,
    Event,
    FromHost,
    Noted,
    Printed,
    Question,
    Send,
    WeightsSent,
    from_host,
    header_of,
    with_fields,
)
from grader.probe.rows import as_array, digest, sample_rows, take_rows
from grader.sandbox.frames import Array, Channel

_MAX_NOTES = 200
_MAX_OF_A_KIND = 2_000
"""A loop that predicts each row by itself says so this many times; the host would not take more."""
_MAX_ROWS = 1 << 31
"""More rows than any data set has: some iterables say of themselves that they are endless."""


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
        self.flush_output: Callable[[], None] = lambda: None
        """Sends pending printed text, so that it stands before what follows."""

    def enter(self, cell: int) -> None:
        """Say that a cell begins to run; whatever happens from now on belongs to it."""
        with self._lock:
            self.flush_output()
            self.cell = cell
            self._channel.send(header_of(CellBegun(cell=cell)))

    def has_room(self, kind: str) -> bool:
        """Whether another event of this kind, which student code may cause without end, is to be told."""
        self._said[kind] += 1
        return self._said[kind] <= _MAX_OF_A_KIND

    def tell(self, event: Event) -> None:
        """Say that something happened."""
        if self.muted:
            return
        with self._lock:
            if not isinstance(event, Printed):
                self.flush_output()
            self._channel.send(header_of(with_fields(event, cell=self.cell)))

    def note(self, topic: Literal["shim", "skipped", "warning"], name: str, message: str) -> None:
        """Say once what was done for the student's code (a shim, a skipped install)."""
        if (topic, name) not in self._noted and len(self._noted) < _MAX_NOTES:
            self._noted.add((topic, name))
            self.tell(Noted(topic=topic, name=name, message=message))

    def ask(
        self, message: Question | ArraysSent | WeightsSent, arrays: Sequence[Array] = ()
    ) -> tuple[FromHost, list[Array]]:
        """The host's answer to a question, and its arrays."""
        if self.muted:
            raise OSError("not available while a function is called by itself")
        with self._lock:
            self.flush_output()
            header = header_of(with_fields(message, cell=self.cell))
            self._channel.send(header, [np.asarray(array, order="C") for array in arrays])
            answer, received = self._channel.receive()
            return from_host(answer), received


def show_data(link: Link, x: object, y: object, rows: int | None = None, used: int | None = None) -> DataReference:
    """Reference to data that are evaluated, predicted or trained on; a sample of their rows is sent once.

    `rows` and `used` are told in place of what the data say of themselves where an effort cut them.
    """
    images, labels = as_array(x), as_array(y) if y is not None else None
    kept = None if used is None else _bounded(used)
    if images is None:
        return DataReference(rows=_bounded(_length(x) if rows is None else rows), used=kept)
    sample = sample_rows(len(images))
    parts = [take_rows(images, sample)]
    if labels is not None and len(labels) == len(images):
        parts.append(take_rows(labels, sample))
    names = [digest(part) for part in parts]
    answer, _ = link.ask(DataOffered(digests=tuple(names), rows=len(images)))
    if isinstance(answer, Send):
        link.ask(ArraysSent(), parts)
    return DataReference(
        rows=_bounded(len(images) if rows is None else rows),
        used=kept,
        digest=names[0],
        labels=names[1] if len(names) > 1 else None,
    )


def _bounded(count: int) -> int:
    return min(max(count, 0), _MAX_ROWS)


def _length(value: object) -> int:
    try:
        return len(value)  # type: ignore[arg-type]
    except TypeError:
        return 0


def patch(owner: object, **pieces: object) -> None:
    """Put each of `pieces` in place of what `owner`, a library's module or class, has under its name."""
    for name, piece in pieces.items():
        setattr(owner, name, piece)
