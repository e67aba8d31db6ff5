"""A data set that a teacher has in some file, checked and kept in a data folder."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.datasets.dataset import ARRAY_NAMES, LAYOUTS, Bytes, arrays_digest
from grader.datasets.download import FILES
from grader.datasets.files import DAMAGED, cifar_archive_arrays, fashion_arrays, keras_cached_arrays, npz_arrays
from grader.errors import UserError

_NAMES = (
    ("fashion_mnist", re.compile(r"fashion", re.IGNORECASE)),
    ("cifar100", re.compile(r"cifar[-_]?100", re.IGNORECASE)),
    ("cifar10", re.compile(r"cifar[-_]?10(?!0)", re.IGNORECASE)),
    ("mnist", re.compile(r"(?<!fashion)(?<!fashion[-_])mnist", re.IGNORECASE)),
)
_REAL = {"mnist": "9b0a229906e6fd1b874a1aad38ac88fdcc30b4fe022388f7deb638d6b10dc102"}
"""Digests (`arrays_digest`) of complete data sets that were seen to be real."""
_BYTES = 3_000_000_000


@dataclass(frozen=True)
class Added:
    """A data set that was put into a folder."""

    name: str
    path: Path
    rows: tuple[int, int]
    """Training and test images."""
    digest: str
    """SHA-256 over names, shapes and bytes of the arrays."""
    real: bool | None
    """Whether these are the real data set's very arrays; `None` where labgrade does not know them."""
    known: bool
    """It lay there already."""


def added_dataset(path: Path, name: str | None, folder: Path, replace: bool = False) -> Added:
    """Check the data set in the file or folder `path` and write it to `folder` as an npz file.

    `name` is its name as in `keras.datasets`; `None` takes it from the file's. Raises `UserError` where it is none, or
    where another one lies there and `replace` is not given.
    """
    name = name or _name_of(path)
    arrays = _arrays(path, name)
    digest = arrays_digest(arrays)
    place = folder / f"{name}.npz"
    known = False
    if place.is_file() and not replace:
        known = _digest_in(name, place) == digest
        if not known:
            raise UserError(f"{place} is another {name} already; remove it, or add with --replace")
    if not known:
        _write(arrays, place)
    rows = len(arrays["x_train"]), len(arrays["x_test"])
    real = True if _is_the_authors(path, name) else is_real(name, digest, rows)
    return Added(name, place, rows, digest, real, known)


def is_real(name: str, digest: str, rows: tuple[int, int]) -> bool | None:
    """Whether arrays with that digest are the real data set `name`; `None` where labgrade cannot tell."""
    return digest == _REAL[name] if name in _REAL and rows == LAYOUTS[name].rows else None


def _is_the_authors(path: Path, name: str) -> bool:
    """Whether the file has the very bytes that its authors, or Keras, offer."""
    known = {digest for _, digest in FILES.get(name, {}).values() if len(digest) == 64}
    if not known or not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() in known


def _name_of(path: Path) -> str:
    for text in (path.name, path.resolve().parent.name):
        for name, pattern in _NAMES:
            if pattern.search(text):
                return name
    raise UserError(f"{path}: which data set is it? Say so with --name, one of {', '.join(LAYOUTS)}")


def _arrays(path: Path, name: str) -> dict[str, Bytes]:
    if name not in LAYOUTS:
        raise UserError(f"--name {name}: labgrade knows {', '.join(LAYOUTS)}")
    if not path.exists():
        raise UserError(f"{path} does not exist")
    try:
        found = _from_folder(path, name) if path.is_dir() else _from_file(path, name)
    except UserError:
        raise
    except DAMAGED as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UserError(f"{path} cannot be read as {name} ({reason}): is it the right file, and whole?") from None
    if found is None:
        raise UserError(f"{path} holds no {name}: give {_wanted(name)}")
    return found


def _from_file(path: Path, name: str) -> dict[str, Bytes] | None:
    size = path.stat().st_size
    if size > _BYTES:
        raise UserError(f"{path} has {size / 1e9:.1f} GB: no data set that labgrade knows is that large")
    with path.open("rb") as stream:
        begin = stream.read(4)
    if begin[:2] == b"PK":
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > _BYTES:
            raise UserError(f"{path} would unpack to {unpacked / 1e9:.1f} GB: that is no data set")
        return npz_arrays(name, path)
    if begin[:2] == b"\x1f\x8b" and name.startswith("cifar"):
        with path.open("rb") as stream:
            return cifar_archive_arrays(name, stream)
    return None


def _from_folder(path: Path, name: str) -> dict[str, Bytes] | None:
    """What Keras' cache, its parts, or the unpacked archive of the authors hold."""
    file = path / f"{name}.npz"
    if file.is_file():
        return _from_file(file, name)
    images = path / "train-images-idx3-ubyte.gz"
    if images.is_file() and name in ("mnist", "fashion_mnist"):
        files = {entry.name: entry.read_bytes() for entry in path.glob("*-ubyte.gz") if entry.stat().st_size < _BYTES}
        return fashion_arrays(files)
    if name.startswith("cifar"):
        unpacked = any((path / file).is_file() for file in ("test_batch", "test"))
        archives = [entry for entry in sorted(path.glob("*.tar.gz")) if _NAMES[_PLACES[name]][1].search(entry.name)]
        return (
            keras_cached_arrays(name, path)
            or (keras_cached_arrays(name, path.parent) if unpacked else None)
            or (_from_file(archives[0], name) if archives else None)
        )
    return keras_cached_arrays(name, path)


_PLACES = {name: place for place, (name, _) in enumerate(_NAMES)}


def _wanted(name: str) -> str:
    arrays = ", ".join(ARRAY_NAMES)
    if name.startswith("cifar"):
        archive = "cifar-10-python.tar.gz" if name == "cifar10" else "cifar-100-python.tar.gz"
        return f"{archive}, its unpacked folder, or an npz file with {arrays}"
    if name == "fashion_mnist":
        return f"the folder with its four *-ubyte.gz files, or an npz file with {arrays}"
    return f"an npz file with {arrays}, or Keras' folder of data sets"


def _digest_in(name: str, place: Path) -> str | None:
    with suppress(UserError):
        return arrays_digest(npz_arrays(name, place))
    return None


def _write(arrays: Mapping[str, Bytes], place: Path) -> None:
    """Whoever reads sees all of it or nothing."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".draft-", suffix=".npz")
    except OSError as error:
        said = f"{place.parent} cannot be written ({error.strerror}); name another folder with --data"
        raise UserError(said) from None
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **{name: arrays[name] for name in ARRAY_NAMES})
        Path(draft).chmod(0o644)
        Path(draft).replace(place)
    except OSError as error:
        raise UserError(f"{place} could not be written ({error.strerror})") from None
    finally:
        with suppress(FileNotFoundError):
            Path(draft).unlink()
