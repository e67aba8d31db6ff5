"""Which rows of which data set a student's arrays hold, and its own test rows prepared the way the student's were.

Rows are found by content and never by name. Where their examples no longer show which they are, a long sequence of
targets in a data set's own order gives them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from grader.datasets.dataset import Dataset, Indices
from grader.datasets.fingerprints import Fingerprints, LayoutName, PixelLayout, pixel_layouts
from grader.errors import LabgradeError
from grader.records import Array, DataUse, DType

_PROBE_ROWS = 200
_FIT_ROWS = 64
_KNOWN_SHARE = 0.01
"""Fewer known rows than this share are put down to chance."""
_FIT_TOLERANCE = 1e-5
"""Largest residual of the affine fit, as a share of the range: float32 rounding, with room."""
_LEAST_ROWS = 100
_LEAST_CLASSES = 4
"""100 rows of 4 classes fit at one place of a million by a chance below 1e-50; two classes in blocks fit anywhere."""
_ANCHOR = 24


@dataclass(frozen=True, eq=False)
class Identification:
    """What the host found out about a student's arrays."""

    use: DataUse
    """`rows` and `used_rows` are those of the array that was looked at: the caller puts in its own."""
    indices: Indices
    """(n,) row of the data set for each given row, training rows first, then test rows; -1 where unknown."""
    layout: LayoutName | None
    """How the pixels lie; `None` when they could not be recognised."""
    found_by: Literal["pixels", "labels", "nothing"]


def identify(
    x: Array,
    y: Array | None,
    datasets: Sequence[Fingerprints],
    positions: Indices | None = None,
) -> Identification:
    """Find the rows of `x` (n, *shape) and their targets `y` in `datasets`: class numbers (n,), (n, 1) or one-hot
    (n, classes), or numbers (n,) or (n, targets).

    Pixels may be reshaped, rescaled, centred or inverted; the rows of a table may not. Where no row can be recognised,
    as after a scaling of its own for each pixel or column, a long sequence of targets in the order of the training or
    test set speaks instead; `positions` gives for each row its place in the student's whole array when only a sample
    of it is given.
    """
    x = np.asarray(x)
    given = y if y is not None and len(y) == len(x) else None
    classes, one_hot = class_numbers(given) if given is not None else (None, None)
    by_pixels = _by_pixels(x, classes, datasets)
    if by_pixels is not None:
        fingerprints, layout, indices = by_pixels
        scale, offset = affine_fit(layout.flat(x), indices, fingerprints)
        agree = _agreement(given, classes, indices, fingerprints.dataset)
        use = _data_use(x, one_hot, indices, fingerprints, scale, offset, agree)
        return Identification(use, indices, layout.name, "pixels")
    if given is not None:
        places = np.arange(len(x)) if positions is None else np.asarray(positions)
        for fingerprints in datasets:
            targets = classes if fingerprints.dataset.has_classes else numbers(given)
            rows = None if targets is None else label_sequence_rows(targets, places, fingerprints.dataset)
            if rows is not None:
                agree = _agreement(given, classes, rows, fingerprints.dataset)
                use = _data_use(x, one_hot, rows, fingerprints, None, None, agree)
                return Identification(use, rows, None, "labels")
    unknown = np.full(len(x), -1, np.int64)
    return Identification(_data_use(x, one_hot, unknown, None, None, None, None), unknown, None, "nothing")


def numbers(y: Array) -> Array | None:
    """Targets of one number a row as (n,) float32; `None` when they are several, or no numbers."""
    return y.reshape(-1).astype(np.float32) if y.dtype.kind in "iufb" and y.size == len(y) else None


def _agreement(y: Array | None, classes: Indices | None, indices: Indices, dataset: Dataset) -> float | None:
    """Share of the known rows whose target is the data set's own; `None` where that cannot be told.

    Numbers that differ tell nothing: they may have been scaled, so that only full agreement is told of them.
    """
    known = indices >= 0
    if y is None or not known.any():
        return None
    own = dataset.targets[indices[known]]
    if dataset.has_classes:
        return None if classes is None else float((classes[known] == own).mean())
    if y.dtype.kind not in "iufb" or y.size != len(y) * own.shape[1]:
        return None
    return 1.0 if np.array_equal(y[known].reshape(own.shape).astype(np.float32), own) else None


