"""Data sets under the names of the real ones, small enough that every training takes a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

_TRAIN, _TEST = 300, 100
"""Rows: from 256 on an effort leaves all of them, so that a glance and a whole training see the same."""


def write_small_data(folder: Path) -> Path:
    """Write `mnist.npz` and `cifar10.npz` into `folder`, and give the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "mnist.npz", **_bars((28, 28), 11))
    np.savez(folder / "cifar10.npz", **_bars((32, 32, 3), 12))
    return folder


def _bars(shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Images of ten bright bars, a row each, in noise: what every network learns in a few epochs."""
    random = np.random.default_rng(seed)
    labels = (np.arange(_TRAIN + _TEST) % 10).astype(np.uint8)
    images = random.integers(0, 70, (len(labels), *shape)).astype(np.uint8)
    images[np.arange(len(labels)), 2 * labels.astype(int) + 5] = 240
    targets = labels.reshape(-1, 1) if len(shape) == 3 else labels
    return {
        "x_train": images[:_TRAIN],
        "y_train": targets[:_TRAIN],
        "x_test": images[_TRAIN:],
        "y_test": targets[_TRAIN:],
    }
