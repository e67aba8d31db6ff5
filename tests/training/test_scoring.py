"""Metrics of a model's outputs: which ones, by what the targets are."""

from __future__ import annotations

import numpy as np
import pytest

from grader.training.trainer import score

OUTPUTS = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]], np.float32)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
def test_class_numbers_give_an_accuracy(shape: tuple[int, ...], dtype: type) -> None:
    """Whole numbers, one a row, are classes: the share of rows whose largest output is the class."""
    assert score(OUTPUTS, np.array([1, 0, 0, 0]).astype(dtype).reshape(shape)) == {"accuracy": 0.75}


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_numbers_give_errors_and_no_accuracy(shape: tuple[int, ...]) -> None:
    """Targets that are numbers give mean errors in their own unit, whether a row is (n,) or (n, 1)."""
    found = score(np.array([[1.0], [2.0], [5.0]], np.float32), np.array([1.0, 3.0, 3.0]).reshape(shape))
    assert found == pytest.approx({"mae": 1.0, "mse": 5 / 3, "rmse": (5 / 3) ** 0.5})


def test_several_targets_count_alike() -> None:
    """Of two numbers a row each error counts once."""
    found = score(np.zeros((2, 2), np.float32), np.array([[1.0, 3.0], [0.0, 0.0]]))
    assert found == pytest.approx({"mae": 1.0, "mse": 2.5, "rmse": 2.5**0.5})


@pytest.mark.parametrize(
    ("outputs", "targets"),
    [
        (OUTPUTS, np.array([0, 1, 2, 0])),
        (OUTPUTS[:, :1], np.array([0, 1, 0, 1])),
        (OUTPUTS, np.array([0.5, 1.0, 1.0, 1.0])),
        (OUTPUTS[:2], np.array([[1.0], [2.0], [3.0], [4.0]])),
        (OUTPUTS[:0], np.array([], np.int64)),
        (OUTPUTS[:0, 0], np.array([], np.float32)),
    ],
)
def test_what_does_not_fit_has_no_score(outputs: np.ndarray, targets: np.ndarray) -> None:
    """Too few outputs for the classes, another number of outputs than of targets, or no rows: there is no score."""
    assert score(outputs, targets) is None


def test_diverged_models_have_a_score_that_is_no_number() -> None:
    """NaN outputs are data: the errors are NaN."""
    found = score(np.full((2, 1), np.nan, np.float32), np.array([1.0, 2.0]))
    assert found is not None
    assert np.isnan(found["mae"])
