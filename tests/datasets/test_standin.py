from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from grader.datasets import image_sets
from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import dataset_fingerprints
from grader.datasets.identify import identify
from grader.datasets.sources import load_dataset

DIGEST = "3d72a02ccbec974b780f5ae0c752dedadbc9c9fa3ba331c44cff7a6a89d8dfa0"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def digits(cache: Path, alone: Path) -> Dataset:
    return load_dataset("mnist", None, cache)


def test_the_stand_in_looks_like_mnist(digits: Dataset) -> None:
    """The stand-in has MNIST's shapes, types, black ground, white peak and balance of classes."""
    assert (digits.x_train.shape, digits.x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert (digits.y_train.shape, digits.y_train.dtype, digits.x_train.dtype) == ((60_000,), np.uint8, np.uint8)
    assert (digits.x_test.reshape(10_000, -1).max(axis=1) == 255).all()
    assert 0.75 < (digits.x_test == 0).mean() < 0.85
    assert (np.bincount(digits.y_train, minlength=10) > 5_000).all()
    assert digits.standin


def test_every_machine_makes_the_same_bytes(digits: Dataset) -> None:
    """The stand-in's content is fixed: a change needs a new recipe number."""
    assert digits.digest == DIGEST


def test_the_second_load_comes_from_the_cache(digits: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once made, the stand-in is loaded, not made again."""
    monkeypatch.setattr(image_sets, "_digits", lambda *_arguments: pytest.fail("made twice"))
    assert load_dataset("mnist", None, cache).digest == digits.digest


def test_an_unwritable_cache_only_costs_time(alone: Path, tmp_path: Path) -> None:
    """Where nothing can be cached, the stand-in is still served."""
    blocked = tmp_path / "file"
    blocked.touch()
    assert load_dataset("mnist", None, blocked).digest == DIGEST


def test_no_original_serves_both_splits() -> None:
    """Test originals are set apart, thirty a class, and all others train."""
    originals, classes = load_digits(return_X_y=True)
    test = image_sets._test_originals(originals.astype(np.int64), classes, np.random.RandomState(image_sets._SEED))
    assert np.bincount(classes[test]).tolist() == [30] * 10
    assert test.sum() == 300


def test_train_and_test_share_no_image(digits: Dataset, cache: Path) -> None:
    """Each stand-in row is recognised in its own split: none stands in both."""
    prints = dataset_fingerprints(digits, cache)
    assert identify(digits.x_test / 255, digits.y_test, [prints]).use.split == "test"
    assert identify(digits.x_train[:5_000] / 255, digits.y_train[:5_000], [prints]).use.split == "train"


def test_the_colour_stand_in_looks_like_cifar(cache: Path, alone: Path) -> None:
    """The colour stand-in has CIFAR-10's shapes and types, and colour in every image."""
    cifar = load_dataset("cifar10", None, cache)
    assert (cifar.x_train.shape, cifar.y_train.shape) == ((50_000, 32, 32, 3), (50_000, 1))
    assert (cifar.x_test.shape, cifar.x_test.dtype) == ((10_000, 32, 32, 3), np.uint8)
    assert (cifar.x_test.std(axis=(1, 2)) > 0).all()
    assert "photographs" in cifar.source
