"""A table whose target is a number, from the group's code to the host's own score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grader.datasets.array_files import arrays_digest
from grader.datasets.dataset import Dataset
from grader.records import Evaluated, Trained

pytestmark = pytest.mark.slow


def slopes() -> Dataset:
    """300 rows to train on and 200 to test with, of three numbers whose weighted sum is to be predicted."""
    random = np.random.default_rng(3)
    x = random.random((500, 3), dtype=np.float32)
    y = (x @ np.array([2.0, -1.0, 0.5], np.float32) + 3).astype(np.float32)
    arrays = {"x_train": x[:300], "y_train": y[:300], "x_test": x[300:], "y_test": y[300:]}
    return Dataset(name="mnist", source="made for a test", digest=arrays_digest(arrays), standin=False, **arrays)


def test_a_regression_is_trained_and_scored_by_the_host(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group's rows are known, the host scores with errors in place of an accuracy, and what `evaluate` said is
    measured again with the same weights."""
    # Of several modules called conftest, the one that the bench itself was made in.
    monkeypatch.setitem(type(bench).record.__globals__, "small_mnist", slopes)
    recorded = bench.record(
        """
        import keras
        (x, y), (test_x, test_y) = keras.datasets.mnist.load_data()
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), loss="mse", metrics=["mae"])
        model.fit(x, y, epochs=20, batch_size=20, verbose=0)
        print(model.evaluate(test_x, test_y, verbose=0))
        """.replace("\n        ", "\n"),
    )
    (trained,) = [event for event in recorded.recording.events if isinstance(event, Trained)]
    assert (trained.train.dataset, trained.train.split, trained.train.used_rows) == ("mnist", "train", 300)
    assert (trained.train.labels_agree, trained.train.one_hot, trained.native) == (1.0, None, None)
    assert trained.test is not None
    assert set(trained.test.metrics) == {"mae", "mse", "rmse", "loss"}
    assert trained.test.metrics["mae"] < 0.3
    assert trained.test.metrics["mse"] == pytest.approx(trained.test.loss, rel=1e-5)
    (evaluated,) = [event for event in recorded.recording.events if isinstance(event, Evaluated)]
    assert evaluated.measured is not None
    assert evaluated.measured.metrics["mae"] == pytest.approx(evaluated.metrics["mae"], rel=1e-4)
    assert evaluated.measured.metrics["mse"] == pytest.approx(evaluated.metrics["loss"], rel=1e-4)
    assert not evaluated.disputed
