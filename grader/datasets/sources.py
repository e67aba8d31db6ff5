"""Where a data set comes from: the teacher's folder, what another program kept, a checked download, or a stand-in.

What each data set has of these its declaration says; here is their order, and the copies that spare a second reading.
Downloads come from the addresses that Keras uses and are checked by hash; an offline machine waits a few seconds, once.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from grader.datasets.array_files import arrays_digest, load_arrays, own_folder, store_arrays
from grader.datasets.dataset import NAME, Dataset, Declaration, declaration, declarations
from grader.errors import UserError
from grader.facts.datasets import CIFAR10, CIFAR100, FASHION, MNIST
from grader.records import Array

_GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"
FILES = {
    MNIST: {"mnist.npz": (_GOOGLE, "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")},
    CIFAR10: {"cifar-10-python.tar.gz": (_TORONTO, "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce")},
    CIFAR100: {
        "cifar-100-python.tar.gz": (_TORONTO, "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7")
    },
    FASHION: {
        "train-images-idx3-ubyte.gz": (_GOOGLE, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        "train-labels-idx1-ubyte.gz": (_GOOGLE, "25c81989df183df01b3e8a0aad5dffbe"),
        "t10k-images-idx3-ubyte.gz": (_GOOGLE, "bef4ecab320f06d8554ea6380940ec79"),
        "t10k-labels-idx1-ubyte.gz": (_GOOGLE, "bb300cfdad3c16e7a12a480ee83cd310"),
    },
}
"""File -> address and hash: SHA-256 as Keras states it; MD5 as the authors of Fashion-MNIST state it."""

_CONNECT_SECONDS = 3.0
_PATIENCE_SECONDS = 600.0
"""For all of one file: CIFAR's server is slow."""
_RETRY_SECONDS = 6 * 3600.0
_BYTES = 250_000_000


def load_dataset(name: str, folder: Path | None, cache: Path, download: bool = True) -> Dataset:
    """Data set `name` from the first source that has it.

    `folder` (else the environment's `LABGRADE_DATA`) holds files such as `mnist.npz`, as does the folder of
    `labgrade data add`; `cache` is labgrade's own cache folder. Raises `UserError` for an unknown name, a folder that
    is not there, a damaged file in it, or a data set that can neither be found nor stood in for.
    """
    declared, place = declaration(name), cache / "datasets"
    found = (
        _from_folder(declared, _teachers_folder(folder), place, "in the data folder")
        or _from_folder(declared, own_folder(), place, "in labgrade's data folder")
        or _from_source(declared, place)
        or _from_network(declared, place, download)
        or _standin(declared, place)
    )
    if found is not None:
        return found
    if name not in declarations():
        raise UserError(
            f"unknown data set '{name}': labgrade knows {', '.join(declarations())}. One of your own: "
            f"put {name}.npz into a data folder, or use `labgrade data add FILE --name {name}`."
        )
    raise UserError(f"{declared.title} is not at hand: put {name}.npz into a folder and name it with --data.")


def names_in_folders(folder: Path | None) -> set[str]:
    """Names of the data sets in npz files of the teacher's data folder and of labgrade's own, whoever declared them."""
    places = [place for place in (_teachers_folder(folder), own_folder()) if place is not None]
    files = {file.name: file.stem for place in places for file in place.glob("*.npz") if NAME.fullmatch(file.stem)}
    claimed = {file: declared.name for declared in declarations().values() for file in declared.files}
    return {claimed.get(file, name) for file, name in files.items()}


def _teachers_folder(folder: Path | None) -> Path | None:
    if folder is None:
        named = os.environ.get("LABGRADE_DATA", "")
        folder = Path(named) if named else None
    if folder is not None and not folder.is_dir():
        raise UserError(f"the data folder {folder} does not exist: name a folder of npz files.")
    return folder


def _from_folder(declared: Declaration, folder: Path | None, place: Path, words: str) -> Dataset | None:
    if folder is None:
        return None
    for file in declared.files:
        path = folder / file
        if path.is_file():
            found = _copied(declared, (path,), place, partial(declared.read, path))
            return _dataset(declared, *found, f"from {file} {words}", path) if found else None
    return None


def _from_source(declared: Declaration, place: Path) -> Dataset | None:
    """From files that another program left, or a package brought along."""
    files = declared.source_files()
    found = _copied(declared, files, place, declared.source_arrays)
    where = files[0].parent if files else place
    return None if found is None else _dataset(declared, *found, declared.source_words, where)


