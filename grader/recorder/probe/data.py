"""The student's data: as arrays where they are arrays, and as a name that the host has checked."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.recorder.probe.link import Link
from grader.recorder.probe.rows import sample_rows

Array = NDArray[Any]


def as_array(value: Any) -> Array | None:
    """`value` as Keras would take it, floats in single precision; `None` when it is not one plain array."""
    if isinstance(value, list | tuple):
        if not value or isinstance(value[0], np.ndarray):
            return None
        value = np.asarray(value)
    elif hasattr(value, "to_numpy"):
        value = value.to_numpy()
    elif type(value).__module__.startswith("tensorflow") and hasattr(value, "numpy"):
        value = value.numpy()
    if not isinstance(value, np.ndarray) or value.ndim == 0 or value.dtype.kind not in "fiub":
        return None
    return value


def chosen(array: Array, rows: NDArray[np.int64]) -> Array:
    """`rows` of `array`, floats in single precision as Keras casts them."""
    part = array if len(rows) == len(array) else array[rows]
    return np.ascontiguousarray(part, dtype=np.float32 if part.dtype.kind == "f" else None)


def digest(array: Array) -> str:
    """SHA-256 (hex) over dtype, shape and C-order bytes: the question under which the host may know an array."""
    found = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    found.update(array.data.cast("B") if array.size else b"")
    return found.hexdigest()


def joint_digest(arrays: list[Array]) -> str:
    """SHA-256 (hex) over the digests of `arrays`: the name under which the host may know a model's weights."""
    names = ",".join(f'"{digest(array)}"' for array in arrays)
    return hashlib.sha256(f"[{names}]".encode()).hexdigest()


def shown_data(link: Link, x: Any, y: Any) -> dict[str, Any]:
    """Reference, as the host gave it, to data that are evaluated or predicted on; a sample of rows is sent once."""
    images, labels = as_array(x), as_array(y) if y is not None else None
    if images is None:
        return {"rows": _length(x), "digest": None}
    rows = sample_rows(len(images))
    parts = [chosen(images, rows)]
    if labels is not None and len(labels) == len(images):
        parts.append(chosen(labels, rows))
    names = [digest(part) for part in parts]
    answer, _ = link.ask({"type": "data", "digests": names, "rows": len(images)})
    if answer.get("type") == "send":
        link.ask({"type": "arrays", "rows": len(images)}, parts)
    return {"rows": len(images), "digest": names[0], "labels": names[1] if len(names) > 1 else None}


def _length(value: Any) -> int:
    try:
        return len(value)
    except TypeError:
        return 0
