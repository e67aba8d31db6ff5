from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from datasets_support import SHARED, dataset_of, small_arrays

from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import Fingerprints, dataset_fingerprints
from grader.datasets.identify import class_numbers, identify
from grader.datasets.sources import load_dataset

PREPARATIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float | None, float | None]] = {
    "as loaded": (lambda x: x, 1, 0),
    "float32 / 255": (lambda x: x.astype("float32") / 255, 1 / 255, 0),
    "float64 / 255": (lambda x: x / 255.0, 1 / 255, 0),
    "flat": (lambda x: x.reshape(-1, 784) / np.float32(255), 1 / 255, 0),
    "channel last": (lambda x: x[..., None].astype("float32"), 1, 0),
    "channel first": (lambda x: x[:, None].astype("float32") / 256, 1 / 256, 0),
    "to [-1, 1]": (lambda x: x.astype("float32") / 127.5 - 1, 2 / 255, -1),
    "inverted": (lambda x: 1 - x.astype("float32") / 255, -1 / 255, 1),
    "inverted bytes": (lambda x: 255 - x, -1, 255),
    "standardised": (lambda x: (x.astype("float32") - 33.318) / 78.567, 1 / 78.567, -33.318 / 78.567),
    "grey as colour": (lambda x: np.repeat(x[..., None], 3, axis=-1) / 255, 1 / 255, 0),
    "padded": (lambda x: np.pad(x / 255, ((0, 0), (2, 2), (2, 2))), 1 / 255, 0),
    "half precision": (lambda x: (x / 255).astype("float16"), 1 / 255, 0),
}


@pytest.mark.parametrize("name", PREPARATIONS)
def test_prepared_rows_are_recognised(name: str, digits: Dataset, fingerprints: Fingerprints) -> None:
    """Every usual preparation leaves each row recognisable, and its scale and offset are found."""
    prepare, scale, offset = PREPARATIONS[name]
    found = identify(prepare(digits.x_test), digits.y_test, [fingerprints])
    assert found.indices.tolist() == list(range(400, 550))
    assert (found.use.split, found.use.dataset, found.use.labels_agree) == ("test", "mnist", 1.0)
    tolerance = 2e-3 if name == "half precision" else 1e-5
    assert found.use.scale == pytest.approx(scale, rel=tolerance)
    assert found.use.offset == pytest.approx(offset, abs=tolerance * 10)


def test_shuffled_subset_keeps_its_rows(digits: Dataset, fingerprints: Fingerprints) -> None:
    """A shuffled part of the training set is found row by row, whatever its order."""
    chosen = np.random.default_rng(1).permutation(400)[:120]
    found = identify(digits.x_train[chosen] / 255, np.eye(10)[digits.y_train[chosen]], [fingerprints])
    assert found.indices.tolist() == chosen.tolist()
    assert (found.use.split, found.use.one_hot) == ("train", True)


def test_leaked_test_rows_make_it_mixed(digits: Dataset, fingerprints: Fingerprints) -> None:
    """Training rows with a few test rows among them are called mixed."""
    x = np.concatenate([digits.x_train, digits.x_test[:5]])
    assert identify(x, None, [fingerprints]).use.split == "mixed"


def test_foreign_rows_are_unknown(fingerprints: Fingerprints) -> None:
    """Images of another origin are unknown, and so are their labels."""
    random = np.random.default_rng(7)
    found = identify(random.random((300, 784)), random.integers(0, 10, 300), [fingerprints])
    assert (found.use.split, found.use.dataset, found.use.labels_agree) == ("unknown", None, None)
    assert (found.indices == -1).all()


def test_constant_and_infinite_rows_are_unknown(digits: Dataset, fingerprints: Fingerprints) -> None:
    """Rows of one value, NaN or infinity are unknown; their neighbours are found all the same."""
    x = digits.x_test[:10].astype("float32")
    x[2], x[4, 0, 0], x[6, 0, 0] = 3.0, np.nan, np.inf
    found = identify(x, None, [fingerprints])
    assert np.flatnonzero(found.indices < 0).tolist() == [2, 4, 6]


def test_wrong_labels_are_counted(digits: Dataset, fingerprints: Fingerprints) -> None:
    """Labels that are not the data set's own lower the agreement."""
    labels = digits.y_test.copy()
    labels[:15] = (labels[:15] + 1) % 10
    assert identify(digits.x_test, labels, [fingerprints]).use.labels_agree == pytest.approx(0.9)


def test_one_changed_pixel_is_another_row(digits: Dataset, fingerprints: Fingerprints) -> None:
    """A row with one pixel changed does not pass for the original."""
    x = digits.x_test[:20].copy()
    x[3, 14, 14] ^= 64
    assert np.flatnonzero(identify(x, None, [fingerprints]).indices < 0).tolist() == [3]


