"""Data sets in files: `.npz` as a teacher places them, and what Keras left in its own cache."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_data_path

from grader.datasets.dataset import ARRAY_NAMES, Bytes, checked_arrays
from grader.errors import UserError

_FASHION = {
    "x_train": ("train-images-idx3-ubyte.gz", 16),
    "y_train": ("train-labels-idx1-ubyte.gz", 8),
    "x_test": ("t10k-images-idx3-ubyte.gz", 16),
    "y_test": ("t10k-labels-idx1-ubyte.gz", 8),
}
"""File and length of its header; format: https://github.com/zalandoresearch/fashion-mnist, as that of MNIST."""

_CIFAR = {
    "cifar10": ("cifar-10-batches-py", [f"data_batch_{i}" for i in range(1, 6)], "test_batch", b"labels"),
    "cifar100": ("cifar-100-python", ["train"], "test", b"fine_labels"),
}
"""Folder, training files, test file, key of the labels; format: https://www.cs.toronto.edu/~kriz/cifar.html."""

DAMAGED = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, MemoryError),
    *(pickle.UnpicklingError, tarfile.TarError, zipfile.BadZipFile, zlib.error),
)
"""What the readers raise over files that are not what they seem."""

_BATCH_BYTES = 200_000_000
"""The largest real batch (CIFAR-100's) has 155 MB."""


def npz_arrays(name: str, path: Path) -> dict[str, Bytes]:
    """The arrays of data set `name` in the `.npz` file at `path`; pickled content is refused.

    Raises `UserError` when the file is damaged or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("not an npz archive")
            arrays = {key: archive[key] for key in ARRAY_NAMES if key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} cannot be read as an npz file ({reason}): replace or remove it.") from None
    return checked_arrays(name, arrays, str(path))


def own_folder() -> Path:
    """Labgrade's own data folder: what `labgrade data add` puts there, every later run finds."""
    return user_data_path("labgrade", appauthor=False) / "datasets"


def keras_cache() -> Path:
    """Keras' own folder of downloaded data sets."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def keras_files(name: str, folder: Path) -> tuple[Path, ...]:
    """The files in Keras' cache at `folder` from which `keras_cached_arrays` may take `name`."""
    if name == "mnist":
        wanted = [folder / "mnist.npz"]
    elif name == "fashion_mnist":
        wanted = [folder / "fashion-mnist" / file for file, _ in _FASHION.values()]
    else:
        _, train, test, _ = _CIFAR[name]
        wanted = [place / file for place in _cifar_folders(name, folder) for file in [*train, test]]
        wanted += _cifar_archives(name, folder)
    return tuple(path for path in wanted if path.is_file())


def keras_cached_arrays(name: str, folder: Path) -> dict[str, Bytes] | None:
    """The arrays of `name` in Keras' cache at `folder`, or `None` when they are not there or not whole."""
    try:
        if name == "mnist":
            path = folder / "mnist.npz"
            return npz_arrays(name, path) if path.is_file() else None
        if name == "fashion_mnist":
            place = folder / "fashion-mnist"
            return fashion_arrays({file: (place / file).read_bytes() for file, _ in _FASHION.values()})
        return _cifar_cached(name, folder)
    except (UserError, OSError, ValueError, EOFError, KeyError, TypeError, pickle.UnpicklingError, tarfile.TarError):
        return None


def fashion_arrays(files: dict[str, bytes]) -> dict[str, Bytes]:
    """Fashion-MNIST from its four gzipped files, by file name."""
    arrays: dict[str, NDArray[Any]] = {}
    for array_name, (file, header) in _FASHION.items():
        with gzip.open(io.BytesIO(files[file])) as stream:
            content = np.frombuffer(stream.read(_BATCH_BYTES), np.uint8, offset=header)
        arrays[array_name] = content.reshape(-1, 28, 28) if array_name.startswith("x") else content
    return checked_arrays("fashion_mnist", arrays, "Fashion-MNIST")


def cifar_archive_arrays(name: str, archive: BinaryIO) -> dict[str, Bytes]:
    """CIFAR-10 or CIFAR-100 from the gzipped tar file of its authors, read without unpacking it to disk.

    Raises `KeyError`, `pickle.UnpicklingError` or `tarfile.TarError` when it is not that archive.
    """
    folder = _CIFAR[name][0]
    with tarfile.open(fileobj=archive, mode="r:gz") as members:

        def content(file: str) -> bytes:
            member = members.extractfile(f"{folder}/{file}")
            if member is None:
                raise KeyError(file)
            return member.read(_BATCH_BYTES)

        _, train, test, _ = _CIFAR[name]
        return _cifar_arrays(name, {file: content(file) for file in [*train, test]})


def _cifar_cached(name: str, folder: Path) -> dict[str, Bytes] | None:
    _, train, test, _ = _CIFAR[name]
    for place in _cifar_folders(name, folder):
        if (place / test).is_file():
            return _cifar_arrays(name, {file: (place / file).read_bytes()[:_BATCH_BYTES] for file in [*train, test]})
    for archive in _cifar_archives(name, folder):
        if archive.is_file():
            with archive.open("rb") as stream:
                return cifar_archive_arrays(name, stream)
    return None


def _cifar_folders(name: str, folder: Path) -> tuple[Path, ...]:
    """Keras 3 unpacks into "<name>-target", Keras 2 beside the archive."""
    inner = _CIFAR[name][0]
    return folder / f"{inner}-target" / inner, folder / inner


def _cifar_archives(name: str, folder: Path) -> tuple[Path, ...]:
    inner = _CIFAR[name][0]
    ends = (f"{inner}-target_archive", f"{inner}.tar.gz", f"{inner.replace('-batches-py', '-python')}.tar.gz")
    return tuple(folder / end for end in ends)


def _cifar_arrays(name: str, files: dict[str, bytes]) -> dict[str, Bytes]:
    _, train, test, key = _CIFAR[name]
    arrays: dict[str, NDArray[Any]] = {}
    for split, names in (("train", train), ("test", [test])):
        batches = [_DataUnpickler(io.BytesIO(files[file]), encoding="bytes").load() for file in names]
        images = np.concatenate([batch[b"data"] for batch in batches])
        arrays[f"x_{split}"] = images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        arrays[f"y_{split}"] = np.concatenate([np.asarray(batch[key]) for batch in batches])
    return checked_arrays(name, arrays, name)


class _DataUnpickler(pickle.Unpickler):
    """Unpickles NumPy arrays and plain containers; everything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a data set")


def _latin1(text: str, encoding: str) -> bytes:
    """Protocol 2 written by Python 3 spells bytes as `_codecs.encode(text, 'latin1')`."""
    if encoding != "latin1":
        raise pickle.UnpicklingError("only latin1 is known")
    return text.encode("latin1")
