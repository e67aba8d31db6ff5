"""Data sets that a teacher adds: checked, kept whole or not at all, found by later runs."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from datasets_support import SHARED, small_arrays

from grader.cli import main
from grader.datasets.adding import add_dataset
from grader.datasets.array_files import own_folder
from grader.datasets.sources import load_dataset
from grader.errors import UserError


def labgrade(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def cifar_archive(path: Path, batch: object = None) -> Path:
    """An archive as the authors of CIFAR-10 write it, of two images a batch."""
    images = np.arange(2 * 3072, dtype=np.uint32).astype(np.uint8).reshape(2, 3072)
    content = pickle.dumps({b"data": images, b"labels": [3, 7]} if batch is None else batch, protocol=2)
    with tarfile.open(path, "w:gz") as archive:
        for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_an_added_data_set_is_found(alone: Path, tmp_path: Path) -> None:
    """What was added serves every later run, and is named as the source."""
    path = tmp_path / "my_mnist.npz"
    np.savez(path, **small_arrays())
    printed = labgrade("data", "add", path)
    assert printed.exit_code == 0, printed.output
    assert "400 training and 150 test images" in printed.output
    found = load_dataset("mnist", None, alone)
    assert found.place == own_folder() / "mnist.npz"
    assert "from mnist.npz in labgrade's data folder" in found.source
    again = labgrade("data", "add", path)
    assert "there already" in again.output


def test_another_one_is_not_replaced_unasked(alone: Path, tmp_path: Path) -> None:
    """A data set that is there stays until --replace is given."""
    one, other = tmp_path / "mnist.npz", tmp_path / "mnist2.npz"
    np.savez(one, **small_arrays(1))
    np.savez(other, **small_arrays(2))
    first = add_dataset(one, None, tmp_path / "data")
    with pytest.raises(UserError, match="--replace"):
        add_dataset(other, None, tmp_path / "data")
    assert add_dataset(other, None, tmp_path / "data", replace=True).digest != first.digest
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["mnist.npz"]


def test_a_cifar_archive_is_read_without_running_it(alone: Path, tmp_path: Path) -> None:
    """Its batches are pickles: arrays come out, anything else is refused and nothing of it happens."""
    added = add_dataset(cifar_archive(tmp_path / "cifar-10-python.tar.gz"), None, tmp_path / "data")
    assert (added.name, added.rows, added.real) == ("cifar10", (10, 2), None)

    class Touch:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "touched",)

    hostile = cifar_archive(tmp_path / "other-cifar10.tar.gz", Touch())
    with pytest.raises(UserError, match="cannot be read as cifar10"):
        add_dataset(hostile, None, tmp_path / "elsewhere")
    assert not (tmp_path / "touched").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_of_gzipped_files(alone: Path, tmp_path: Path) -> None:
    """Fashion-MNIST as its authors offer it."""
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for part, rows in (("train", 3), ("t10k", 2)):
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0" * 16 + b"\7" * rows * 784))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"\0" * 8 + b"\1" * rows))
    added = add_dataset(folder, None, tmp_path / "data")
    assert (added.name, added.rows) == ("fashion_mnist", (3, 2))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("mnist.npz", b"PK\3\4 cut off", "cannot be read as mnist"),
        ("mnist.npz", b"plain text", "holds no mnist"),
        ("cifar10.tar.gz", gzip.compress(b"no archive", mtime=0), "cannot be read as cifar10"),
        ("pictures.npz", b"", "--name"),
    ],
)
def test_a_wrong_file_is_one_line(alone: Path, tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """It says what is wrong and what is wanted; exit code 2, nothing is kept."""
    (tmp_path / name).write_bytes(content)
    printed = labgrade("data", "add", tmp_path / name)
    assert printed.exit_code == 2
    assert said in printed.output
    assert printed.output.count("\n") == 1
    assert not own_folder().exists()


def test_wrong_shapes_are_named(alone: Path, tmp_path: Path) -> None:
    """Digits are no CIFAR-10."""
    np.savez(tmp_path / "mnist.npz", **small_arrays())
    printed = labgrade("data", "add", tmp_path / "mnist.npz", "--name", "cifar10")
    assert printed.exit_code == 2
    assert "x_train has shape (400, 28, 28)" in printed.output


def test_the_list_says_what_to_do(alone: Path, tmp_path: Path) -> None:
    """Each data set of the labs: who needs it, where it came from, what to do where it is a stand-in."""
    folder = tmp_path / "data"
    folder.mkdir()
    np.savez(folder / "mnist.npz", **small_arrays())
    printed = labgrade("data", "list", "--data", folder, "--cache", alone)
    assert printed.exit_code == 0, printed.output
    assert f"{folder / 'mnist.npz'}" in printed.output
    assert "mnist-dropout" in printed.output
    assert "labgrade data add FILE --name cifar10" in printed.output
    assert "labgrade data add FILE --name mnist" not in printed.output


@pytest.mark.skipif(not (SHARED / "mnist.npz").is_file(), reason="the real MNIST is not at hand")
def test_the_real_mnist_is_known(alone: Path, tmp_path: Path) -> None:
    """Its arrays are recognised whatever file they come in."""
    assert add_dataset(SHARED / "mnist.npz", None, tmp_path).real is True
