"""A data set at hand, and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from grader.errors import UserError

Bytes: TypeAlias = NDArray[np.uint8]

ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")
"""The names that Keras uses in `mnist.npz`."""


@dataclass(frozen=True)
class Layout:
    """How one data set's arrays look."""

    image: tuple[int, ...]
    """Shape of one image."""
    label: tuple[int, ...]
    """Shape of one label: `()` for MNIST, `(1,)` for CIFAR, as Keras serves them."""
    classes: int
    rows: tuple[int, int]
    """Training and test rows of the complete data set."""


LAYOUTS = {
    "mnist": Layout((28, 28), (), 10, (60_000, 10_000)),
    "fashion_mnist": Layout((28, 28), (), 10, (60_000, 10_000)),
    "cifar10": Layout((32, 32, 3), (1,), 10, (50_000, 10_000)),
    "cifar100": Layout((32, 32, 3), (1,), 100, (50_000, 10_000)),
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as `load_data` serves it. All arrays are uint8 and read-only."""

    name: str
    x_train: Bytes
    """(rows, *image), 0 to 255."""
    y_train: Bytes
    """(rows, *label): class numbers."""
    x_test: Bytes
    y_test: Bytes
    source: str
    """Where it came from, in one line, as the report words it."""
    digest: str
    """SHA-256 over names, shapes and bytes of the four arrays."""
    standin: bool
    """Built from scikit-learn's samples because the real one was not at hand."""
    place: Path | None = None
    """The file or folder that it was read from."""

    @property
    def arrays(self) -> dict[str, Bytes]:
        """The four arrays by Keras' names."""
        return {name: getattr(self, name) for name in ARRAY_NAMES}

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class numbers of the training rows, then of the test rows, as one flat array."""
        return np.concatenate([self.y_train.reshape(-1), self.y_test.reshape(-1)]).astype(np.int64)


def arrays_digest(arrays: Mapping[str, Bytes]) -> str:
    """SHA-256 over names, shapes and bytes of `arrays`, as hex digits."""
    digest = hashlib.sha256()
    for name in ARRAY_NAMES:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.shape}:{array.dtype.str};".encode())
        digest.update(array.reshape(-1).data)
    return digest.hexdigest()


def checked_arrays(name: str, arrays: Mapping[str, NDArray[Any]], origin: str) -> dict[str, Bytes]:
    """The four arrays of data set `name` with shapes and types put right, read-only.

    Raises `UserError`, naming `origin`, when they are not those of such a data set.
    """
    layout = LAYOUTS[name]
    checked: dict[str, Bytes] = {}
    for array_name in ARRAY_NAMES:
        if array_name not in arrays:
            raise UserError(
                f"{origin} holds no array '{array_name}': save {', '.join(ARRAY_NAMES)} as Keras names them."
            )
        array = np.asarray(arrays[array_name])
        label = array_name.startswith("y")
        checked[array_name] = (_labels if label else _images)(array, layout, f"{origin}: {array_name}")
    for split in ("train", "test"):
        if len(checked[f"x_{split}"]) != len(checked[f"y_{split}"]):
            raise UserError(f"{origin}: x_{split} and y_{split} differ in their number of rows.")
    return checked


def _images(array: NDArray[Any], layout: Layout, origin: str) -> Bytes:
    if array.ndim == len(layout.image) + 2 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.shape[1:] != layout.image or not len(array) or array.dtype != np.uint8:
        raise UserError(
            f"{origin} has shape {array.shape} and type {array.dtype}; expected (rows, {layout.image}) uint8."
        )
    return _read_only(array)


def _labels(array: NDArray[Any], layout: Layout, origin: str) -> Bytes:
    if array.dtype.kind not in "iu" or array.ndim not in (1, 2) or array.shape[1:] not in ((), (1,)):
        raise UserError(
            f"{origin} has shape {array.shape} and type {array.dtype}; expected whole class numbers, one a row."
        )
    if not len(array) or array.min() < 0 or array.max() >= layout.classes:
        raise UserError(f"{origin} must hold class numbers from 0 to {layout.classes - 1}.")
    return _read_only(array.reshape(-1, *layout.label).astype(np.uint8))


def _read_only(array: NDArray[Any]) -> Bytes:
    owned = np.ascontiguousarray(array)
    view = owned.view()
    view.flags.writeable = False
    return view
