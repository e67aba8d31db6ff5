"""The image sets that Keras loads by name: where each may lie, and what stands in for MNIST and CIFAR-10.

Stand-ins are made of the samples that scikit-learn ships. The digits are its copy of the UCI Optical Recognition of
Handwritten Digits set (8x8 pixels), scaled up and moved about. For colour they are blended over photographs, the way
MNIST-M was made (Ganin and Lempitsky, 2015). No original digit and no part of a photograph serves both training and
test rows. All arithmetic on pixels is done in whole numbers, and random numbers come from NumPy's frozen legacy stream,
so that every machine makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from grader.datasets.array_files import image_file_arrays, keras_cache, keras_cache_arrays, keras_files
from grader.datasets.dataset import Declaration, Standin, check_rows, read_only
from grader.datasets.sources import download_files
from grader.errors import UserError
from grader.facts.datasets import ARRAY_NAMES, CIFAR10, IMAGE_SETS, LARGEST_PIXEL, MNIST, ImageSet
from grader.records import Array

Bytes: TypeAlias = NDArray[np.uint8]

RECIPE = 1
"""Raised whenever the stand-ins' bytes change."""

_SEED = 20_240_501
_TEST_ORIGINALS_PER_CLASS = 30
_AGREEING_NEIGHBOURS = 5
_FINE = 8
"""Field pixels per pixel of an original digit."""
_FIELD = 10 * _FINE
"""Side of the field: 8 pixels of an original and an empty one on either side."""
_ONE = 1 << 12
"""1.0 in the fixed-point numbers of the affine maps."""
_CHUNK = 2_000


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


@dataclass(frozen=True)
class Jitter:
    """How far the digits are moved about; each value is the half-width of a uniform distribution."""

    rotation: float = 0.15
    """Radians."""
    shear: float = 0.15
    stretch: float = 0.10
    """Relative, for each axis."""
    shift: float = 0.9
    """Pixels of a 28-pixel image."""
    threshold: tuple[int, int] = (50, 120)
    """Ink level (0 to 255) at which a stroke begins: low is thick."""
    gain: tuple[int, int] = (2, 6)
    """Steepness of a stroke's edge."""


def standin_arrays(name: str) -> dict[str, Array]:
    """The four arrays of the stand-in for `name`, MNIST or CIFAR-10, under Keras' names."""
    return {MNIST: _grey_arrays, CIFAR10: _colour_arrays}[name]()


def _grey_arrays(jitter: Jitter = Jitter()) -> dict[str, Array]:
    rows = IMAGE_SETS[MNIST].rows
    arrays: dict[str, Array] = {}
    for split, (images, labels) in _digits(rows, 28, jitter).items():
        arrays[f"x_{split}"], arrays[f"y_{split}"] = images, labels
    return arrays


def _colour_arrays(jitter: Jitter = Jitter()) -> dict[str, Array]:
    rows = IMAGE_SETS[CIFAR10].rows
    random = np.random.RandomState(_SEED + 2)
    from sklearn.datasets import load_sample_images  # takes a second to load, and most runs need none of it

    photographs = np.stack(load_sample_images().images).astype(np.uint8)
    middle = photographs.shape[2] // 2
    halves = {"train": photographs[:, :, :middle], "test": photographs[:, :, middle:]}
    arrays: dict[str, Array] = {}
    for split, (images, labels) in _digits(rows, 32, jitter).items():
        arrays[f"x_{split}"] = _blended(images, halves[split], random)
        arrays[f"y_{split}"] = labels.reshape(-1, 1)
    return arrays


def _blended(digits: Bytes, photographs: Bytes, random: np.random.RandomState) -> Bytes:
    """Digits (rows, side, side) over random patches of photographs: the absolute difference, channel by channel."""
    side = digits.shape[1]
    windows = sliding_window_view(photographs, (side, side), axis=(1, 2))
    which = random.randint(0, windows.shape[0], len(digits))
    top = random.randint(0, windows.shape[1], len(digits))
    left = random.randint(0, windows.shape[2], len(digits))
    blended = np.empty((len(digits), side, side, 3), np.uint8)
    for start in range(0, len(digits), _CHUNK):
        part = slice(start, start + _CHUNK)
        patch = windows[which[part], top[part], left[part]].transpose(0, 2, 3, 1)
        ink = digits[part, :, :, None]
        blended[part] = np.maximum(patch, ink) - np.minimum(patch, ink)
    return blended


def _digits(rows: tuple[int, int], side: int, jitter: Jitter) -> dict[str, tuple[Bytes, Bytes]]:
    """Images (rows, side, side) and labels (rows,) for `train` and `test`."""
    random = np.random.RandomState(_SEED)
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    originals = pixels.astype(np.int64)
    fields = _fields(originals.reshape(-1, 8, 8))
    test = _test_originals(originals, classes, random)
    digits: dict[str, tuple[Bytes, Bytes]] = {}
    for split, which, count in (("train", np.flatnonzero(~test), rows[0]), ("test", np.flatnonzero(test), rows[1])):
        # every original appears equally often, give or take one
        order = np.resize(which, count)[random.permutation(count)]
        digits[split] = (_moved(fields, order, side, jitter, random), classes[order].astype(np.uint8))
    return digits