def test_rows_scaled_one_by_one_have_no_common_scale(digits: Dataset, fingerprints: Fingerprints) -> None:
    """Rows divided each by its own maximum are recognised, but no single scale is claimed."""
    x = digits.x_test / digits.x_test.max(axis=(1, 2), keepdims=True)
    found = identify(x, None, [fingerprints])
    assert found.use.split == "test"
    assert found.use.scale is None


def test_labels_speak_when_pixels_cannot(digits: Dataset, fingerprints: Fingerprints) -> None:
    """After a scaling of its own for each pixel, the order of a long sequence of labels gives the rows away."""
    x = digits.x_train.reshape(400, -1).astype("float32")
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    found = identify(x[100:], digits.y_train[100:], [fingerprints])
    assert found.indices.tolist() == list(range(100, 400))
    assert (found.use.split, found.found_by, found.use.scale) == ("train", "labels", None)


def test_labels_of_a_sample_need_its_positions(digits: Dataset, fingerprints: Fingerprints) -> None:
    """A sample of rows is placed by its labels when its positions in the whole array are told."""
    positions = np.sort(np.random.default_rng(3).permutation(400)[:200])
    x = np.random.default_rng(4).random((200, 50))
    labels = digits.y_train[positions]
    assert identify(x, labels, [fingerprints]).use.split == "unknown"
    assert identify(x, labels, [fingerprints], positions).indices.tolist() == positions.tolist()


def test_short_label_sequences_prove_nothing(digits: Dataset, fingerprints: Fingerprints) -> None:
    """Fifty labels in order are too few to accuse anyone."""
    x = np.random.default_rng(4).random((50, 20))
    assert identify(x, digits.y_test[:50], [fingerprints]).use.split == "unknown"


def test_twins_follow_their_company(tmp_path: Path) -> None:
    """An image that stands in both splits counts to the split of the other rows."""
    arrays = small_arrays(seed=2)
    arrays["x_test"][7] = arrays["x_train"][9]
    both = dataset_of("mnist", arrays)
    prints = dataset_fingerprints(both, tmp_path)
    test = identify(both.x_test, both.y_test, [prints])
    train = identify(both.x_train, both.y_train, [prints])
    assert (test.use.split, test.indices[7]) == ("test", 407)
    assert (train.use.split, train.indices[9]) == ("train", 9)


def test_fingerprints_survive_a_damaged_file(digits: Dataset, tmp_path: Path) -> None:
    """A damaged fingerprint file is made anew."""
    fresh = dataset_fingerprints(digits, tmp_path)
    (kept,) = (tmp_path / "fingerprints").iterdir()
    kept.write_bytes(b"\x93NUMPY nonsense")
    again = dataset_fingerprints(digits, tmp_path)
    assert np.array_equal(fresh.hashes, again.hashes)
    assert np.load(kept).shape == (2, 550)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.eye(3)[[2, 0]], ([2, 0], True)),
        (np.array([[1], [2]], np.uint8), ([1, 2], False)),
        (np.array([1.0, 2.0]), ([1, 2], False)),
        (np.array([[0.9, 0.1], [0.5, 0.5]]), (None, None)),
        (np.array([0.5, 1.0]), (None, None)),
    ],
)
def test_class_numbers(labels: np.ndarray, expected: tuple[list[int] | None, bool | None]) -> None:
    """Class numbers come out of one-hot, column and float labels, and out of nothing else."""
    numbers, one_hot = class_numbers(labels)
    assert (None if numbers is None else numbers.tolist(), one_hot) == expected


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data sets are not at hand")
def test_real_mnist_is_found_fast(tmp_path: Path) -> None:
    """Ten thousand real test digits are placed, each in its own row, at once."""
    mnist = load_dataset("mnist", SHARED, tmp_path)
    prints = dataset_fingerprints(mnist, tmp_path)
    x = (mnist.x_test.astype("float32") / 255).reshape(-1, 784)
    started = time.process_time()
    found = identify(x, np.eye(10)[mnist.y_test], [prints])
    assert time.process_time() - started < 2.0
    assert np.array_equal(found.indices, np.arange(60_000, 70_000))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data sets are not at hand")
def test_real_colour_images_are_found(tmp_path: Path) -> None:
    """Colour images are found with their channels last, first, or in one row."""
    cifar = load_dataset("cifar10", SHARED, tmp_path)
    prints = dataset_fingerprints(cifar, tmp_path)
    x = cifar.x_test.astype("float32") / 255 - 0.5
    for given in (x, np.moveaxis(x, -1, 1), x.reshape(len(x), -1)):
        assert identify(given, cifar.y_test, [prints]).use.split == "test"
