"""Weights in files that a group handed in, read as arrays and nothing else.

Formats: `.npy` and `.npz` (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), HDF5 as Keras
writes it (`.h5`, `.hdf5`, `.weights.h5`), and `.keras`, a zip archive with `model.weights.h5` in it
(https://keras.io/api/models/model_saving_apis/). No configuration is looked at, no model is built, nothing is
unpickled, no link is followed, and no more is unpacked than `LARGEST_BYTES`.

The host uses them for one thing: to say which file a continued training started from.
"""

from __future__ import annotations

import io
import logging
import math
import zipfile
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from grader.facts.filetypes import suffixes
from grader.records import Array, DataFile, DType
from grader.training.spec import array_digest

if TYPE_CHECKING:
    import h5py

LARGEST_BYTES = 512 << 20
"""Of all arrays in one file, unpacked."""
_MOST_ARRAYS = 4_096
_MOST_DEPTH = 32
_MOST_HEADER = 10_000
_LARGEST_CHUNK = 64 << 20
_FILTERS = frozenset({1, 2, 3, 32000})
"""HDF5's own: deflate, shuffle, fletcher32; and LZF, which h5py brings along."""
ENDINGS = suffixes("arrays", "weights")
_FEWEST = 100
"""Numbers of an array that two models do not share by chance; fresh biases are all zero."""

logger = logging.getLogger(__name__)


class UnreadableWeightsError(Exception):
    """The file holds no plain arrays within the bounds; the message says why."""


class HandedInWeights:
    """The weights in a submission's own files, read when they are first asked for."""

    def __init__(self, files: Sequence[DataFile]) -> None:
        self._files = [file for file in files if file.path.lower().endswith(ENDINGS)]

    @cached_property
    def _paths(self) -> dict[str, str]:
        """Digest of an array -> path of its file; of two files with the same array the first one."""
        paths: dict[str, str] = {}
        for file in self._files:
            try:
                arrays = weight_arrays(file.path, file.content)
            except UnreadableWeightsError as why:
                logger.info("%s holds no weights that are read: %s", file.path, why)
                continue
            for array in arrays:
                if array.size >= _FEWEST:
                    paths.setdefault(array_digest(array), file.path)
        return paths

    def origin(self, weights: Sequence[Array]) -> str | None:
        """The file that all large arrays of `weights` stand in; `None` when there is no such file."""
        large = [array for array in weights if array.size >= _FEWEST]
        if not self._files or not large:
            return None
        paths = {self._paths.get(array_digest(array)) for array in large}
        return paths.pop() if len(paths) == 1 else None


def weight_arrays(name: str, data: bytes) -> list[Array]:
    """All arrays of numbers in the file `name`, whose bytes are `data`. Raises `UnreadableWeightsError`."""
    ending = next((ending for ending in ENDINGS if name.lower().endswith(ending)), "")
    try:
        if ending == ".npy":
            return [_npy(data, LARGEST_BYTES)]
        if ending == ".npz":
            return _npz(data)
        if ending == ".keras":
            return _h5(_member(data, "model.weights.h5"))
        if ending:
            return _h5(data)
    except UnreadableWeightsError:
        raise
    except Exception as error:  # what the parsers of three libraries make of bytes that were made to break them
        raise UnreadableWeightsError(f"it is damaged ({type(error).__name__})") from error
    raise UnreadableWeightsError("it is no kind of weights file that is read")


def _npy(data: bytes, room: int) -> Array:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise UnreadableWeightsError("its format is of a version that is not read")
    shape, _, dtype = readers[version](stream, max_header_size=_MOST_HEADER)
    _numbers_bytes(dtype, shape, room)
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False, max_header_size=_MOST_HEADER))


def _numbers_bytes(dtype: DType, shape: tuple[int, ...], room: int) -> int:
    """Bytes of an array of numbers, if they are within `room` bytes. Raises `UnreadableWeightsError`."""
    if dtype.kind not in "fiub" or dtype.hasobject:
        raise UnreadableWeightsError(f"it holds {dtype}, which are no numbers")
    size = math.prod(shape) * dtype.itemsize
    if size > room:
        raise UnreadableWeightsError("it unpacks to more than is read")
    return size


def _members(data: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(data))
    if len(archive.infolist()) > _MOST_ARRAYS:
        raise UnreadableWeightsError("it holds more parts than are read")
    return archive


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    if member.file_size > room:
        raise UnreadableWeightsError("it unpacks to more than is read")
    with archive.open(member) as stream:
        content = stream.read(room + 1)
    if len(content) > room:
        raise UnreadableWeightsError("it unpacks to more than is read")
    return content


def _npz(data: bytes) -> list[Array]:
    found, room = [], LARGEST_BYTES
    with _members(data) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                content = _content(archive, member, room)
                room -= len(content)
                found.append(_npy(content, LARGEST_BYTES))
    return found


def _member(data: bytes, name: str) -> bytes:
    with _members(data) as archive:
        return _content(archive, archive.getinfo(name), LARGEST_BYTES)


def _h5(data: bytes) -> list[Array]:
    import h5py

    found: list[Array] = []
    room = LARGEST_BYTES
    seen: set[int] = set()
    with h5py.File(io.BytesIO(data), "r") as file:
        waiting: list[tuple[h5py.Group, int]] = [(file, 0)]
        while waiting:
            group, depth = waiting.pop()
            for name in group:
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise UnreadableWeightsError("it holds a link to elsewhere")
                item = group[name]
                address = h5py.h5o.get_info(item.id).addr
                if address in seen:
                    continue
                seen.add(address)
                if len(seen) > _MOST_ARRAYS or depth > _MOST_DEPTH:
                    raise UnreadableWeightsError("it holds more parts than are read")
                if isinstance(item, h5py.Group):
                    waiting.append((item, depth + 1))
                elif isinstance(item, h5py.Dataset) and item.dtype.kind in "fiub":
                    room -= _stored_bytes(item, room)
                    found.append(np.asarray(item[()]))
    return found


def _stored_bytes(dataset: h5py.Dataset, room: int) -> int:
    """Bytes of a data set that lies in the file itself, in pieces of sane size."""
    if dataset.is_virtual or dataset.external:
        raise UnreadableWeightsError("its numbers lie in another file")
    properties = dataset.id.get_create_plist()
    filters = {properties.get_filter(at)[0] for at in range(properties.get_nfilters())}
    if not filters <= _FILTERS:
        raise UnreadableWeightsError("its numbers are packed in a way that is not read")
    if dataset.chunks and math.prod(dataset.chunks) * dataset.dtype.itemsize > _LARGEST_CHUNK:
        raise UnreadableWeightsError("its numbers are packed in pieces too large to read")
    return _numbers_bytes(dataset.dtype, dataset.shape or (), room)
