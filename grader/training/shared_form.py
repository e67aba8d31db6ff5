"""One form for trainings that are the same in all but appearance, so that more groups share them.

A Flatten before anything else only renames the pixels: 28x28 images, 28x28x1 images and rows of 784 numbers then train
alike, and get the same numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.training.canonical import plain


def without_leading_flatten(architecture: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The canonical architecture on flat rows, and whether its data are to be flattened too."""
    layers = architecture["config"]["layers"]
    if architecture["class_name"] != "Sequential" or len(layers) < 3:
        return architecture, False
    entry, flatten = layers[0], layers[1]
    shape = entry["config"].get("batch_shape") if entry["class_name"] == "InputLayer" else None
    plain_order = flatten["config"].get("data_format", "channels_last") == "channels_last"
    if flatten["class_name"] != "Flatten" or not plain_order or not shape or None in shape[1:]:
        return architecture, False
    width = math.prod(shape[1:])
    kept = [plain("InputLayer", {**entry["config"], "batch_shape": [None, width]}), *layers[2:]]
    renamed = [{**layer, "config": {**layer["config"], "name": f"layer_{at}"}} for at, layer in enumerate(kept)]
    return plain("Sequential", {**architecture["config"], "layers": renamed}), True


def flat_rows(array: NDArray[Any]) -> NDArray[Any]:
    """`array` (n, ...) as (n, width), C order."""
    return array.reshape(len(array), -1)


def plain_labels(array: NDArray[Any]) -> NDArray[Any]:
    """Whole-number labels in one type, whatever the student kept them in."""
    return array.astype(np.int64) if array.dtype.kind in "iub" else array
