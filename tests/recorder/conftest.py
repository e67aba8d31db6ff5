"""A warm server for all tests of the recorder, and a small data set in place of MNIST."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import dataset_fingerprints
from grader.recorder.host import Recorded, Recorder
from grader.recorder.shown_data import DataHandler
from grader.recorder.trainings import TrainingHandler
from grader.records import Cell, Silence
from grader.sandbox.contract import Limits
from grader.sandbox.warm import WarmServer
from grader.training.service import TrainingService
from grader.training.spec import DataPool, Runtime, TrainingStore

Record = Callable[..., Recorded]


def small_mnist() -> Dataset:
    """400 training and 100 test images of ten bright bars each in a place of its own, with noise."""
    random = np.random.default_rng(7)
    labels = np.arange(500) % 10
    images = random.integers(0, 60, (500, 28, 28))
    for row, label in enumerate(labels):
        images[row, 2 * label + 4] = 255
    x, y = images.astype(np.uint8), labels.astype(np.uint8)
    return Dataset("mnist", x[:400], y[:400], x[400:], y[400:], "made for a test", "0" * 64, True)


@dataclass
class Bench:
    """A warm server with stores of its own."""

    server: WarmServer
    folder: Path
    service: TrainingService
    pool: DataPool

    def record(self, *sources: str, **more: Any) -> Recorded:
        """The recording of code cells with these sources."""
        return self.recorded_with_desk(*sources, **more)[0]

    def recorded_with_desk(
        self,
        *sources: str,
        effort: str = "full",
        file: str = "notebook.ipynb",
        files: Any = (),
        redraw: int = 0,
        **limits: Any,
    ) -> tuple[Recorded, TrainingHandler]:
        """The same, with the desk that answered its trainings."""
        cells = [
            Cell(index=at, kind="code", source=source, file=file, number=at + 1) for at, source in enumerate(sources)
        ]
        data = DataHandler(
            self.pool,
            lambda name: small_mnist() if name == "mnist" else None,
            lambda dataset: dataset_fingerprints(dataset, self.folder),
        )
        desk = TrainingHandler(self.service, self.pool, data, effort)
        student = self.server.student(Limits(**limits))
        return Recorder(cells, desk, data, self.pool, Silence(), files).record(student, effort, 2, redraw=redraw), desk


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One warm server, shared by the session's tests."""
    folder = tmp_path_factory.mktemp("bench")
    with WarmServer() as server:
        pool = DataPool()
        runtime = Runtime("cpu", 2, ())
        service = TrainingService(
            TrainingStore(folder / "trainings"), lambda most: server.trainer({}, most), pool, runtime
        )
        yield Bench(server, folder, service, pool)
        service.close()


@pytest.fixture(scope="session")
def record(bench: Bench) -> Record:
    """Records code cells."""
    return bench.record
