"""A data set: what it must declare to be found, which ones are known by name, and one at hand with its arrays.

`grader/datasets/image_sets.py` declares the image sets that Keras loads by name, and `grader/datasets/table.py` is for
tables in files. A package declares its own by the entry point `labgrade.datasets`, a teacher needs no declaration at
all: a file `NAME.npz` in a data folder is a data set, and a rubric may name it (docs/datasets.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from grader import datasets
from grader.datasets.array_files import npz_arrays
from grader.errors import UserError
from grader.extensions import built_in_extensions, installed_extensions
from grader.facts.datasets import ARRAY_NAMES
from grader.records import Array

GROUP = "labgrade.datasets"
"""The entry point of a package that brings a data set: the name of an object of class `Declaration`."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What a data set may be called. Names come from rubrics and from students' code, and become names of files."""
Indices: TypeAlias = NDArray[np.int64]
"""Rows of a data set: training rows first, then test rows."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set at hand, split into rows to train on and rows to test with. All arrays hold numbers and are read-only.

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


@dataclass(frozen=True)
class Standin:
    """Arrays in place of a data set that is not at hand, made when they are needed."""

    make: Callable[[], dict[str, Array]]
    made_of: str
    """As the report words it: `scikit-learn's digits`."""
    recipe: int
    """Raised whenever the arrays change."""


@dataclass(frozen=True)
class Declaration:
    """A data set that labgrade knows by name. This class is one in a file of arrays; others say more."""

    name: str
    """As a rubric and `--name` spell it: letters, digits, `-` and `_`."""
    title: str
    """As the report words it."""

    @property
    def files(self) -> tuple[str, ...]:
        """Names of files in a data folder that may hold it, the likeliest first."""
        return (f"{self.name}.npz",)

    @property
    def rows(self) -> tuple[int, int] | None:
        """Training and test rows of the complete data set, where it is a public one."""
        return None

    @property
    def classes(self) -> int:
        """How many classes the targets are of; 0 where the targets themselves tell, or are numbers."""
        return 0

    def read(self, path: Path) -> dict[str, Array]:
        """The four arrays in the file at `path`, checked and read-only. Raises `UserError`."""
        return self.check(npz_arrays(path), str(path))

    def check(self, arrays: Mapping[str, Array], origin: str) -> dict[str, Array]:
        """`arrays` with shapes and types put right, read-only. Raises `UserError` that names `origin`."""
        return check_arrays(arrays, origin)

    def source_files(self) -> tuple[Path, ...]:
        """Files outside the data folders that hold it together: what another program left, or a package brings."""
        return ()

    def source_arrays(self) -> dict[str, Array] | None:
        """The arrays in `source_files`; `None` where they are not whole. Raises `UserError` for a wrong file."""
        return None

    @property
    def source_words(self) -> str:
        """Whose files those are, as the report words it: `from Keras' cache`."""
        return ""

    def download(self, notes: Path) -> dict[str, Array] | None:
        """The arrays from the network; `None` where they cannot be had. `notes` is a folder for marks of failure."""
        return None

    def standin(self) -> Standin | None:
        """What may stand in for it; `None` where nothing can."""
        return None


@cache
def _built_in() -> tuple[Declaration, ...]:
    """What the modules of this room declare as `DATASETS`: whoever adds one adds its file, and edits no list."""
    return tuple(declared for found in built_in_extensions(datasets, "DATASETS", tuple) for declared in found)


def declarations() -> dict[str, Declaration]:
    """All declared data sets by name, labgrade's own first.

    Raises `UserError` for a package's that cannot be loaded, has no usable name, or bears the name of another.
    """
    found: dict[str, Declaration] = {}
    for declared in (*_built_in(), *installed_extensions(GROUP, Declaration)):
        if not NAME.fullmatch(declared.name):
            raise UserError(f"a package brings a data set called {declared.name!r}: use letters, digits, '-' and '_'.")
        if declared.name in found:
            raise UserError(f"a package brings a data set called {declared.name!r}, and there is one already.")
        found[declared.name] = declared
    return found


def is_declared(name: str) -> bool:
    """Whether labgrade, or an installed package, knows a data set of that name."""
    return name in declarations()


def declaration(name: str) -> Declaration:
    """The declaration of `name`; of a name that nobody declared, a file `NAME.npz` in a data folder.

    Raises `UserError` for what cannot be a name.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"{name!r} is no name of a data set: use letters, digits, '-' and '_'.")
    return declarations().get(name) or Declaration(name, name)


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
