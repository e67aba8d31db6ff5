"""Fingerprints of a data set's rows, which stay the same when a row is rescaled.

A row is stretched to 0..255 by its own least and largest value and rounded; the fingerprint is a linear hash of those
bytes. Dividing by 255, centring, standardising by one mean and deviation, reshaping and changing the type leave it as it
is, and the fingerprint of the negative image follows from that of the image.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from grader.datasets.dataset import Bytes, Dataset

Indices: TypeAlias = NDArray[np.int64]

_VERSION = 1
_ROUNDING = 0.499
"""Not one half: a row's values are fractions k / range with range <= 255, of which none comes near 1 - 0.499, so that
the float errors of a student's own scaling cannot tip the rounding."""
_CHUNK = 2_000
_MODULUS_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def stretched_rows(rows: NDArray[Any]) -> tuple[Bytes, NDArray[np.bool_]]:
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


def row_hashes(stretched: Bytes) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Hashes (n,) of stretched rows (n, d), and those of their negatives."""
    count, width = stretched.shape
    padded = width + (-width) % 8
    if padded != width:
        filled = np.zeros((count, padded), np.uint8)
        filled[:, :width] = stretched
        stretched = filled
    words = np.ascontiguousarray(stretched).view("<u8")
    factors = _factors(words.shape[1])
    hashes = words @ factors
    # 255 - v in every byte is ones - v in the whole word; the padding must stay 0
    ones = np.full(words.shape[1], _MODULUS_ONES, np.uint64)
    if padded != width:
        ones[-1] = np.uint64((1 << (8 * (width % 8))) - 1)
    return hashes, ones @ factors - hashes


def _factors(count: int) -> NDArray[np.uint64]:
    """Odd pseudo-random numbers by the splitmix64 sequence."""
    state = (np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state ^ (state >> np.uint64(31))) | np.uint64(1)


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """A data set's rows by their hashes. Training rows come first: row `i` of the test set has index `train_rows + i`."""

    dataset: Dataset
    hashes: NDArray[np.uint64]
    """(training + test rows,), sorted."""
    order: Indices
    """Row index of each sorted hash; equal hashes in rising order of their rows."""

    @property
    def train_rows(self) -> int:
        """Number of training rows."""
        return len(self.dataset.x_train)

    @property
    def width(self) -> int:
        """Numbers in one row."""
        return int(np.prod(self.dataset.x_train.shape[1:]))

    def rows(self, indices: Indices) -> Bytes:
        """The original rows (n, width) at `indices`."""
        test = indices >= self.train_rows
        rows = np.empty((len(indices), self.width), np.uint8)
        rows[~test] = self.dataset.x_train[indices[~test]].reshape(-1, self.width)
        rows[test] = self.dataset.x_test[indices[test] - self.train_rows].reshape(-1, self.width)
        return rows

    def found(self, given: NDArray[Any]) -> tuple[Indices, NDArray[np.bool_], NDArray[np.intp]]:
        """Row indices of the rows (n, width), -1 where unknown; whether as a negative; and places in `order`.

        Every hit is confirmed pixel by pixel, so that no crafted row passes for another.
        """
        indices = np.full(len(given), -1, np.int64)
        negative = np.zeros(len(given), bool)
        places = np.zeros(len(given), np.intp)
        for start in range(0, len(given), _CHUNK):
            part = slice(start, start + _CHUNK)
            stretched, usable = stretched_rows(given[part])
            upright, inverted = row_hashes(stretched)
            for hashes, inverse in ((upright, False), (inverted, True)):
                hits = self._confirmed(hashes, usable & (indices[part] < 0), stretched, inverse, places[part])
                indices[part][hits] = self.order[places[part][hits]]
                negative[part][hits] = inverse
        return indices, negative, places

    def _confirmed(
        self,
        hashes: NDArray[np.uint64],
        wanted: NDArray[np.bool_],
        stretched: Bytes,
        inverse: bool,
        places: NDArray[np.intp],
    ) -> Indices:
        """Positions of the rows that stand in the data set; their places in `order` are written into `places`."""
        place = np.searchsorted(self.hashes, hashes)
        place[place == len(self.hashes)] = 0
        hits = np.flatnonzero(wanted & (self.hashes[place] == hashes))
        originals, _ = stretched_rows(self.rows(self.order[place[hits]]))
        given = 255 - stretched[hits] if inverse else stretched[hits]
        # a negative's halves may round to the other side
        same = (np.abs(originals.astype(np.int16) - given) <= int(inverse)).all(axis=1)
        hits = hits[same]
        places[hits] = place[hits]
        return hits.astype(np.int64)

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
    hashes = np.concatenate([_hashes(dataset.x_train), _hashes(dataset.x_test)])
    order = np.argsort(hashes, kind="stable")
    # what can be made again may fail to be kept
    with contextlib.suppress(OSError):
        _keep(path, np.stack([hashes[order], order.astype(np.uint64)]))
    return Fingerprints(dataset, hashes[order], order.astype(np.int64))


def _hashes(images: Bytes) -> NDArray[np.uint64]:
    rows = images.reshape(len(images), -1)
    parts = [row_hashes(stretched_rows(rows[i : i + _CHUNK])[0])[0] for i in range(0, len(rows), _CHUNK)]
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
