"""The image sets that Keras loads by name: where each may lie, and what may stand in for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.datasets.array_files import image_file_arrays, keras_cache, keras_cache_arrays, keras_files
from grader.datasets.dataset import check_rows, read_only
from grader.datasets.declaration import Declaration, Standin
from grader.datasets.sources import download_files
from grader.datasets.standin import RECIPE, standin_arrays
from grader.errors import UserError
from grader.facts.datasets import ARRAY_NAMES, CIFAR10, IMAGE_SETS, LARGEST_PIXEL, MNIST, ImageSet
from grader.records import Array


@dataclass(frozen=True)
class KerasImages(Declaration):
    """Images of classes, as `keras.datasets` serves them: uint8, 0 to 255."""

    form: ImageSet

    @property
    def files(self) -> tuple[str, ...]:
        """Its npz file; for CIFAR-10 a part of it as well, which fits where the whole is too large to hand around."""
        return (*super().files, "cifar10_subset.npz") if self.name == CIFAR10 else super().files

    @property
    def rows(self) -> tuple[int, int]:
        """Training and test images of the complete set."""
        return self.form.rows

    @property
    def classes(self) -> int:
        """Classes of the complete set."""
        return self.form.classes

    def check(self, arrays: Mapping[str, Array], origin: str) -> dict[str, Array]:
        """Images (rows, *image) and class numbers (rows, *label), uint8 and read-only, from whole numbers of any type.

        Raises `UserError`, naming `origin`, when they are not those of such a set.
        """
        checked: dict[str, Array] = {}
        for name in ARRAY_NAMES:
            if name not in arrays:
                raise UserError(f"{origin} holds no array '{name}': save {', '.join(ARRAY_NAMES)} as Keras names them.")
            check = self._labels if name.startswith("y") else self._images
            checked[name] = check(np.asarray(arrays[name]), f"{origin}: {name}")
        check_rows(checked, origin)
        return checked

    def _images(self, array: Array, origin: str) -> Array:
        if array.ndim == len(self.form.image) + 2 and array.shape[-1] == 1:
            array = array[..., 0]
        if array.shape[1:] != self.form.image or not len(array) or array.dtype != np.uint8:
            raise UserError(
                f"{origin} has shape {array.shape} and type {array.dtype}; expected (rows, {self.form.image}) uint8, "
                f"0 to {LARGEST_PIXEL}."
            )
        return read_only(array)

    def _labels(self, array: Array, origin: str) -> Array:
        if array.dtype.kind not in "iu" or array.ndim not in (1, 2) or array.shape[1:] not in ((), (1,)):
            raise UserError(
                f"{origin} has shape {array.shape} and type {array.dtype}; expected whole class numbers, one a row."
            )
        if not len(array) or array.min() < 0 or array.max() >= self.form.classes:
            raise UserError(f"{origin} must hold class numbers from 0 to {self.form.classes - 1}.")
        return read_only(array.reshape(-1, *self.form.label).astype(np.uint8))

    def source_files(self) -> tuple[Path, ...]:
        """What Keras left in its own cache."""
        return keras_files(self.name, keras_cache())

    def source_arrays(self) -> dict[str, Array] | None:
        """The arrays in Keras' cache; `None` where they are not there or not whole."""
        found = keras_cache_arrays(self.name, keras_cache())
        return self._checked_or_none(found, "Keras' cache")

    @property
    def source_words(self) -> str:
        """Whose files those are."""
        return "from Keras' cache"

    def download(self, notes: Path) -> dict[str, Array] | None:
        """The arrays from the address that Keras uses; `None` where they cannot be had."""
        files = download_files(self.name, notes)
        found = image_file_arrays(self.name, files) if files is not None else None
        return self._checked_or_none(found, "the download")

    def _checked_or_none(self, arrays: Mapping[str, Array] | None, origin: str) -> dict[str, Array] | None:
        try:
            return None if arrays is None else self.check(arrays, origin)
        except UserError:
            return None

    def standin(self) -> Standin | None:
        """Digits of scikit-learn's, for MNIST and CIFAR-10."""
        if self.name not in (MNIST, CIFAR10):
            return None
        made_of = "scikit-learn's digits" if self.name == MNIST else "scikit-learn's digits over its sample photographs"
        return Standin(lambda: standin_arrays(self.name), made_of, RECIPE)


DATASETS = tuple(KerasImages(name, form.title, form) for name, form in IMAGE_SETS.items())
