"""Data sets in files: `.npz` as a teacher places them, Keras' own archives, and labgrade's arrays on disk.

The readers give what a file holds; whether that is the data set that it should be, its declaration checks. Labgrade's
own arrays are one `.npy` file each: quick to load, written atomically, never pickled.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from platformdirs import user_data_path

from grader.errors import UserError
from grader.facts.datasets import ARRAY_NAMES, CIFAR10, CIFAR100, FASHION, MNIST
from grader.records import Array

_FASHION = {
    "x_train": ("train-images-idx3-ubyte.gz", 16),
    "y_train": ("train-labels-idx1-ubyte.gz", 8),
    "x_test": ("t10k-images-idx3-ubyte.gz", 16),
    "y_test": ("t10k-labels-idx1-ubyte.gz", 8),
}
"""File and length of its header; format: https://github.com/zalandoresearch/fashion-mnist, as that of MNIST."""

_CIFAR = {
    CIFAR10: ("cifar-10-batches-py", [f"data_batch_{i}" for i in range(1, 6)], "test_batch", b"labels"),
    CIFAR100: ("cifar-100-python", ["train"], "test", b"fine_labels"),
}
"""Folder, training files, test file, key of the labels; format: https://www.cs.toronto.edu/~kriz/cifar.html."""

DAMAGED = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, MemoryError),
    *(pickle.UnpicklingError, tarfile.TarError, zipfile.BadZipFile, zlib.error),
)
"""What the readers raise over files that are not what they seem."""

_CONTENTS = "contents.json"
"""The file beside the arrays on disk that tells their shapes and digest."""

_BATCH_BYTES = 200_000_000
"""The largest real batch (CIFAR-100's) has 155 MB."""


def npz_arrays(path: Path) -> dict[str, Array]:
    """Those arrays in the `.npz` file at `path` that have Keras' names; pickled content is refused.

    Raises `UserError` when the file is damaged or is none.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("not an npz archive")
            return {key: archive[key] for key in ARRAY_NAMES if key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} cannot be read as an npz file ({reason}): replace or remove it.") from None


def own_folder() -> Path:
    """Labgrade's own data folder: what `labgrade data add` puts there, every later run finds."""
    return user_data_path("labgrade", appauthor=False) / "datasets"


def keras_cache() -> Path:
    """Keras' own folder of downloaded data sets."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def keras_files(name: str, folder: Path) -> tuple[Path, ...]:
    """The files in Keras' cache at `folder` from which `keras_cache_arrays` may take `name`."""
    if name == MNIST:
        wanted = [folder / "mnist.npz"]
    elif name == FASHION:
        wanted = [folder / "fashion-mnist" / file for file, _ in _FASHION.values()]
    else:
        _, train, test, _ = _CIFAR[name]
        wanted = [place / file for place in _cifar_folders(name, folder) for file in [*train, test]]
        wanted += _cifar_archives(name, folder)
    return tuple(path for path in wanted if path.is_file())


def keras_cache_arrays(name: str, folder: Path) -> dict[str, Array] | None:
    """The arrays of `name` in Keras' cache at `folder`, or `None` when they are not there or not whole."""
    try:
        if name == MNIST:
            path = folder / "mnist.npz"
            return npz_arrays(path) if path.is_file() else None
        if name == FASHION:
            place = folder / "fashion-mnist"
            return fashion_arrays({file: (place / file).read_bytes() for file, _ in _FASHION.values()})
        return _cifar_cached(name, folder)
    except (UserError, OSError, ValueError, EOFError, KeyError, TypeError, pickle.UnpicklingError, tarfile.TarError):
        return None


def fashion_arrays(files: dict[str, bytes]) -> dict[str, Array]:
    """Fashion-MNIST from its four gzipped files, by file name."""
    arrays: dict[str, Array] = {}
    for array_name, (file, header) in _FASHION.items():
        with gzip.open(io.BytesIO(files[file])) as stream:
            content = np.frombuffer(stream.read(_BATCH_BYTES), np.uint8, offset=header)
        arrays[array_name] = content.reshape(-1, 28, 28) if array_name.startswith("x") else content
    return arrays


def image_file_arrays(name: str, files: dict[str, bytes]) -> dict[str, Array] | None:
    """The arrays of `name` in the files that its authors offer, by file name; `None` where they are damaged."""
    try:
        if name == FASHION:
            return fashion_arrays(files)
        (content,) = files.values()
        if name in _CIFAR:
            return cifar_archive_arrays(name, io.BytesIO(content))
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {key: archive[key] for key in ARRAY_NAMES}
    except DAMAGED:
        return None


def cifar_archive_arrays(name: str, archive: BinaryIO) -> dict[str, Array]:
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


def _cifar_cached(name: str, folder: Path) -> dict[str, Array] | None:
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


def _cifar_arrays(name: str, files: dict[str, bytes]) -> dict[str, Array]:
    _, train, test, key = _CIFAR[name]
    arrays: dict[str, Array] = {}
    for split, names in (("train", train), ("test", [test])):
        batches = [_DataUnpickler(io.BytesIO(files[file]), encoding="bytes").load() for file in names]
        images = np.concatenate([batch[b"data"] for batch in batches])
        arrays[f"x_{split}"] = images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        arrays[f"y_{split}"] = np.concatenate([np.asarray(batch[key]) for batch in batches])
    return arrays


class _DataUnpickler(pickle.Unpickler):
    """Unpickles NumPy arrays and plain containers; everything else is refused."""

    def find_class(self, module: str, name: str) -> object:
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


def arrays_digest(arrays: Mapping[str, Array]) -> str:
    """SHA-256 over names, shapes, types and bytes of `arrays`, as hex digits."""
    digest = hashlib.sha256()
    for name in ARRAY_NAMES:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.shape}:{array.dtype.str};".encode())
        digest.update(array.reshape(-1).data)
    return digest.hexdigest()


def load_arrays(folder: Path) -> tuple[dict[str, Array], str] | None:
    """The four arrays in `folder` and their digest, or `None` when they are not there or damaged.

    They are mapped, not read: who needs the digest alone reads no images, and processes share what they do read.
    """
    try:
        contents = json.loads((folder / _CONTENTS).read_text(encoding="utf-8"))
        arrays = {name: np.asarray(np.load(folder / f"{name}.npy", "r", False)) for name in ARRAY_NAMES}
        digest = contents["digest"]
        shapes = {name: list(array.shape) for name, array in arrays.items()}
    except (OSError, ValueError, EOFError, KeyError, TypeError):
        return None
    if not isinstance(digest, str) or contents.get("shapes") != shapes:
        return None
    for array in arrays.values():
        array.flags.writeable = False
    return arrays, digest


def store_arrays(folder: Path, arrays: Mapping[str, Array]) -> str:
    """Write the four arrays into `folder` at one stroke; the digest of their content.

    Raises `OSError` when the folder cannot be written.
    """
    digest = arrays_digest(arrays)
    contents = {"digest": digest, "shapes": {name: list(arrays[name].shape) for name in ARRAY_NAMES}}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        for name in ARRAY_NAMES:
            np.save(fresh / f"{name}.npy", arrays[name], allow_pickle=False)
        (fresh / _CONTENTS).write_text(json.dumps(contents), encoding="utf-8")
        _put(fresh, folder)
    return digest


def _put(fresh: Path, folder: Path) -> None:
    for _ in range(2):
        try:
            fresh.rename(folder)
        except OSError:
            # another process may have been quicker; what is damaged makes room
            if load_arrays(folder) is not None:
                return
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return
    fresh.rename(folder)
