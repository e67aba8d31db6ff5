"""Which rows a budget of effort keeps. Host and sandbox work them out alike, from the number of rows alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SEED = 20_230_511
_FEWEST = 256
SAMPLE_ROWS = 2_000
"""Rows sent to the host for recognising data that are only evaluated or predicted on."""


def kept_rows(rows: int, one_in: int) -> NDArray[np.int64]:
    """Indices, ascending, of a seeded one-in-`one_in` share of `rows`; never fewer than 256 where there are so many."""
    wanted = max(-(-rows // one_in), min(rows, _FEWEST))
    if wanted >= rows:
        return np.arange(rows)
    return np.sort(np.random.default_rng(_SEED + rows).choice(rows, wanted, replace=False))


def sample_rows(rows: int) -> NDArray[np.int64]:
    """Indices, ascending, of the rows shown to the host for recognition: at most `SAMPLE_ROWS`."""
    if rows <= SAMPLE_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(_SEED + rows).choice(rows, SAMPLE_ROWS, replace=False))


TRAIN_ONE_IN = {"glance": 100, "quick": 10, "full": 1}
VALIDATION_ONE_IN = {"glance": 50, "quick": 5, "full": 1}
