from __future__ import annotations

import numpy as np
import pytest

from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import Fingerprints
from grader.datasets.identify import identify, prepare_test_set
from grader.errors import LabgradeError


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1), (1, 28, 28), (28, 28, 3), (32, 32, 1)])
def test_prepared_rows_equal_the_students(shape: tuple[int, ...], digits: Dataset, fingerprints: Fingerprints) -> None:
    """The host's own test set equals what the student made of it, pixel by pixel, in the student's shape."""
    x = digits.x_test.astype("float32") / 127.5 - 1
    if shape == (28, 28, 3):
        given = np.repeat(x[..., None], 3, axis=-1)
    elif shape == (32, 32, 1):
        given = np.pad(x, ((0, 0), (2, 2), (2, 2)), constant_values=-1)[..., None]
    else:
        given = x.reshape(-1, *shape)
    found = identify(given, digits.y_test, [fingerprints])
    assert found.use.scale is not None
    assert found.use.offset is not None
    prepared, labels = prepare_test_set(digits, found.use.scale, found.use.offset, shape, found.layout)
    assert prepared.dtype == np.float32
    assert prepared.shape == given.shape
    assert np.allclose(prepared, given, atol=1e-5)
    assert np.array_equal(labels, digits.y_test)


def test_an_impossible_shape_is_an_error(digits: Dataset) -> None:
    """Images that cannot be given the wanted shape are refused by name."""
    with pytest.raises(LabgradeError, match="mnist"):
        prepare_test_set(digits, 1.0, 0.0, (14, 14))
