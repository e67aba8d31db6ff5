from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from datasets_support import SHARED, small_arrays

from grader.datasets import array_files as files
from grader.datasets import dataset, image_sets
from grader.datasets import sources as download
from grader.datasets.array_files import load_arrays, store_arrays
from grader.datasets.sources import load_dataset
from grader.errors import UserError
from grader.facts.datasets import ARRAY_NAMES


def cifar_batch(rows: int, key: bytes = b"labels") -> bytes:
    random = np.random.default_rng(rows)
    data = random.integers(0, 256, (rows, 3072), dtype=np.uint8)
    return pickle.dumps({b"data": data, key: random.integers(0, 10, rows).tolist()}, protocol=2)


def cifar_folder(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        (folder / name).write_bytes(cifar_batch(number + 3))
    return folder


def test_the_teachers_folder_comes_first(alone: Path, tmp_path: Path) -> None:
    """A file in the teacher's folder is served as it is, and named as the source."""
    arrays = small_arrays()
    np.savez(tmp_path / "mnist.npz", **arrays)
    mnist = load_dataset("mnist", tmp_path, alone)
    assert all(np.array_equal(mnist.arrays[name], arrays[name]) for name in ARRAY_NAMES)
    assert "mnist.npz" in mnist.source
    assert "400 training and 150 test images" in mnist.source
    assert not mnist.standin


def test_the_environment_names_the_folder(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`LABGRADE_DATA` names the folder when no option does."""
    np.savez_compressed(tmp_path / "fashion_mnist.npz", **small_arrays())
    monkeypatch.setenv("LABGRADE_DATA", str(tmp_path))
    assert len(load_dataset("fashion_mnist", None, alone).x_train) == 400


def test_an_unpacked_copy_serves_until_the_file_changes(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data file is unpacked and hashed once; another content under its name is seen, and leaves no old copy."""
    np.savez(tmp_path / "mnist.npz", **small_arrays())
    first = load_dataset("mnist", tmp_path, alone)
    with monkeypatch.context() as patched:
        patched.setattr(dataset, "npz_arrays", lambda *_: pytest.fail("unpacked twice"))
        again = load_dataset("mnist", tmp_path, alone)
    assert again.digest == first.digest
    assert all(np.array_equal(again.arrays[name], first.arrays[name]) for name in ARRAY_NAMES)
    assert not again.x_train.flags.writeable
    np.savez(tmp_path / "mnist.npz", **small_arrays(seed=1))
    assert load_dataset("mnist", tmp_path, alone).digest != first.digest
    assert len(list((alone / "datasets").glob("mnist-copy-*"))) == 1


def test_labels_come_in_keras_shapes(alone: Path, tmp_path: Path) -> None:
    """Flat or wide whole-number labels become uint8 of Keras' own shape, images lose a needless axis."""
    arrays = small_arrays()
    arrays["x_train"] = arrays["x_train"][..., None]
    arrays["y_test"] = arrays["y_test"].astype(np.int64)[:, None]
    np.savez(tmp_path / "mnist.npz", **arrays)
    mnist = load_dataset("mnist", tmp_path, alone)
    assert mnist.x_train.shape == (400, 28, 28)
    assert (mnist.y_test.shape, mnist.y_test.dtype) == ((150,), np.uint8)


def broken_files() -> dict[str, dict[str, np.ndarray] | bytes]:
    good = small_arrays()
    return {
        "no zip": b"this is no npz file",
        "empty": b"",
        "missing array": {name: good[name] for name in ARRAY_NAMES[:3]},
        "float images": {**good, "x_train": good["x_train"] / 255},
        "colour": {**good, "x_test": np.zeros((150, 32, 32, 3), np.uint8)},
        "rows differ": {**good, "y_train": good["y_train"][:-1]},
        "class 10": {**good, "y_train": np.full(400, 10)},
        "pickled": {**good, "y_train": np.array([{}] * 400, object)},
    }


@pytest.mark.parametrize("fault", broken_files())
def test_a_bad_file_is_one_clear_line(fault: str, alone: Path, tmp_path: Path) -> None:
    """A damaged or foreign file in the teacher's folder is named in one line, never replaced in silence."""
    content = broken_files()[fault]
    if isinstance(content, bytes):
        (tmp_path / "mnist.npz").write_bytes(content)
    else:
        np.savez(tmp_path / "mnist.npz", **content)
    with pytest.raises(UserError) as raised:
        load_dataset("mnist", tmp_path, alone)
    assert "mnist.npz" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_folder_is_the_users_mistake(alone: Path, tmp_path: Path) -> None:
    """A data folder that does not exist is an error, not a silent stand-in."""
    with pytest.raises(UserError, match="does not exist"):
        load_dataset("mnist", tmp_path / "nowhere", alone)


def test_an_unknown_name_lists_the_known(alone: Path) -> None:
    """An unknown data set's error lists those that are known."""
    with pytest.raises(UserError, match="mnist, fashion_mnist, cifar10, cifar100"):
        load_dataset("imagenet", None, alone)


def test_a_data_set_without_stand_in_says_what_to_do(alone: Path) -> None:
    """Where nothing can stand in, the error names the file to provide."""
    with pytest.raises(UserError, match=r"fashion_mnist\.npz"):
        load_dataset("fashion_mnist", None, alone)


def test_keras_cache_serves_mnist(alone: Path, tmp_path: Path) -> None:
    """What Keras once downloaded is used."""
    (tmp_path / "keras/datasets").mkdir(parents=True)
    np.savez(tmp_path / "keras/datasets/mnist.npz", **small_arrays())
    assert "Keras' cache" in load_dataset("mnist", None, alone).source


@pytest.mark.parametrize("place", ["cifar-10-batches-py", "cifar-10-batches-py-target/cifar-10-batches-py"])
def test_keras_cache_serves_cifar(place: str, alone: Path, tmp_path: Path) -> None:
    """CIFAR's batches are read from where Keras 2 and Keras 3 put them, colours last."""
    folder = cifar_folder(tmp_path / "keras/datasets" / place)
    cifar = load_dataset("cifar10", None, alone)
    assert cifar.x_train.shape == (3 + 4 + 5 + 6 + 7, 32, 32, 3)
    assert cifar.y_test.shape == (8, 1)
    first = pickle.loads((folder / "data_batch_1").read_bytes())[b"data"][0]
    assert np.array_equal(cifar.x_train[0, :, :, 2].reshape(-1), first[2048:])


def test_cifar_archives_are_read_in_place(alone: Path, tmp_path: Path) -> None:
    """The archive that Keras 2 left behind is read without unpacking it."""
    folder = cifar_folder(tmp_path / "cifar-10-batches-py")
    (tmp_path / "keras/datasets").mkdir(parents=True)
    with tarfile.open(tmp_path / "keras/datasets/cifar-10-batches-py.tar.gz", "w:gz") as archive:
        archive.add(folder, "cifar-10-batches-py")
    assert len(load_dataset("cifar10", None, alone).x_test) == 8


class _Opens:
    """Unpickling this would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_a_crafted_pickle_runs_nothing(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch file that names any function but NumPy's own is refused, and nothing of it runs."""
    folder = cifar_folder(tmp_path / "keras/datasets/cifar-10-batches-py")
    (folder / "test_batch").write_bytes(pickle.dumps(_Opens(tmp_path / "written"), protocol=2))
    monkeypatch.setattr(image_sets.KerasImages, "standin", lambda _: None)
    with pytest.raises(UserError, match=r"cifar10\.npz"):
        load_dataset("cifar10", None, alone)
    assert not (tmp_path / "written").exists()


def test_an_unreachable_network_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed download is remembered, and not tried again soon."""
    asked: list[str] = []
    monkeypatch.delenv("LABGRADE_OFFLINE", raising=False)
    monkeypatch.setattr(download, "_content", asked.append)
    assert download.download_files("mnist", tmp_path) is None
    assert download.download_files("mnist", tmp_path) is None
    assert len(asked) == 1


def test_a_silent_network_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that never answers is given up after the connection time."""
    monkeypatch.setattr(download, "_CONNECT_SECONDS", 0.2)
    released = threading.Event()

    def never_answers(*_arguments: object, **_options: object) -> None:
        released.wait(120)
        raise OSError

    monkeypatch.setattr(download.urllib.request, "urlopen", never_answers)
    started = time.monotonic()
    assert download._content("https://example.invalid/mnist.npz") is None
    assert time.monotonic() - started < 60
    released.set()


def test_a_download_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download whose content is not the expected one is not used."""
    buffer = io.BytesIO()
    np.savez(buffer, **small_arrays())
    monkeypatch.delenv("LABGRADE_OFFLINE", raising=False)
    monkeypatch.setattr(download, "_content", lambda _address: buffer.getvalue())
    assert download.download_files("mnist", tmp_path) is None


def test_a_good_download_is_kept(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download is checked, stored as arrays, and not repeated."""
    buffer = io.BytesIO()
    np.savez(buffer, **small_arrays())
    content = {"mnist.npz": ("https://example.invalid/", download._hash(buffer.getvalue(), "0" * 64))}
    monkeypatch.setenv("LABGRADE_OFFLINE", "0")
    monkeypatch.setitem(download.FILES, "mnist", content)
    monkeypatch.setattr(download, "_content", lambda _address: buffer.getvalue())
    first = load_dataset("mnist", None, alone)
    monkeypatch.setattr(download, "_content", lambda _address: pytest.fail("downloaded twice"))
    again = load_dataset("mnist", None, alone)
    assert first.digest == again.digest
    assert "downloaded" in again.source


def test_fashion_files_are_read() -> None:
    """The four gzipped files of Fashion-MNIST give the four arrays."""
    arrays = small_arrays()
    names = {"x_train": "train-images-idx3", "y_train": "train-labels-idx1", "x_test": "t10k-images-idx3"}
    names["y_test"] = "t10k-labels-idx1"
    gzipped = {
        f"{file}-ubyte.gz": gzip.compress(bytes(16 if "images" in file else 8) + arrays[name].tobytes())
        for name, file in names.items()
    }
    read = files.fashion_arrays(gzipped)
    assert all(np.array_equal(read[name], arrays[name]) for name in ARRAY_NAMES)


def test_a_half_written_store_is_made_anew(tmp_path: Path) -> None:
    """A store folder that lacks a file counts as absent and is replaced whole."""
    arrays = small_arrays()
    digest = store_arrays(tmp_path / "mnist", arrays)
    (tmp_path / "mnist/x_test.npy").unlink()
    assert load_arrays(tmp_path / "mnist") is None
    assert store_arrays(tmp_path / "mnist", arrays) == digest
    kept = load_arrays(tmp_path / "mnist")
    assert kept is not None
    assert not kept[0]["x_train"].flags.writeable
    assert [path.name for path in tmp_path.iterdir()] == ["mnist"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data sets are not at hand")
def test_the_real_subset_is_named(alone: Path) -> None:
    """Part of CIFAR-10 is served and called a part."""
    cifar = load_dataset("cifar10", SHARED, alone)
    assert "cifar10_subset.npz" in cifar.source
    assert "5,085 training" in cifar.source
