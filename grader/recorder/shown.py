"""Data that a sandbox shows to the host, and data sets that the host serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.recorder.data import DataDesk
from grader.recorder.events import EventLog, ForgedError
from grader.recorder.line import Line
from grader.recorder.probe.rows import sample_rows
from grader.records.models import DataUse
from grader.training.pool import DataPool


class ShownData:
    """What the host knows of a sandbox's arrays: those that it was sent, by digest."""

    def __init__(self, data: DataDesk, pool: DataPool, log: EventLog) -> None:
        self._data = data
        self._pool = pool
        self._log = log

    def take(self, line: Line, header: Mapping[str, Any]) -> None:
        """The sandbox asks whether the host knows some data; if not, it sends a sample of rows."""
        digests = header.get("digests")
        if not isinstance(digests, list) or not all(isinstance(item, str) for item in digests):
            raise ForgedError("data without digests")
        if not all(self._pool.get(item) is not None for item in digests):
            for array in line.fetch("arrays", most=2):
                self._pool.add(array)
        line.tell({"type": "known"})

    def use(self, data: Any) -> DataUse | None:
        """What the data that a message refers to are; `None` where it refers to none."""
        if not isinstance(data, dict):
            return None
        rows, digest, labels = data.get("rows"), data.get("digest"), data.get("labels")
        rows = rows if isinstance(rows, int) and 0 <= rows < 1 << 31 else 0
        array = self._pool.get(digest) if isinstance(digest, str) else None
        positions = sample_rows(rows)
        if array is None or not array.ndim or len(array) != len(positions):
            return DataUse(split="unknown", rows=rows, used_rows=rows, shape=())
        use = self._data.use(str(digest), labels if isinstance(labels, str) else None, rows, positions)
        return use.model_copy(update={"used_rows": rows})

    def scored_rows(self, data: Any) -> tuple[str, str] | None:
        """Digests of rows and class numbers on which an evaluation of such data can be repeated."""
        use = self.use(data)
        if use is None or not use.shape or not isinstance(data.get("labels"), str):
            return None
        return self._data.scored_rows(data["digest"], data["labels"], use.rows, sample_rows(use.rows))

    def serve(self, line: Line, header: Mapping[str, Any]) -> None:
        """Answer `load_data`."""
        name = str(header.get("name"))[:100]
        with line.host_time():
            dataset = self._data.dataset(name)
        if dataset is None:
            why = f"the data set {name[:40]} is neither on disk nor to be downloaded"
            self._log.note("warning", "data set", why[0].upper() + why[1:] + ".")
            line.tell({"type": "missing", "why": why})
            return
        arrays = [dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test]
        line.tell({"type": "arrays"}, arrays)
