"""Weights in files that a group handed in, read as arrays and nothing else.

Formats: `.npy` and `.npz` (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), HDF5 as Keras
writes it (`.h5`, `.hdf5`, `.weights.h5`), and `.keras`, a zip archive with `model.weights.h5` in it
(https://keras.io/api/models/model_saving_apis/). No configuration is looked at, no model is built, nothing is
unpickled, no link is followed, and no more is unpacked than `LARGEST_BYTES`.
"""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST_BYTES = 512 << 20
"""Of all arrays in one file, unpacked."""
_MOST_ARRAYS = 4_096
_MOST_DEPTH = 32
_MOST_HEADER = 10_000
_LARGEST_CHUNK = 64 << 20
_FILTERS = frozenset({1, 2, 3, 32000})
"""HDF5's own: deflate, shuffle, fletcher32; and LZF, which h5py brings along."""
ENDINGS = (".npy", ".npz", ".h5", ".hdf5", ".keras")


class UnreadableWeightsError(Exception):
    """The file holds no plain arrays within the bounds; the message says why."""


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
        if ending in (".h5", ".hdf5"):
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
    _checked(dtype, shape, room)
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False, max_header_size=_MOST_HEADER))


def _checked(dtype: np.dtype[Any], shape: tuple[int, ...], room: int) -> int:
    """Bytes of an array of numbers, if they are within `room`."""
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


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
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
                content = _unpacked(archive, member, room)
                room -= len(content)
                found.append(_npy(content, LARGEST_BYTES))
    return found


def _member(data: bytes, name: str) -> bytes:
    with _members(data) as archive:
        return _unpacked(archive, archive.getinfo(name), LARGEST_BYTES)


def _h5(data: bytes) -> list[Array]:
    import h5py

    found: list[Array] = []
    room = LARGEST_BYTES
    seen: set[int] = set()
    with h5py.File(io.BytesIO(data), "r") as file:
        waiting: list[tuple[Any, int]] = [(file, 0)]
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
                    room -= _stored(item, room)
                    found.append(np.asarray(item[()]))
    return found


def _stored(dataset: Any, room: int) -> int:
    """Bytes of a data set that lies in the file itself, in pieces of sane size."""
    if dataset.is_virtual or dataset.external:
        raise UnreadableWeightsError("its numbers lie in another file")
    properties = dataset.id.get_create_plist()
    filters = {properties.get_filter(at)[0] for at in range(properties.get_nfilters())}
    if not filters <= _FILTERS:
        raise UnreadableWeightsError("its numbers are packed in a way that is not read")
    if dataset.chunks and math.prod(dataset.chunks) * dataset.dtype.itemsize > _LARGEST_CHUNK:
        raise UnreadableWeightsError("its numbers are packed in pieces too large to read")
    return _checked(dataset.dtype, dataset.shape or (), room)
