"""A data set that a teacher has in some file, checked and kept in a data folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.datasets.array_files import (
    DAMAGED,
    arrays_digest,
    cifar_archive_arrays,
    fashion_arrays,
    keras_cache_arrays,
    npz_arrays,
)
from grader.datasets.dataset import NAME, declaration
from grader.datasets.sources import FILES
from grader.datasets.table import Table
from grader.errors import UserError
from grader.facts.datasets import ARRAY_NAMES, CIFAR10, FASHION, IMAGE_SETS, MNIST, image_set_in
from grader.records import Array

_TABLES = frozenset({".csv", ".tsv"})
_REAL = {MNIST: "9b0a229906e6fd1b874a1aad38ac88fdcc30b4fe022388f7deb638d6b10dc102"}
"""Digests (`arrays_digest`) of complete data sets that were seen to be real."""
_BYTES = 3_000_000_000


@dataclass(frozen=True)
class Addition:
    """A data set that was put into a folder."""

    name: str
    path: Path
    rows: tuple[int, int]
    """Training and test rows."""
    digest: str
    """SHA-256 over names, shapes and bytes of the arrays."""
    real: bool | None
    """Whether these are the real data set's very arrays; `None` where labgrade does not know them."""
    known: bool
    """It lay there already."""
    noun: str
    """What the examples are called: `images` or `rows`."""


def add_dataset(
    path: Path,
    name: str | None,
    folder: Path,
    replace: bool = False,
    targets: Sequence[str] = (),
    classes: bool = False,
) -> Addition:
    """Check the data set in the file or folder `path` and write it to `folder` as an npz file.

    `name` is what rubrics call it, for Keras' image sets as in `keras.datasets`; `None` takes it from the file's.
    `targets` are the columns of a table that are to be predicted, `classes` says that the one there is is a class.
    Raises `UserError` where it is no data set, or where another one lies there and `replace` is not given.
    """
    name = name or _name_of(path)
    if not NAME.fullmatch(name):
        raise UserError(f"--name {name}: use letters, digits, '-' and '_'.")
    arrays = _table_arrays(path, name, targets, classes) if path.suffix in _TABLES else _arrays(path, name)
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
    return Addition(name, place, rows, digest, real, known, "images" if name in IMAGE_SETS else "rows")


def is_real(name: str, digest: str, rows: tuple[int, int]) -> bool | None:
    """Whether arrays with that digest are the real data set `name`; `None` where labgrade cannot tell."""
    return digest == _REAL[name] if name in _REAL and rows == IMAGE_SETS[name].rows else None


def _is_the_authors(path: Path, name: str) -> bool:
    """Whether the file has the very bytes that its authors, or Keras, offer."""
    known = {digest for _, digest in FILES.get(name, {}).values() if len(digest) == 64}
    if not known or not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() in known


def _name_of(path: Path) -> str:
    for text in (path.name, path.resolve().parent.name):
        name = image_set_in(text)
        if name is not None:
            return name
    if path.suffix in _TABLES:
        return path.stem
    known = ", ".join(IMAGE_SETS)
    raise UserError(f"{path}: which data set is it? Say so with --name: one of {known}, or a name of your own")


def _table_arrays(path: Path, name: str, targets: Sequence[str], classes: bool) -> dict[str, Array]:
    if not targets:
        raise UserError(f"{path}: which column is to be predicted? Say so with --target")
    return declaration(name).check(Table(name, name, path, tuple(targets), classes).source_arrays(), str(path))


def _arrays(path: Path, name: str) -> dict[str, Array]:
    if not path.exists():
        raise UserError(f"{path} does not exist")
    if name not in IMAGE_SETS:
        return declaration(name).read(path)
    try:
        found = _from_folder(path, name) if path.is_dir() else _from_file(path, name)
    except UserError:
        raise
    except DAMAGED as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UserError(f"{path} cannot be read as {name} ({reason}): is it the right file, and whole?") from None
    if found is None:
        raise UserError(f"{path} holds no {name}: give {_wanted(name)}")
    return declaration(name).check(found, str(path))


def _from_file(path: Path, name: str) -> dict[str, Array] | None:
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
        return npz_arrays(path)
    if begin[:2] == b"\x1f\x8b" and name.startswith("cifar"):
        with path.open("rb") as stream:
            return cifar_archive_arrays(name, stream)
    return None


def _from_folder(path: Path, name: str) -> dict[str, Array] | None:
    """What Keras' cache, its parts, or the unpacked archive of the authors hold."""
    file = path / f"{name}.npz"
    if file.is_file():
        return _from_file(file, name)
    images = path / "train-images-idx3-ubyte.gz"
    if images.is_file() and name in (MNIST, FASHION):
        files = {entry.name: entry.read_bytes() for entry in path.glob("*-ubyte.gz") if entry.stat().st_size < _BYTES}
        return fashion_arrays(files)
    if name.startswith("cifar"):
        unpacked = any((path / file).is_file() for file in ("test_batch", "test"))
        archives = [entry for entry in sorted(path.glob("*.tar.gz")) if image_set_in(entry.name) == name]
        return (
            keras_cache_arrays(name, path)
            or (keras_cache_arrays(name, path.parent) if unpacked else None)
            or (_from_file(archives[0], name) if archives else None)
        )
    return keras_cache_arrays(name, path)


def _wanted(name: str) -> str:
    arrays = ", ".join(ARRAY_NAMES)
    if name.startswith("cifar"):
        archive = "cifar-10-python.tar.gz" if name == CIFAR10 else "cifar-100-python.tar.gz"
        return f"{archive}, its unpacked folder, or an npz file with {arrays}"
    if name == FASHION:
        return f"the folder with its four *-ubyte.gz files, or an npz file with {arrays}"
    return f"an npz file with {arrays}, or Keras' folder of data sets"


def _digest_in(name: str, place: Path) -> str | None:
    with suppress(UserError):
        return arrays_digest(declaration(name).read(place))
    return None


def _write(arrays: Mapping[str, Array], place: Path) -> None:
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
