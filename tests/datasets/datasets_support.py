"""Small data sets for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grader.datasets.array_files import arrays_digest
from grader.datasets.dataset import Dataset, declaration

SHARED = Path(__file__).parents[2] / "../shared/datasets"


def small_arrays(seed: int = 0, train: int = 400, test: int = 150) -> dict[str, np.ndarray]:
    """MNIST-arrange random images whose rows differ in their range, with random labels."""
    random = np.random.default_rng(seed)
    arrays = {}
    for split, rows in (("train", train), ("test", test)):
        peaks = random.integers(200, 256, (rows, 1, 1))
        images = random.integers(0, 256, (rows, 28, 28)) * peaks // 255
        arrays[f"x_{split}"] = images.astype(np.uint8)
        arrays[f"y_{split}"] = random.integers(0, 10, rows).astype(np.uint8)
    return arrays


def dataset_of(name: str, arrays: dict[str, np.ndarray]) -> Dataset:
    checked = declaration(name).check(arrays, "test")
    return Dataset(name=name, source="test", digest=arrays_digest(checked), standin=False, **checked)


def table_file(path: Path, rows: int = 100, seed: int = 0) -> Path:
    """A table of houses, whose price follows from size, rooms and age."""
    random = np.random.default_rng(seed)
    size, rooms, age = random.integers(30, 300, rows), random.integers(1, 9, rows), random.random(rows) * 90
    lines = [f"{s},{r},{a:.3f},{2 * s + 10 * r - a + 5:.3f}" for s, r, a in zip(size, rooms, age, strict=True)]
    path.write_text("\n".join(["size,rooms,age,price", *lines, ""]))
    return path
