"""Fingerprints of a data set's rows, which stay the same however a student lays images out or scales them.

An image is stretched to 0..255 by its own least and largest value and rounded; the fingerprint is a linear hash of
those bytes. Dividing by 255, centring, standardising by one mean and deviation, reshaping and changing the type
leave it as it is; a negative image is looked up as the negative of what was given.

The columns of a table have each a range of its own, so that stretching a row would leave little but its largest
column: rows of anything but bytes are hashed as they are, in single precision, as Keras casts what it is given.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from grader.datasets.dataset import Dataset, Indices
from grader.records import Array

Bytes: TypeAlias = NDArray[np.uint8]

LayoutName: TypeAlias = Literal["rows", "channels_first", "grey_as_colour", "padded"]
"""`rows`: the original order of the pixels under any shape; `channels_first`: colour moved to the front;
`grey_as_colour`: a grey image three times; `padded`: 28x28 with a border to 32x32."""

_VERSION = 1
_ROUNDING = 0.499
"""Not one half: a row's values are fractions k / range with range <= 255, of which none comes near 1 - 0.499, so that
the float errors of a student's own scaling cannot tip the rounding."""
_CHUNK = 2_000
_PADDED = 32
"""Side to which images of 28 pixels are padded, as LeNet-5 takes them."""


def stretch_rows(rows: Array) -> tuple[Bytes, NDArray[np.bool_]]:
    """Rows (n, d) stretched to 0..255 each, and which of them can be (finite, and not of one value throughout)."""
    values = rows.astype(np.float32) if rows.dtype.kind in "iub" or rows.dtype == np.float16 else rows
    least = values.min(axis=1, keepdims=True)
    span = values.max(axis=1, keepdims=True) - least
    with np.errstate(all="ignore"):
        usable = np.isfinite(span[:, 0]) & (span[:, 0] > 0)
        span[~usable] = 1
        stretched = values - least
        stretched *= 255
        stretched /= span
        stretched += _ROUNDING
        stretched[~usable] = 0
        return stretched.astype(np.uint8), usable


def exact_rows(rows: Array) -> tuple[Bytes, NDArray[np.bool_]]:
    """The bytes of rows (n, d) in single precision, (n, 4 d), and which rows are finite throughout."""
    single = np.ascontiguousarray(rows, np.dtype("<f4")) + np.float32(0)  # which makes one zero of the two
    return single.view(np.uint8).reshape(len(single), 4 * single.shape[1]), np.isfinite(single).all(axis=1)


def row_hashes(stretched: Bytes) -> NDArray[np.uint64]:
    """Hashes (n,) of stretched rows (n, d)."""
    count, width = stretched.shape
    padded = width + (-width) % 8
    if padded != width:
        filled = np.zeros((count, padded), np.uint8)
        filled[:, :width] = stretched
        stretched = filled
    words = np.ascontiguousarray(stretched).view("<u8").astype(np.uint64, copy=False)
    hashes: NDArray[np.uint64] = words @ _factors(words.shape[1])
    return hashes


def _factors(count: int) -> NDArray[np.uint64]:
    """Odd pseudo-random numbers by the splitmix64 sequence."""
    state = (np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state ^ (state >> np.uint64(31))) | np.uint64(1)


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """A data set's rows by their hashes. Training rows come first: test row `i` has index `train_rows + i`."""

    dataset: Dataset
    hashes: NDArray[np.uint64]
    """(training + test rows,), sorted."""
    order: Indices
    """Row index of each sorted hash; equal hashes in rising order of their rows."""

    @property
    def train_rows(self) -> int:
        """Number of training rows."""
        return self.dataset.train_rows

    @property
    def width(self) -> int:
        """Numbers in one row."""
        return int(np.prod(self.dataset.example))

    def rows(self, indices: Indices) -> Array:
        """The original rows (n, width) at `indices`."""
        test = indices >= self.train_rows
        rows = np.empty((len(indices), self.width), self.dataset.x_train.dtype)
        rows[~test] = self.dataset.x_train[indices[~test]].reshape(-1, self.width)
        rows[test] = self.dataset.x_test[indices[test] - self.train_rows].reshape(-1, self.width)
        return rows

    def find(self, given: Array) -> tuple[Indices, NDArray[np.intp]]:
        """Row indices of the given rows (n, width), -1 where unknown, and their places in `order`.

        An image may also be the negative of an original. Every hit is confirmed number by number, so that no crafted
        row passes for another.
        """
        indices = np.full(len(given), -1, np.int64)
        places = np.zeros(len(given), np.intp)
        for start in range(0, len(given), _CHUNK):
            for sign in (1, -1) if self.dataset.is_bytes else (1,):
                missing = start + np.flatnonzero(indices[start : start + _CHUNK] < 0)
                if len(missing):
                    self._find(given, missing, sign, indices, places)
        return indices, places

    def _find(self, given: Array, missing: Indices, sign: int, indices: Indices, places: NDArray[np.intp]) -> None:
        rows = given[missing] if sign > 0 else -given[missing].astype(np.result_type(given.dtype, np.float32))
        encode = stretch_rows if self.dataset.is_bytes else exact_rows
        encoded, usable = encode(rows)
        hashes = row_hashes(encoded)
        place = np.searchsorted(self.hashes, hashes)
        place[place == len(self.hashes)] = 0
        hits = np.flatnonzero(usable & (self.hashes[place] == hashes))
        originals, _ = encode(self.rows(self.order[place[hits]]))
        hits = hits[(originals == encoded[hits]).all(axis=1)]
        indices[missing[hits]] = self.order[place[hits]]
        places[missing[hits]] = place[hits]

    def twins(self, place: int) -> Indices:
        """Row indices of all rows with the hash at `place` of `order`."""
        end = np.searchsorted(self.hashes, self.hashes[place], side="right")
        return self.order[place:end]


