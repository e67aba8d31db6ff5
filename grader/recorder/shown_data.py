"""Which data a student's arrays are, found by content on the host, and the test set prepared the same way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from grader.datasets.dataset import Dataset, is_declared
from grader.datasets.fingerprints import Fingerprints, LayoutName
from grader.datasets.identify import class_numbers, identify, prepare_test_set
from grader.errors import LabgradeError
from grader.probe.descriptions import DataReference
from grader.probe.messages import ArraysSent, DataOffered, DatasetAsked, DatasetMissing, Known
from grader.probe.rows import sample_rows
from grader.recorder.connection import Connection
from grader.recorder.event_log import EventLog
from grader.records import Array, DataUse
from grader.training.spec import DataPool

_MOST_ROWS = 1 << 31
"""Of data whose rows are looked at: more than any array of a lab has."""
_IN_ORDER = 0.99
"""Share of rows at their place: some images of a data set are there twice."""


class DataHandler:
    """Recognises arrays, and keeps what it found by digest."""

    def __init__(
        self,
        pool: DataPool,
        load: Callable[[str], Dataset | None],
        fingerprints: Callable[[Dataset], Fingerprints],
    ) -> None:
        self._pool = pool
        self._load = load
        self._fingerprints = fingerprints
        self._datasets: dict[str, Dataset] = {}
        self._found: dict[tuple[str, str | None, int, int], DataUse] = {}
        self._layouts: dict[tuple[str | None, tuple[int, ...]], LayoutName | None] = {}
        self._tests: dict[tuple[str, float, float, tuple[int, ...]], tuple[str, str] | None] = {}
        self._whole: set[tuple[str, str | None, int, int]] = set()
        """Samples of what is a data set's whole test set, in order."""
        self.asked: set[str] = set()
        """Data sets that were asked for, also those that could not be had."""

    def dataset(self, name: str) -> Dataset | None:
        """The data set `name`, loaded once; `None` when it cannot be had."""
        if is_declared(name):
            self.asked.add(name)
        if name not in self._datasets:
            loaded = self._load(name)
            if loaded is None:
                return None
            self._datasets[name] = loaded
        return self._datasets[name]

    @property
    def sources(self) -> dict[str, str]:
        """Data set -> where it came from."""
        return {name: dataset.source for name, dataset in sorted(self._datasets.items())}

    @property
    def any_standin(self) -> bool:
        """Whether a built-in stand-in was used."""
        return any(dataset.standin for dataset in self._datasets.values())

    def use(self, x: str, y: str | None, rows: int, positions: NDArray[np.int64]) -> DataUse:
        """What the arrays of digests `x` and `y` are: `positions` tells which of the given `rows` they hold."""
        name = (x, y, rows, len(positions))
        if name not in self._found:
            images, labels = self._pool.get(x), self._pool.get(y) if y else None
            if images is None:
                return DataUse(split="unknown", rows=rows, used_rows=len(positions), shape=())
            self._found[name], in_order = self._recognised(images, labels, rows, positions)
            if in_order:
                self._whole.add(name)
        return self._found[name]

    def scored_rows(self, x: str, y: str | None, rows: int, positions: NDArray[np.int64]) -> tuple[str, str] | None:
        """Digests of rows and targets on which an evaluation of such data can be repeated.

        The data set's own test set where that is what was given, else the rows that the sandbox sent; `None` where
        their labels are no class numbers, and not the numbers of a data set that was recognised either.
        """
        use = self.use(x, y, rows, positions)
        if (x, y, rows, len(positions)) in self._whole and use.labels_agree == 1.0:
            return self.test_set(use)
        labels, images = self._pool.get(y) if y else None, self._pool.get(x)
        if labels is None or images is None or not labels.ndim or len(labels) != len(images):
            return None
        dataset = self._datasets.get(use.dataset or "")
        if dataset is not None and not dataset.has_classes:
            return (x, self._pool.add(labels.astype(np.float32))) if labels.dtype.kind in "iuf" else None
        classes, _ = class_numbers(labels)
        return (x, self._pool.add(classes)) if classes is not None and classes.min(initial=0) >= 0 else None

    def _recognised(self, x: Array, y: Array | None, rows: int, positions: NDArray[np.int64]) -> tuple[DataUse, bool]:
        sets = [self._fingerprints(dataset) for dataset in self._datasets.values()]
        found = identify(x, y, sets, positions=positions)
        dataset = self._datasets.get(found.use.dataset or "")
        in_order = (
            dataset is not None
            and rows == len(dataset.x_test)
            and float((found.indices == len(dataset.x_train) + positions).mean()) > _IN_ORDER
        )
        self._layouts[found.use.dataset, found.use.shape] = found.layout
        return found.use.model_copy(update={"rows": rows, "used_rows": len(x)}), in_order

    def classes(self, use: DataUse) -> int:
        """Classes of the data set that was recognised; 0 when none was."""
        return self._datasets[use.dataset].classes if use.dataset in self._datasets else 0

    def test_set(self, use: DataUse) -> tuple[str, str] | None:
        """Digests of the data set's own test images, prepared as in `use`, and of their labels; `None` if unknown."""
        if use.dataset is None or use.scale is None or use.offset is None:
            return None
        name = (use.dataset, use.scale, use.offset, use.shape)
        if name not in self._tests:
            layout = self._layouts.get((use.dataset, use.shape))
            try:
                x, y = prepare_test_set(self._datasets[use.dataset], use.scale, use.offset, use.shape, layout)
                self._tests[name] = (self._pool.add(x), self._pool.add(y))
            except LabgradeError:
                self._tests[name] = None
        return self._tests[name]


class ShownData:
    """What the host knows of a sandbox's arrays: those that it was sent, by digest."""

    def __init__(self, data: DataHandler, pool: DataPool, log: EventLog) -> None:
        self._data = data
        self._pool = pool
        self._log = log

    def take(self, connection: Connection, offered: DataOffered) -> None:
        """The sandbox asks whether the host knows some data; if not, it sends a sample of rows."""
        if not all(self._pool.get(item) is not None for item in offered.digests):
            for array in connection.fetch(ArraysSent, most=2):
                self._pool.add(array)
        connection.tell(Known())

    def use(self, data: DataReference | None) -> DataUse | None:
        """What the data that a message refers to are; `None` where it refers to none."""
        if data is None:
            return None
        rows = data.rows if data.rows < _MOST_ROWS else 0
        array = self._pool.get(data.digest) if data.digest is not None else None
        positions = sample_rows(rows)
        if array is None or not array.ndim or len(array) != len(positions):
            return DataUse(split="unknown", rows=rows, used_rows=rows, shape=())
        use = self._data.use(str(data.digest), data.labels, rows, positions)
        return use.model_copy(update={"used_rows": rows})

    def scored_rows(self, data: DataReference) -> tuple[str, str] | None:
        """Digests of rows and class numbers on which an evaluation of such data can be repeated."""
        use = self.use(data)
        if use is None or not use.shape or data.digest is None or data.labels is None:
            return None
        return self._data.scored_rows(data.digest, data.labels, use.rows, sample_rows(use.rows))

    def serve(self, connection: Connection, asked: DatasetAsked) -> None:
        """Send the data set that is asked for, or say that it is not to be had."""
        with connection.host_time():
            dataset = self._data.dataset(asked.name)
        if dataset is None:
            why = f"the data set {asked.name[:40]} is neither on disk nor to be downloaded"
            self._log.note("warning", "data set", why[0].upper() + why[1:] + ".")
            connection.tell(DatasetMissing(why=why))
            return
        connection.tell(ArraysSent(), [dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test])
