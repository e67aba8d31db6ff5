"""Where a data set comes from: the teacher's folder, Keras' cache, a download, else the built-in stand-in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from grader.datasets.dataset import LAYOUTS, Bytes, Dataset, arrays_digest
from grader.datasets.download import downloaded_arrays
from grader.datasets.files import keras_cache, keras_cached_arrays, keras_files, npz_arrays, own_folder
from grader.datasets.standin import RECIPE, standin_arrays
from grader.datasets.store import store_arrays, stored_arrays
from grader.errors import UserError

DATASETS = tuple(LAYOUTS)
"""Names that `load_dataset` knows, spelled as in `keras.datasets`."""

_FOLDER_FILES = {"cifar10": ("cifar10.npz", "cifar10_subset.npz")}
_TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}


def load_dataset(name: str, folder: Path | None, cache: Path, download: bool = True) -> Dataset:
    """Data set `name` from the first source that has it.

    `folder` (else the environment's `LABGRADE_DATA`) holds files such as `mnist.npz`, as does the folder of
    `labgrade data add`; `cache` is labgrade's own cache
    folder. Raises `UserError` for an unknown name, a folder that is not there, a damaged file in it, or a data set that
    can neither be found nor stood in for.
    """
    if name not in LAYOUTS:
        raise UserError(f"unknown data set '{name}': labgrade knows {', '.join(DATASETS)}.")
    place = cache / "datasets"
    return (
        _from_folder(name, _teachers_folder(folder), place, "in the data folder")
        or _from_folder(name, own_folder(), place, "in labgrade's data folder")
        or _from_keras(name, place)
        or _from_network(name, place, download)
        or _standin(name, place)
    )


def _teachers_folder(folder: Path | None) -> Path | None:
    if folder is None:
        named = os.environ.get("LABGRADE_DATA", "")
        folder = Path(named) if named else None
    if folder is not None and not folder.is_dir():
        raise UserError(f"the data folder {folder} does not exist: name a folder of npz files.")
    return folder


def _from_folder(name: str, folder: Path | None, place: Path, words: str) -> Dataset | None:
    if folder is None:
        return None
    for file in _FOLDER_FILES.get(name, (f"{name}.npz",)):
        path = folder / file
        if path.is_file():
            found = _copied(name, (path,), place, partial(npz_arrays, name, path))
            return _dataset(name, *found, f"from {file} {words}", path) if found else None
    return None


def _from_keras(name: str, place: Path) -> Dataset | None:
    cache = keras_cache()
    found = _copied(name, keras_files(name, cache), place, partial(keras_cached_arrays, name, cache))
    return None if found is None else _dataset(name, *found, "from Keras' cache", cache)


def _copied(
    name: str, files: Sequence[Path], place: Path, read: Callable[[], dict[str, Bytes] | None]
) -> tuple[dict[str, Bytes], str] | None:
    """What `read` makes of `files`, and its digest: unpacked and hashed once, as long as nobody touches them."""
    stats = [(str(file.resolve()), file.stat()) for file in files]
    state = [[path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino] for path, stat in stats]
    kept = place / f"{name}-copy-{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]}"
    found = stored_arrays(kept) if files else None
    if found is not None:
        return found
    arrays = read()
    if arrays is None:
        return None
    digest = _kept(kept, arrays)
    for older in place.glob(f"{name}-copy-*"):
        if older != kept:
            shutil.rmtree(older, ignore_errors=True)
    return arrays, digest


def _from_network(name: str, place: Path, download: bool) -> Dataset | None:
    kept = place / f"{name}-downloaded"
    found = stored_arrays(kept)
    if found is None and download:
        arrays = downloaded_arrays(name, place)
        if arrays is not None:
            found = arrays, _kept(kept, arrays)
    return None if found is None else _dataset(name, *found, "downloaded from the address that Keras uses", kept)


def _standin(name: str, place: Path) -> Dataset:
    kept = place / f"{name}-standin-{RECIPE}"
    found = stored_arrays(kept)
    if found is None:
        arrays = standin_arrays(name)
        if arrays is None:
            raise UserError(f"{_TITLES[name]} is not at hand: put {name}.npz into a folder and name it with --data.")
        found = arrays, _kept(kept, arrays)
    made_of = "scikit-learn's digits" if name == "mnist" else "scikit-learn's digits over its sample photographs"
    said = f"built-in stand-in made of {made_of} (the real one was not at hand)"
    return _dataset(name, *found, said, kept, standin=True)


def _kept(folder: Path, arrays: dict[str, Bytes]) -> str:
    # all of it can be had again, so a cache that cannot be written only costs time
    with contextlib.suppress(OSError):
        return store_arrays(folder, arrays)
    return arrays_digest(arrays)


def _dataset(
    name: str, arrays: dict[str, Bytes], digest: str, origin: str, place: Path, standin: bool = False
) -> Dataset:
    rows = len(arrays["x_train"]), len(arrays["x_test"])
    count = "" if rows == LAYOUTS[name].rows else f", {rows[0]:,} training and {rows[1]:,} test images of it"
    for array in arrays.values():
        array.flags.writeable = False
    return Dataset(
        name=name, source=f"{_TITLES[name]}: {origin}{count}", digest=digest, standin=standin, place=place, **arrays
    )