def dataset_fingerprints(dataset: Dataset, cache: Path) -> Fingerprints:
    """The fingerprints of `dataset`, kept in labgrade's `cache` folder under the data set's digest."""
    path = cache / "fingerprints" / f"{dataset.digest[:32]}-{_VERSION}.npy"
    total = len(dataset.x_train) + len(dataset.x_test)
    with contextlib.suppress(OSError, ValueError, EOFError):
        kept = np.load(path, allow_pickle=False)
        if kept.shape == (2, total) and kept.dtype == np.uint64:
            return Fingerprints(dataset, kept[0], kept[1].astype(np.int64))
    encode = stretch_rows if dataset.is_bytes else exact_rows
    hashes = np.concatenate([_hashes(dataset.x_train, encode), _hashes(dataset.x_test, encode)])
    order = np.argsort(hashes, kind="stable")
    # what can be made again may fail to be kept
    with contextlib.suppress(OSError):
        _keep(path, np.stack([hashes[order], order.astype(np.uint64)]))
    return Fingerprints(dataset, hashes[order], order.astype(np.int64))


def _hashes(examples: Array, encode: Callable[[Array], tuple[Bytes, NDArray[np.bool_]]]) -> NDArray[np.uint64]:
    rows = examples.reshape(len(examples), -1)
    parts = [row_hashes(encode(rows[i : i + _CHUNK])[0]) for i in range(0, len(rows), _CHUNK)]
    return np.concatenate(parts)


def _keep(path: Path, array: NDArray[np.uint64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            np.save(stream, array, allow_pickle=False)
        Path(scratch).replace(path)
    except OSError:
        Path(scratch).unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class PixelLayout:
    """One way from a data set's images to a student's."""

    name: LayoutName
    image: tuple[int, ...]
    """Shape of the data set's image."""
    shape: tuple[int, ...]
    """Shape of the student's example."""

    def flat(self, given: Array) -> Array:
        """The given examples (n, *shape) as rows (n, pixels) in the data set's own order."""
        count = len(given)
        if self.name == "channels_first":
            given = np.moveaxis(given, 1, -1)
        elif self.name == "grey_as_colour":
            given = given[..., 0]
        elif self.name == "padded":
            edge = (_PADDED - self.image[0]) // 2
            given = given.reshape(count, _PADDED, _PADDED)[:, edge:-edge, edge:-edge]
        return given.reshape(count, -1)

    def arrange(self, rows: NDArray[np.float32], ground: float) -> NDArray[np.float32]:
        """Rows (n, pixels) in the student's shape; `ground` is the value of a border pixel."""
        count = len(rows)
        if self.name == "rows":
            return rows.reshape(count, *self.shape)
        images = rows.reshape(count, *self.image)
        if self.name == "channels_first":
            return np.ascontiguousarray(np.moveaxis(images, -1, 1))
        if self.name == "grey_as_colour":
            return np.repeat(images[..., None], self.shape[-1], axis=-1)
        edge = (_PADDED - self.image[0]) // 2
        border = ((0, 0), (edge, edge), (edge, edge))
        return np.pad(images, border, constant_values=ground).reshape(count, *self.shape)


def pixel_layouts(image: tuple[int, ...], shape: tuple[int, ...]) -> tuple[PixelLayout, ...]:
    """The layouts that could lead from a data set's `image` shape to an example of `shape`, likeliest first."""
    names: list[LayoutName] = []
    pixels = int(np.prod(image))
    if len(image) == 3 and shape == (image[2], image[0], image[1]):
        names.append("channels_first")
    if int(np.prod(shape)) == pixels:
        names.append("rows")
    if len(image) == 2 and len(shape) == 3 and shape[:2] == image and shape[2] > 1:
        names.append("grey_as_colour")
    if len(image) == 2 and image[0] < _PADDED and shape in ((_PADDED, _PADDED), (_PADDED, _PADDED, 1)):
        names.append("padded")
    return tuple(PixelLayout(name, image, shape) for name in names)