def class_numbers(y: Array) -> tuple[Indices | None, bool | None]:
    """Labels as class numbers (n,), and whether they were one-hot; (`None`, `None`) when they are neither."""
    y = np.asarray(y)
    if y.dtype.kind not in "iufb" or not len(y):
        return None, None
    if y.ndim == 2 and y.shape[1] > 1:
        whole = (np.count_nonzero(y, axis=1) == 1) & (y.max(axis=1) == 1)
        return (y.argmax(axis=1), True) if whole.all() else (None, None)
    if y.size != len(y):
        return None, None
    flat = y.reshape(-1)
    if flat.dtype.kind == "f" and not (np.isfinite(flat).all() and (flat == np.rint(flat)).all()):
        return None, None
    return flat.astype(np.int64), False


def affine_fit(rows: Array, indices: Indices, fingerprints: Fingerprints) -> tuple[float | None, float | None]:
    """Scale and offset with `rows` = scale * original + offset, over a sample; `None` twice when no one pair fits."""
    known = np.flatnonzero(indices >= 0)
    if not len(known):
        return None, None
    if not fingerprints.dataset.is_bytes:
        return 1.0, 0.0  # such rows are known as they are, or not at all
    sample = known[np.linspace(0, len(known) - 1, min(_FIT_ROWS, len(known))).astype(int)]
    given = rows[sample].astype(np.float64).reshape(-1)
    original = fingerprints.rows(indices[sample]).astype(np.float64).reshape(-1)
    low, high = int(original.argmin()), int(original.argmax())
    if original[low] == original[high]:
        return None, None
    scale, offset = np.polynomial.polynomial.polyfit(original, given, 1)[::-1]
    residual = np.abs(scale * original + offset - given).max()
    if not residual <= max(_FIT_TOLERANCE, _resolution(rows.dtype)) * np.abs(scale) * 255:
        return None, None
    return _round(float(scale)), _round(float(offset))


def _resolution(dtype: DType) -> float:
    return 2 * float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0


def _round(value: float) -> float:
    """Seven significant digits; next to nothing is nothing."""
    return 0.0 if abs(value) < 1e-6 else float(f"{value:.7g}")


def _by_pixels(
    x: Array, classes: Indices | None, datasets: Sequence[Fingerprints]
) -> tuple[Fingerprints, PixelLayout, Indices] | None:
    if x.dtype.kind not in "iuf" or x.ndim < 2 or not len(x):
        return None
    probe = np.unique(np.linspace(0, len(x) - 1, min(_PROBE_ROWS, len(x))).astype(int))
    best: tuple[int, Fingerprints, PixelLayout] | None = None
    for fingerprints in datasets:
        for layout in pixel_layouts(fingerprints.dataset.example, x.shape[1:]):
            hits = int((fingerprints.find(layout.flat(x[probe]))[0] >= 0).sum())
            if hits and (best is None or hits > best[0]):
                best = hits, fingerprints, layout
    if best is None:
        return None
    _, fingerprints, layout = best
    indices, places = fingerprints.find(layout.flat(x))
    if (indices >= 0).sum() < _KNOWN_SHARE * len(x):
        return None
    if x.dtype == np.float16 and fingerprints.dataset.is_bytes:
        _snap(layout.flat(x), indices, places, fingerprints)
    _choose_twins(indices, places, classes, fingerprints)
    return fingerprints, layout, indices


def _snap(rows: Array, indices: Indices, places: NDArray[np.intp], fingerprints: Fingerprints) -> None:
    """Half precision blurs the steps of narrow rows: undo the scaling found on the others, and look again."""
    scale, offset = affine_fit(rows, indices, fingerprints)
    missing = np.flatnonzero(indices < 0)
    if scale is None or offset is None or not len(missing):
        return
    indices[missing], places[missing] = fingerprints.find(np.rint((rows[missing].astype(np.float32) - offset) / scale))


