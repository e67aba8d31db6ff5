"""Which rows of which data set a student's arrays hold, found by content and never by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from grader.datasets.fingerprints import Fingerprints, Indices
from grader.datasets.label_sequence import label_sequence_rows
from grader.datasets.layouts import LayoutName, PixelLayout, pixel_layouts
from grader.records.models import DataUse

_PROBE_ROWS = 200
_FIT_ROWS = 64
_KNOWN_SHARE = 0.01
"""Fewer known rows than this share are put down to chance."""
_FIT_TOLERANCE = 1e-5
"""Largest residual of the affine fit, as a share of the range: float32 rounding, with room."""


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
    x: NDArray[Any],
    y: NDArray[Any] | None,
    datasets: Sequence[Fingerprints],
    positions: Indices | None = None,
) -> Identification:
    """Find the rows of `x` (n, *shape) and their labels `y` (n,), (n, 1) or one-hot (n, classes) in `datasets`.

    Pixels may be reshaped, rescaled, centred or inverted. Where no row can be recognised, as after a scaling of its own
    for each pixel, a long sequence of labels in the order of the training or test set speaks instead; `positions` gives
    for each row its place in the student's whole array when only a sample of it is given.
    """
    x = np.asarray(x)
    classes, one_hot = class_numbers(y) if y is not None and len(y) == len(x) else (None, None)
    by_pixels = _by_pixels(x, classes, datasets)
    if by_pixels is not None:
        fingerprints, layout, indices = by_pixels
        scale, offset = affine_fit(layout.flat(x), indices, fingerprints)
        use = _data_use(x, classes, one_hot, indices, fingerprints, scale, offset)
        return Identification(use, indices, layout.name, "pixels")
    if classes is not None:
        places = np.arange(len(x)) if positions is None else np.asarray(positions)
        for fingerprints in datasets:
            rows = label_sequence_rows(classes, places, fingerprints.dataset)
            if rows is not None:
                return Identification(
                    _data_use(x, classes, one_hot, rows, fingerprints, None, None), rows, None, "labels"
                )
    unknown = np.full(len(x), -1, np.int64)
    return Identification(_data_use(x, classes, one_hot, unknown, None, None, None), unknown, None, "nothing")


def class_numbers(y: NDArray[Any]) -> tuple[Indices | None, bool | None]:
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


def affine_fit(rows: NDArray[Any], indices: Indices, fingerprints: Fingerprints) -> tuple[float | None, float | None]:
    """Scale and offset with `rows` = scale * original + offset, over a sample; `None` twice when no one pair fits."""
    known = np.flatnonzero(indices >= 0)
    if not len(known):
        return None, None
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


def _resolution(dtype: np.dtype[Any]) -> float:
    return 2 * float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0


def _round(value: float) -> float:
    """Seven significant digits; next to nothing is nothing."""
    return 0.0 if abs(value) < 1e-6 else float(f"{value:.7g}")


def _by_pixels(
    x: NDArray[Any], classes: Indices | None, datasets: Sequence[Fingerprints]
) -> tuple[Fingerprints, PixelLayout, Indices] | None:
    if x.dtype.kind not in "iuf" or x.ndim < 2 or not len(x):
        return None
    probe = np.unique(np.linspace(0, len(x) - 1, min(_PROBE_ROWS, len(x))).astype(int))
    best: tuple[int, Fingerprints, PixelLayout] | None = None
    for fingerprints in datasets:
        for layout in pixel_layouts(fingerprints.dataset.x_train.shape[1:], x.shape[1:]):
            hits = int((fingerprints.found(layout.flat(x[probe]))[0] >= 0).sum())
            if hits and (best is None or hits > best[0]):
                best = hits, fingerprints, layout
    if best is None:
        return None
    _, fingerprints, layout = best
    indices, places = fingerprints.found(layout.flat(x))
    if (indices >= 0).sum() < _KNOWN_SHARE * len(x):
        return None
    if x.dtype == np.float16:
        _snap(layout.flat(x), indices, places, fingerprints)
    _choose_twins(indices, places, classes, fingerprints)
    return fingerprints, layout, indices


def _snap(rows: NDArray[Any], indices: Indices, places: NDArray[np.intp], fingerprints: Fingerprints) -> None:
    """Half precision blurs the steps of narrow rows: undo the scaling found on the others, and look again."""
    scale, offset = affine_fit(rows, indices, fingerprints)
    missing = np.flatnonzero(indices < 0)
    if scale is None or offset is None or not len(missing):
        return
    indices[missing], places[missing] = fingerprints.found(np.rint((rows[missing].astype(np.float32) - offset) / scale))


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
    labels = fingerprints.dataset.labels
    for row in ambiguous:
        twins = fingerprints.twins(int(places[row]))
        same_split = (twins >= fingerprints.train_rows) == mostly_test
        same_label = labels[twins] == classes[row] if classes is not None else np.zeros(len(twins), bool)
        indices[row] = twins[np.argmax(2 * same_split + same_label)]


def _data_use(
    x: NDArray[Any],
    classes: Indices | None,
    one_hot: bool | None,
    indices: Indices,
    fingerprints: Fingerprints | None,
    scale: float | None,
    offset: float | None,
) -> DataUse:
    known = indices >= 0
    split: Literal["train", "test", "mixed", "unknown"] = "unknown"
    agree: float | None = None
    if fingerprints is not None and known.any():
        test = indices[known] >= fingerprints.train_rows
        split = "test" if test.all() else "mixed" if test.any() else "train"
        if classes is not None:
            agree = float((classes[known] == fingerprints.dataset.labels[indices[known]]).mean())
    return DataUse(
        split=split,
        dataset=fingerprints.dataset.name if fingerprints is not None else None,
        rows=len(x),
        used_rows=len(x),
        shape=tuple(int(side) for side in x.shape[1:]),
        scale=scale,
        offset=offset,
        one_hot=one_hot,
        labels_agree=agree,
    )
