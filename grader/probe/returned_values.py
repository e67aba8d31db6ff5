"""What a student's function gave back, as plain arrays and a description of them."""

from __future__ import annotations

import sys

import numpy as np

from grader.probe.descriptions import ArrayReturned, ItemsReturned, NothingReturned, OtherReturned, Returned
from grader.sandbox.frames import DTYPES, Array

_MOST_ITEMS = 8
_MOST_NAME = 60
_SHOWN_TEXT = 120


class Parcel:
    """Values on their way to the host: descriptions that point at arrays by number."""

    def __init__(self) -> None:
        self.arrays: list[Array] = []

    def pack(self, value: object, depth: int = 0) -> Returned:
        """Description of `value`: nothing, an array, the items of a tuple or list, or its type alone."""
        kind = _type_name(value)
        if value is None:
            return NothingReturned()
        array = _numbers(value)
        if array is not None:
            self.arrays.append(array)
            return ArrayReturned(array=len(self.arrays) - 1, type=kind)
        if isinstance(value, tuple | list) and depth < 2 and 0 < len(value) <= _MOST_ITEMS:
            return ItemsReturned(items=tuple(self.pack(item, depth + 1) for item in value), type=kind)
        return OtherReturned(type=kind, text=value[:_SHOWN_TEXT] if type(value) is str else "")

    @property
    def bytes(self) -> int:
        """Size of all arrays."""
        return sum(array.nbytes for array in self.arrays)


def _numbers(value: object) -> Array | None:
    """`value` as an array of the base class with a dtype that travels; `None` when it is not one array of numbers."""
    if isinstance(value, str | bytes | dict | set):
        return None
    if not isinstance(value, np.ndarray | np.generic | list | tuple | int | float | complex):
        value = _foreign_array(value)
        if value is None:
            return None
    try:
        array: Array | None = np.array(value, copy=True, subok=False)
        if array is not None and array.dtype == object:
            array = _from_objects(array)
    except (TypeError, ValueError, OverflowError):
        return None
    if array is None or array.dtype.kind not in "biufc":
        return None
    if array.dtype.itemsize > 16 or array.dtype.name not in DTYPES:
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return array


def _from_objects(array: Array) -> Array | None:
    """An array of Python objects as numbers, where each of them is one."""
    if any(isinstance(item, str | bytes | type(None)) for item in array.ravel()[:10_000].tolist()):
        return None
    if array.ndim == 0 and not isinstance(array.item(), int | float | complex | np.generic):
        return None
    return array.astype(np.float64)


def _foreign_array(value: object) -> object:
    """Tensors and tables as arrays; `None` for anything else."""
    module = type(value).__module__.split(".")[0]
    if module in ("tensorflow", "keras", "torch", "jax", "jaxlib") and hasattr(value, "numpy"):
        return value.numpy()
    if module in ("tensorflow", "keras") and "numpy" in sys.modules:
        return np.asarray(value)
    if module == "pandas" and hasattr(value, "to_numpy"):
        return value.to_numpy()
    return None


def _type_name(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"[:_MOST_NAME]
