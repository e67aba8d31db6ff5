"""Which data a student's arrays are, found by content on the host, and the test set prepared the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.datasets.dataset import LAYOUTS, Dataset
from grader.datasets.fingerprints import Fingerprints
from grader.datasets.identify import class_numbers, identify
from grader.datasets.prepared import prepared_test_set
from grader.errors import LabgradeError
from grader.records.models import DataUse
from grader.training.pool import DataPool

Array = NDArray[Any]

_IN_ORDER = 0.99
"""Share of rows at their place: some images of a data set are there twice."""


class DataDesk:
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
        self._layouts: dict[tuple[str | None, tuple[int, ...]], Any] = {}
        self._tests: dict[tuple[Any, ...], tuple[str, str] | None] = {}
        self._whole: set[tuple[str, str | None, int, int]] = set()
        """Samples of what is a data set's whole test set, in order."""
        self.asked: set[str] = set()
        """Data sets that were asked for, also those that could not be had."""

    def dataset(self, name: str) -> Dataset | None:
        """The data set `name`, loaded once; `None` when it cannot be had."""
        if name in LAYOUTS:
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
        """Digests of rows and class numbers on which an evaluation of such data can be repeated.

        The data set's own test set where that is what was given, else the rows that the sandbox sent; `None` where
        their labels are no class numbers.
        """
        use = self.use(x, y, rows, positions)
        if (x, y, rows, len(positions)) in self._whole and use.labels_agree == 1.0:
            return self.test_set(use)
        labels, images = self._pool.get(y) if y else None, self._pool.get(x)
        if labels is None or images is None or not labels.ndim or len(labels) != len(images):
            return None
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
        return LAYOUTS[use.dataset].classes if use.dataset in LAYOUTS else 0

    def test_set(self, use: DataUse) -> tuple[str, str] | None:
        """Digests of the data set's own test images, prepared as in `use`, and of their labels; `None` if unknown."""
        if use.dataset is None or use.scale is None or use.offset is None:
            return None
        name = (use.dataset, use.scale, use.offset, use.shape)
        if name not in self._tests:
            layout = self._layouts.get((use.dataset, use.shape))
            try:
                x, y = prepared_test_set(self._datasets[use.dataset], use.scale, use.offset, use.shape, layout)
                self._tests[name] = (self._pool.add(x), self._pool.add(y))
            except LabgradeError:
                self._tests[name] = None
        return self._tests[name]
