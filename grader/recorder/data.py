"""Which data a student's arrays are, found by content on the host, and the test set prepared the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import Fingerprints
from grader.datasets.identify import identify
from grader.datasets.prepared import prepared_test_set
from grader.errors import LabgradeError
from grader.records.models import DataUse
from grader.training.pool import DataPool

Array = NDArray[Any]


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

    def dataset(self, name: str) -> Dataset | None:
        """The data set `name`, loaded once; `None` when it cannot be had."""
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
            self._found[name] = self._recognised(images, labels, rows, positions)
        return self._found[name]

    def _recognised(self, x: Array, y: Array | None, rows: int, positions: NDArray[np.int64]) -> DataUse:
        sets = [self._fingerprints(dataset) for dataset in self._datasets.values()]
        found = identify(x, y, sets, positions=positions)
        self._layouts[found.use.dataset, found.use.shape] = found.layout
        return found.use.model_copy(update={"rows": rows, "used_rows": len(x)})

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