def _choose_twins(
    indices: Indices, places: NDArray[np.intp], classes: Indices | None, fingerprints: Fingerprints
) -> None:
    """Where several rows look alike, prefer the split of the other rows, then the given label, then the first."""
    known = indices >= 0
    doubled = np.flatnonzero(np.diff(fingerprints.hashes) == 0)
    ambiguous = np.flatnonzero(known & np.isin(places, doubled))
    if not len(ambiguous):
        return
    clear = np.setdiff1d(np.flatnonzero(known), ambiguous, assume_unique=True)
    mostly_test = (indices[clear] >= fingerprints.train_rows).mean() > 0.5 if len(clear) else False
    labels = fingerprints.dataset.targets if fingerprints.dataset.has_classes else None
    for row in ambiguous:
        twins = fingerprints.twins(int(places[row]))
        same_split = (twins >= fingerprints.train_rows) == mostly_test
        same_label = (
            labels[twins] == classes[row] if classes is not None and labels is not None else np.zeros(len(twins), bool)
        )
        indices[row] = twins[np.argmax(2 * same_split + same_label)]


def label_sequence_rows(targets: Array, positions: Indices, dataset: Dataset) -> Indices | None:
    """Row indices (n,) into `dataset` (training rows first), or `None` when the targets follow neither split.

    `targets` (n,) are class numbers, or numbers where the data set's are, and `positions` (n,) their places in the
    student's whole array, which may start anywhere in the split. Every single one must agree.
    """
    if len(targets) < _LEAST_ROWS or len(targets) != len(positions) or len(np.unique(targets)) < _LEAST_CLASSES:
        return None
    own = dataset.targets
    if positions.min() < 0 or own.size != len(own):
        return None
    own = own.reshape(-1)
    for before, part in ((0, own[: dataset.train_rows]), (dataset.train_rows, own[dataset.train_rows :])):
        starts = _starts(targets, positions, part)
        # a sequence that fits in two places proves neither
        if len(starts) == 1:
            rows: Indices = before + starts[0] + positions
            return rows
    return None


def _starts(targets: Array, positions: Indices, own: Array) -> Indices:
    """Every start at which all targets agree."""
    room = len(own) - int(positions.max())
    if room <= 0:
        return np.empty(0, np.int64)
    starts = np.arange(room)
    for place in np.linspace(0, len(targets) - 1, min(_ANCHOR, len(targets))).astype(int):
        starts = starts[own[starts + positions[place]] == targets[place]]
    return np.array([s for s in starts.tolist() if np.array_equal(own[s + positions], targets)], np.int64)


def _data_use(
    x: Array,
    one_hot: bool | None,
    indices: Indices,
    fingerprints: Fingerprints | None,
    scale: float | None,
    offset: float | None,
    agree: float | None,
) -> DataUse:
    known = indices >= 0
    split: Literal["train", "test", "mixed", "unknown"] = "unknown"
    if fingerprints is not None and known.any():
        test = indices[known] >= fingerprints.train_rows
        split = "test" if test.all() else "mixed" if test.any() else "train"
    return DataUse(
        split=split,
        dataset=fingerprints.dataset.name if fingerprints is not None else None,
        rows=len(x),
        used_rows=len(x),
        shape=tuple(int(side) for side in x.shape[1:]),
        scale=scale,
        offset=offset,
        one_hot=one_hot if fingerprints is None or fingerprints.dataset.has_classes else None,
        labels_agree=agree,
    )


def prepare_test_set(
    dataset: Dataset, scale: float, offset: float, shape: tuple[int, ...], layout: LayoutName | None = None
) -> tuple[NDArray[np.float32], Array]:
    """The test examples as `scale * original + offset`, (rows, *shape) float32, and their targets: class numbers
    (rows,) int64, or numbers (rows, targets) float32.

    `scale`, `offset`, `shape` and `layout` are what `identify` found; without `layout` the likeliest for the shape is
    taken. Raises `LabgradeError` when examples of this data set cannot be brought into `shape`.
    """
    layouts: tuple[PixelLayout, ...] = pixel_layouts(dataset.example, shape)
    chosen = next((candidate for candidate in layouts if layout in (None, candidate.name)), None)
    if chosen is None:
        raise LabgradeError(f"{dataset.name}: examples of shape {dataset.example} cannot be given the shape {shape}")
    rows = dataset.x_test.reshape(len(dataset.x_test), -1).astype(np.float32)
    prepared = (rows * np.float32(scale) + np.float32(offset)).astype(np.float32)
    return chosen.arrange(prepared, offset), dataset.targets[dataset.train_rows :]
