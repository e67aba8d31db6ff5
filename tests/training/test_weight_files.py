"""Weights files that were handed in are arrays and nothing else."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from grader.training import weight_files
from grader.training.weight_files import UnreadableWeightsError, weight_arrays

KERNEL = np.arange(12, dtype=np.float32).reshape(3, 4)


def npy(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def h5(fill: Any) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(file)
    return stream.getvalue()


def kept(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", data=KERNEL, compression="gzip", chunks=True)
    file.create_dataset("layers/dense/vars/1", data=np.zeros(4, np.float32))
    file.attrs["model_config"] = '{"class_name": "Lambda"}'
    file.create_dataset("names", data=np.array([b"kernel"]))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("w.npy", npy(KERNEL)),
        ("w.NPZ", npz(a=KERNEL, b=np.zeros(4))),
        ("model.h5", h5(kept)),
        ("model.weights.h5", h5(kept)),
        ("saved.keras", zipped(**{"config__json": b"{", "model.weights.h5": h5(kept)})),
    ],
)
def test_arrays_are_read(name: str, data: bytes) -> None:
    """Every kind of file that NumPy and Keras write; configurations in it are not looked at."""
    arrays = weight_arrays(name, data)
    assert any(np.array_equal(array, KERNEL) for array in arrays)


def pickled() -> bytes:
    return npy(np.array([{"a": 1}], dtype=object), allow_pickle=True)


def huge_header() -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
    return stream.getvalue()


def external(file: Any) -> None:
    file["a"] = h5py.ExternalLink("/etc/passwd", "/")


def soft(file: Any) -> None:
    file["a"] = h5py.SoftLink("/b")


def outside(file: Any) -> None:
    file.create_dataset("a", (4,), "f4", external=[("/etc/hostname", 0, 16)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "a", (4,))
    file.create_virtual_dataset("a", layout)


def vast(file: Any) -> None:
    file.create_dataset("a", (10**11,), "f4", compression="gzip", chunks=(1000,))


def chunky(file: Any) -> None:
    file.create_dataset("a", (40_000, 1_000), "f4", compression="gzip", chunks=(40_000, 1_000))


def many(file: Any) -> None:
    for at in range(4_200):
        file.create_group(str(at))


def deep(file: Any) -> None:
    file.create_group("/".join("a" * 40))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("w.npy", pickled()),
        ("w.npz", zipped(**{"a.npy": pickled()})),
        ("w.npy", huge_header()),
        ("w.npy", b""),
        ("w.npy", b"\x93NUMPY\x09\x00"),
        ("w.npz", b"PK\x03\x04"),
        ("w.npz", zipped(**{f"{at}.npy": b"" for at in range(4_200)})),
        ("w.keras", zipped(**{"config.json": b"{}"})),
        ("w.keras", zipped(**{"model.weights.h5": b"not h5"})),
        ("w.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 500),
        ("w.h5", h5(external)),
        ("w.h5", h5(soft)),
        ("w.h5", h5(outside)),
        ("w.h5", h5(virtual)),
        ("w.h5", h5(vast)),
        ("w.h5", h5(chunky)),
        ("w.h5", h5(many)),
        ("w.h5", h5(deep)),
        ("w.pkl", b"cos\nsystem\n(S'true'\ntR."),
        ("w", npy(KERNEL)),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_everything_else_is_refused(name: str, data: bytes) -> None:
    """Pickles, links out of the file, numbers elsewhere, floods and damaged files are no weights."""
    with pytest.raises(UnreadableWeightsError):
        weight_arrays(name, data)


def test_bombs_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes that unpack to more than is read are refused before they fill the memory."""
    monkeypatch.setattr(weight_files, "LARGEST_BYTES", 1_000_000)
    zeros = np.zeros(300_000, np.float32)
    for name, data in (
        ("a.npz", npz(a=zeros)),
        ("a.npz", npz(a=zeros[:200_000], b=zeros[:200_000])),
        ("a.h5", h5(lambda file: file.create_dataset("a", data=zeros, compression="gzip"))),
        ("a.keras", zipped(**{"model.weights.h5": b"\0" * 2_000_000})),
    ):
        assert len(data) < 20_000
        with pytest.raises(UnreadableWeightsError, match="more than is read"):
            weight_arrays(name, data)


def test_circles_end(tmp_path: Path) -> None:
    """A group that holds itself is walked once."""

    def circle(file: Any) -> None:
        kept(file)
        file["layers/again"] = file["/"]

    assert len(weight_arrays("a.h5", h5(circle))) == 2


def test_damaged_files_end_in_a_reason() -> None:
    """Files with flipped bytes give arrays or a reason, never another error."""
    random = np.random.default_rng(3)
    refused = 0
    for name, data in (("a.h5", h5(kept)), ("a.npz", npz(a=KERNEL)), ("a.npy", npy(KERNEL))):
        for _ in range(150):
            broken = bytearray(data)
            for at in random.integers(0, len(data), 4):
                broken[at] = int(random.integers(0, 256))
            try:
                weight_arrays(name, bytes(broken))
            except UnreadableWeightsError:
                refused += 1
    assert refused > 50
