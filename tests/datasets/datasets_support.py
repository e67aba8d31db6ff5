"""Small data sets for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grader.datasets.dataset import Dataset, arrays_digest, checked_arrays

SHARED = Path(__file__).parents[2] / "../shared/datasets"


def small_arrays(seed: int = 0, train: int = 400, test: int = 150) -> dict[str, np.ndarray]:
    """MNIST-shaped random images whose rows differ in their range, with random labels."""
    random = np.random.default_rng(seed)
    arrays = {}
    for split, rows in (("train", train), ("test", test)):
        peaks = random.integers(200, 256, (rows, 1, 1))
        images = random.integers(0, 256, (rows, 28, 28)) * peaks // 255
        arrays[f"x_{split}"] = images.astype(np.uint8)
        arrays[f"y_{split}"] = random.integers(0, 10, rows).astype(np.uint8)
    return arrays


def dataset_of(name: str, arrays: dict[str, np.ndarray]) -> Dataset:
    checked = checked_arrays(name, arrays, "test")
    return Dataset(name=name, source="test", digest=arrays_digest(checked), standin=False, **checked)
