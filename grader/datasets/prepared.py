"""A data set's own test rows, prepared the way a student prepared theirs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import Indices
from grader.datasets.layouts import LayoutName, PixelLayout, pixel_layouts
from grader.errors import LabgradeError


def prepared_test_set(
    dataset: Dataset, scale: float, offset: float, shape: tuple[int, ...], layout: LayoutName | None = None
) -> tuple[NDArray[np.float32], Indices]:
    """The test images as `scale * original + offset`, (rows, *shape) float32, and their class numbers (rows,).

    `scale`, `offset`, `shape` and `layout` are what `identify` found; without `layout` the likeliest for the shape is
    taken. Raises `LabgradeError` when images of this data set cannot be brought into `shape`.
    """
    image = dataset.x_test.shape[1:]
    layouts: tuple[PixelLayout, ...] = pixel_layouts(image, shape)
    chosen = next((candidate for candidate in layouts if layout in (None, candidate.name)), None)
    if chosen is None:
        raise LabgradeError(f"{dataset.name}: images of shape {image} cannot be given the shape {shape}")
    rows = dataset.x_test.reshape(len(dataset.x_test), -1).astype(np.float32)
    prepared = (rows * np.float32(scale) + np.float32(offset)).astype(np.float32)
    return chosen.shaped(prepared, offset), dataset.y_test.reshape(-1).astype(np.int64)
