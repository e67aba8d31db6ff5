from __future__ import annotations

from pathlib import Path

import pytest
from datasets_support import dataset_of, small_arrays

from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import Fingerprints, dataset_fingerprints


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return dataset_of("mnist", small_arrays())


@pytest.fixture(scope="session")
def fingerprints(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Fingerprints:
    return dataset_fingerprints(digits, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no network, no Keras cache and no data folder; its labgrade cache."""
    monkeypatch.setenv("LABGRADE_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.delenv("LABGRADE_DATA", raising=False)
    return tmp_path / "cache"
