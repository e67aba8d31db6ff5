"""A data set at hand: its arrays, and where they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from grader.errors import UserError
from grader.facts.datasets import ARRAY_NAMES
from grader.records import Array

Indices: TypeAlias = NDArray[np.int64]
"""Rows of a data set: training rows first, then test rows."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, split into rows to train on and rows to test with. All arrays hold numbers and are read-only.

    An example is whatever a row of `x` holds: an image, the columns of a table, a sequence of tokens. A target is a
    class number, a number, or several numbers.
    """

    name: str
    x_train: Array
    """(rows, *example). Images are uint8, 0 to 255; the columns of a table are float32."""
    y_train: Array
    """(rows,), (rows, 1) or (rows, targets): whole numbers where they are classes, else float32."""
    x_test: Array
    y_test: Array
    source: str
    """Where it came from, in one line, as the report words it."""
    digest: str
    """SHA-256 over names, shapes, types and bytes of the four arrays."""
    standin: bool
    """Built from scikit-learn's samples because the real one was not at hand."""
    place: Path | None = None
    """The file or folder that it was read from."""
    declared_classes: int = 0
    """How many classes there are, where the declaration says so: a part of a set may lack the last ones."""

    @property
    def arrays(self) -> dict[str, Array]:
        """The four arrays by Keras' names."""
        return {name: getattr(self, name) for name in ARRAY_NAMES}

    @property
    def example(self) -> tuple[int, ...]:
        """Shape of one example."""
        return self.x_train.shape[1:]

    @property
    def train_rows(self) -> int:
        """Number of training rows."""
        return len(self.x_train)

    @property
    def has_classes(self) -> bool:
        """Whether the targets are class numbers: one whole number a row."""
        return self.y_train.dtype.kind in "iub" and self.y_train.size == len(self.y_train)

    @property
    def targets(self) -> Array:
        """Targets of the training rows, then of the test rows: class numbers (rows,) int64, or numbers (rows, targets)
        float32."""
        both = np.concatenate([self.y_train, self.y_test])
        if self.has_classes:
            return both.reshape(-1).astype(np.int64)
        return both.reshape(len(both), -1).astype(np.float32)

    @property
    def classes(self) -> int:
        """How many classes there are, as declared or as the highest class number tells; 0 where targets are numbers."""
        return max(int(self.targets.max()) + 1, self.declared_classes) if self.has_classes else 0

    @property
    def noun(self) -> str:
        """What its examples are called: `images`, or `rows` of anything else."""
        return "images" if self.is_bytes and len(self.example) in (2, 3) else "rows"

    @property
    def is_bytes(self) -> bool:
        """Whether an example is made of whole numbers from 0 to 255, as an image is."""
        return self.x_train.dtype == np.uint8


def arrays_digest(arrays: Mapping[str, Array]) -> str:
    """SHA-256 over names, shapes, types and bytes of `arrays`, as hex digits."""
    digest = hashlib.sha256()
    for name in ARRAY_NAMES:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.shape}:{array.dtype.str};".encode())
        digest.update(array.reshape(-1).data)
    return digest.hexdigest()


def check_arrays(arrays: Mapping[str, Array], origin: str) -> dict[str, Array]:
    """The four arrays of a data set of any kind, read-only.

    Raises `UserError`, naming `origin`, where one is missing, is empty or holds no numbers, or where the two splits
    differ in the shape of an example or of a target, or rows and targets in their number.
    """
    checked: dict[str, Array] = {}
    for name in ARRAY_NAMES:
        if name not in arrays:
            raise UserError(f"{origin} holds no array '{name}': save {', '.join(ARRAY_NAMES)} as Keras names them.")
        array = np.asarray(arrays[name])
        if array.dtype.kind not in "iufb" or array.ndim < 1 or not array.size:
            raise UserError(
                f"{origin}: {name} has shape {array.shape} and type {array.dtype}; expected rows of numbers."
            )
        checked[name] = read_only(array)
    check_rows(checked, origin)
    for part in ("x", "y"):
        shapes = checked[f"{part}_train"].shape[1:], checked[f"{part}_test"].shape[1:]
        if shapes[0] != shapes[1]:
            raise UserError(f"{origin}: a row of {part}_train has shape {shapes[0]}, one of {part}_test {shapes[1]}.")
    return checked


def check_rows(arrays: Mapping[str, Array], origin: str) -> None:
    """Raise `UserError`, naming `origin`, where examples and targets of a split differ in their number."""
    for split in ("train", "test"):
        if len(arrays[f"x_{split}"]) != len(arrays[f"y_{split}"]):
            raise UserError(f"{origin}: x_{split} and y_{split} differ in their number of rows.")


def read_only(array: Array) -> Array:
    """A view of `array`, C order, that cannot be written through."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