def _copied(
    declared: Declaration, files: Sequence[Path], place: Path, read: Callable[[], dict[str, Array] | None]
) -> tuple[dict[str, Array], str] | None:
    """What `read` makes of `files`, and its digest: unpacked and hashed once, as long as nobody touches them."""
    stats = [(str(file.resolve()), file.stat()) for file in files]
    state = [[path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino] for path, stat in stats]
    kept = place / f"{declared.name}-copy-{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]}"
    found = load_arrays(kept) if files else None
    if found is not None:
        return found
    arrays = read()
    if arrays is None:
        return None
    digest = _store(kept, arrays)
    for older in place.glob(f"{declared.name}-copy-*"):
        if older != kept:
            shutil.rmtree(older, ignore_errors=True)
    return arrays, digest


def _from_network(declared: Declaration, place: Path, download: bool) -> Dataset | None:
    kept = place / f"{declared.name}-downloaded"
    found = load_arrays(kept)
    if found is None and download:
        arrays = declared.download(place)
        if arrays is not None:
            found = arrays, _store(kept, arrays)
    return None if found is None else _dataset(declared, *found, "downloaded from the address that Keras uses", kept)


def _standin(declared: Declaration, place: Path) -> Dataset | None:
    standin = declared.standin()
    if standin is None:
        return None
    kept = place / f"{declared.name}-standin-{standin.recipe}"
    found = load_arrays(kept)
    if found is None:
        arrays = standin.make()
        found = arrays, _store(kept, arrays)
    said = f"built-in stand-in made of {standin.made_of} (the real one was not at hand)"
    return _dataset(declared, *found, said, kept, standin=True)


def _store(folder: Path, arrays: dict[str, Array]) -> str:
    # all of it can be had again, so a cache that cannot be written only costs time
    with contextlib.suppress(OSError):
        return store_arrays(folder, arrays)
    return arrays_digest(arrays)


def _dataset(
    declared: Declaration, arrays: dict[str, Array], digest: str, origin: str, place: Path, standin: bool = False
) -> Dataset:
    rows = len(arrays["x_train"]), len(arrays["x_test"])
    part = declared.rows is not None and rows != declared.rows
    count = f", {rows[0]:,} training and {rows[1]:,} test images of it" if part else ""
    for array in arrays.values():
        array.flags.writeable = False
    source = f"{declared.title}: {origin}{count}"
    return Dataset(
        name=declared.name,
        source=source,
        digest=digest,
        standin=standin,
        place=place,
        declared_classes=declared.classes,
        **arrays,
    )


def download_files(name: str, notes: Path) -> dict[str, bytes] | None:
    """The files of data set `name` from the network, by file name, or `None` when they cannot be had.

    A failed attempt leaves a mark in the folder `notes` and is not repeated for six hours; the environment's
    `LABGRADE_OFFLINE=1` forbids any.
    """
    mark = notes / "download-failed"
    if os.environ.get("LABGRADE_OFFLINE", "") not in ("", "0") or _recent(mark):
        return None
    files: dict[str, bytes] = {}
    for file, (address, digest) in FILES[name].items():
        content = _content(address + file)
        if content is None or _hash(content, digest) != digest:
            _leave(mark)
            return None
        files[file] = content
    return files


def _hash(content: bytes, expected: str) -> str:
    algorithm = "sha256" if len(expected) == 64 else "md5"
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()


def _content(address: str) -> bytes | None:
    """What stands at `address`, or `None`. Name look-ups ignore timeouts, so a thread waits in our place."""
    answered = threading.Event()
    received: list[bytes] = []

    def fetch() -> None:
        failures = (OSError, http.client.HTTPException, ValueError)
        with (
            contextlib.suppress(*failures),
            urllib.request.urlopen(address, timeout=_CONNECT_SECONDS * 3) as response,
        ):
            answered.set()
            received.append(response.read(_BYTES))

    thread = threading.Thread(target=fetch, name="download", daemon=True)
    thread.start()
    deadline = time.monotonic() + _CONNECT_SECONDS
    while thread.is_alive() and not answered.is_set() and time.monotonic() < deadline:
        answered.wait(0.05)
    if answered.is_set():
        thread.join(_PATIENCE_SECONDS)
    return received[0] if received else None


def _recent(mark: Path) -> bool:
    try:
        return 0 <= time.time() - mark.stat().st_mtime < _RETRY_SECONDS
    except OSError:
        return False


def _leave(mark: Path) -> None:
    # a cache that cannot be written is reported where the data are stored
    with contextlib.suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        os.utime(mark)