def _test_originals(
    originals: NDArray[np.int64], classes: NDArray[np.int64], random: np.random.RandomState
) -> NDArray[np.bool_]:
    """Which originals (n, 64) serve as test rows: some of each class, all of them plain to their nearest neighbours.

    With so few originals a doubtful one would put a lower bound under every error rate that MNIST does not have.
    """
    squares = (originals**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * (originals @ originals.T)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, 1 : _AGREEING_NEIGHBOURS + 1]
    plain = (classes[nearest] == classes[:, None]).all(axis=1)
    test = np.zeros(len(classes), bool)
    for digit in range(10):
        test[random.permutation(np.flatnonzero((classes == digit) & plain))[:_TEST_ORIGINALS_PER_CLASS]] = True
    return test


def _fields(originals: NDArray[np.int64]) -> Bytes:
    """Originals (n, 8, 8) from 0 to 16 as smooth fields (n, field, field) from 0 to 255, by cubic interpolation."""
    # Keys' cubic convolution with a = -1/2, its weights in 1/4096
    position = (np.arange(_FIELD) + 0.5) / _FINE - 1.5
    distance = np.abs(position[:, None] - np.arange(8)[None, :])
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
    spread = np.rint(weights * _ONE).astype(np.int64)
    rows = np.einsum("fi,nij->nfj", spread, originals)
    fine = np.einsum("nfj,gj->nfg", rows, spread)
    field: Bytes = np.clip(fine * 255 // (16 * _ONE * _ONE), 0, 255).astype(np.uint8)
    field[:, [0, -1]] = 0
    field[:, :, [0, -1]] = 0
    return field


def _moved(fields: Bytes, order: NDArray[np.int64], side: int, jitter: Jitter, random: np.random.RandomState) -> Bytes:
    """One image (side, side) for each number of `order`, each with its own affine map and stroke."""
    count = len(order)
    maps = _maps(count, side, jitter, random)
    threshold = random.randint(*jitter.threshold, count).astype(np.int32)
    gain = random.randint(*jitter.gain, count).astype(np.int32)
    images = np.empty((count, side, side), np.uint8)
    flat = fields.reshape(-1)
    steps = np.arange(side, dtype=np.int32)
    for start in range(0, count, _CHUNK):
        part = slice(start, start + _CHUNK)
        a, b, c, d, e, f = (column[:, None, None] for column in maps[:, part])
        down, across = steps[None, :, None], steps[None, None, :]
        row = np.clip((a * down + b * across + e) // _ONE, 0, _FIELD - 1)
        column = np.clip((c * down + d * across + f) // _ONE, 0, _FIELD - 1)
        ink = flat[order[part, None, None].astype(np.int32) * (_FIELD * _FIELD) + row * _FIELD + column]
        images[part] = _stroke(ink, threshold[part, None, None], gain[part, None, None])
    return images


def _stroke(ink: Bytes, threshold: NDArray[np.int32], gain: NDArray[np.int32]) -> Bytes:
    """Ink with a black ground and white strokes, the lightest pixel of each image at 255."""
    raised = np.clip((ink - threshold) * gain, 0, 255)
    peak = np.maximum(raised.max(axis=(1, 2), keepdims=True), 1)
    stroke: Bytes = (raised * 255 // peak).astype(np.uint8)
    return stroke


def _maps(count: int, side: int, jitter: Jitter, random: np.random.RandomState) -> NDArray[np.int32]:
    """Fixed-point affine maps from image to field, (6, count): a, b, c, d, e, f.

    Field row = a * image row + b * image column + e; field column = c * image row + d * image column + f.
    """

    def around(width: float) -> NDArray[np.float64]:
        return width * (2.0 * random.random_sample(count) - 1.0)

    # in MNIST a digit fills 20 of 28 pixels; here its 8 pixels do
    pitch = _FINE * 8 / (20 * side / 28)
    angle, shear = around(jitter.rotation), around(jitter.shear)
    tall, wide = pitch * (1 + around(jitter.stretch)), pitch * (1 + around(jitter.stretch))
    a, b = np.cos(angle) * tall, np.sin(angle) * tall
    c, d = (shear * np.cos(angle) - np.sin(angle)) * wide, (np.cos(angle) + shear * np.sin(angle)) * wide
    centre = (side - 1) / 2
    e = _FIELD / 2 - (a + b) * centre + pitch * around(jitter.shift * side / 28)
    f = _FIELD / 2 - (c + d) * centre + pitch * around(jitter.shift * side / 28)
    return np.rint(np.stack([a, b, c, d, e, f]) * _ONE).astype(np.int32)


DATASETS = tuple(KerasImages(name, form.title, form) for name, form in IMAGE_SETS.items())
