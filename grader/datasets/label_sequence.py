"""A long sequence of labels in a data set's own order gives away the rows that pixels no longer show."""

from __future__ import annotations

import numpy as np

from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import Indices

_LEAST_ROWS = 100
_LEAST_CLASSES = 4
_ANCHOR = 24


def label_sequence_rows(classes: Indices, positions: Indices, dataset: Dataset) -> Indices | None:
    """Row indices (n,) into `dataset` (training rows first), or `None` when the labels follow neither split.

    `classes` (n,) are the given labels and `positions` (n,) their places in the student's whole array, which may start
    anywhere in the split. Every single label must agree.
    """
    if len(classes) < _LEAST_ROWS or len(classes) != len(positions) or len(np.unique(classes)) < _LEAST_CLASSES:
        return None
    if positions.min() < 0:
        return None
    before = 0
    for labels in (dataset.y_train.reshape(-1), dataset.y_test.reshape(-1)):
        starts = _starts(classes, positions, labels.astype(np.int64))
        # a sequence that fits in two places proves neither
        if len(starts) == 1:
            rows: Indices = before + starts[0] + positions
            return rows
        before += len(labels)
    return None


def _starts(classes: Indices, positions: Indices, labels: Indices) -> Indices:
    """Every start at which all labels agree."""
    room = len(labels) - int(positions.max())
    if room <= 0:
        return np.empty(0, np.int64)
    starts = np.arange(room)
    for place in np.linspace(0, len(classes) - 1, min(_ANCHOR, len(classes))).astype(int):
        starts = starts[labels[starts + positions[place]] == classes[place]]
    return np.array([s for s in starts.tolist() if np.array_equal(labels[s + positions], classes)], np.int64)
