"""Rows of data as arrays: what stands for an array, which of its rows an effort keeps, and its digest.

Host and sandbox work out alike which rows are kept, from the number of rows alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grader.sandbox.frames import Array

SEED = 20_230_511
"""Of every draw that is the same each time a hand-in is graded."""
_FEWEST = 256
"""Below it a tenth of the rows would be a handful of batches, from which no model learns anything."""
SAMPLE_ROWS = 2_000
"""Rows sent to the host for recognising data that are only evaluated or predicted on."""
TRAIN_ONE_IN = {"glance": 100, "quick": 10, "full": 1}
VALIDATION_ONE_IN = {"glance": 50, "quick": 5, "full": 1}


@dataclass(frozen=True)
class Framework:
    """What a deep-learning framework's own folder says of it to those parts of the probe that know none."""

    seed: Callable[[int], None]
    """Begins its random numbers anew."""
    row_values: Callable[[object], object]
    """A tensor that is given as rows of data, as an array; `None` for anything else."""
    returned_values: Callable[[object], object]
    """A tensor that a function gave back, as an array; `None` for anything else."""
    class_named: Callable[[str], object] = lambda name: None
    """Its public class of that name, such as a layer's; `None` where it has none."""


FRAMEWORKS: list[Framework] = []
"""Those that this process has loaded, entered as it begins its job; the host, which reads this module too, has none."""


def effort_rows(rows: int, one_in: int) -> NDArray[np.int64]:
    """Indices, ascending, of a seeded one-in-`one_in` share of `rows`; never fewer than 256 where there are so many."""
    wanted = max(-(-rows // one_in), min(rows, _FEWEST))
    if wanted >= rows:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED + rows).choice(rows, wanted, replace=False))


def sample_rows(rows: int) -> NDArray[np.int64]:
    """Indices, ascending, of the rows shown to the host for recognition: at most `SAMPLE_ROWS`."""
    if rows <= SAMPLE_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED + rows).choice(rows, SAMPLE_ROWS, replace=False))


def as_array(value: object) -> Array | None:
    """`value` as a framework would take it; `None` when it is not one plain array with at least one axis.

    Lists of numbers, tables (what has `to_numpy`) and tensors of this process's frameworks are arrays too.
    """
    if isinstance(value, list | tuple):
        if not value or isinstance(value[0], np.ndarray):
            return None
        value = np.asarray(value)
    elif hasattr(value, "to_numpy"):
        value = value.to_numpy()
    elif not isinstance(value, np.ndarray):
        tensors = (framework.row_values(value) for framework in FRAMEWORKS)
        value = next((tensor for tensor in tensors if tensor is not None), None)
    if not isinstance(value, np.ndarray) or value.ndim == 0 or value.dtype.kind not in "fiub":
        return None
    return value


def take_rows(array: Array, rows: NDArray[np.int64]) -> Array:
    """`rows` of `array`, floats in single precision as frameworks cast them."""
    part = array if len(rows) == len(array) else array[rows]
    return np.ascontiguousarray(part, dtype=np.float32 if part.dtype.kind == "f" else None)


def digest(array: Array) -> str:
    """SHA-256 (hex) over dtype, shape and C-order bytes: the question under which the host may know an array."""
    found = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    found.update(array.data.cast("B") if array.size else b"")
    return found.hexdigest()


def joint_digest(arrays: Sequence[Array]) -> str:
    """SHA-256 (hex) over the digests of `arrays`: the name under which the host may know a model's weights."""
    names = ",".join(f'"{digest(array)}"' for array in arrays)
    return hashlib.sha256(f"[{names}]".encode()).hexdigest()
