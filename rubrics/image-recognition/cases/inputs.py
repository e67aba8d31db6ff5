"""What the functions of questions 20 to 25 take: what students call it, and seeded numbers to try it with.

An image or feature map has the shape (height, width, channels) here; other layouts are translated. Inputs are drawn
from seeded generators, so that everybody gets the same.
"""

from __future__ import annotations

import numpy as np


IMAGE = ("image", "img", "input", "inp", "x", "picture", "photo", "matrix", "data", "volume", "a", "bild", "imagen", "in")
FEATURE_MAP = (*IMAGE, "fmap", "feature_map", "featuremap", "input_map", "inputmap", "maps", "feature", "features", "array")


def drawn(seed: int, *shape: int, low: float = -3.0, high: float = 3.0) -> np.ndarray:
    """Numbers between `low` and `high`, to two decimals so that a report can show them."""
    return np.round(np.random.default_rng(seed).uniform(low, high, shape), 2)


def whole(seed: int, *shape: int, low: int = -9, high: int = 10) -> np.ndarray:
    """Whole numbers from `low` up to, but not, `high`."""
    return np.random.default_rng(seed).integers(low, high, shape)
