"""Arrays as a few lines of text that a person can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS, _COLUMNS, _PLANES = 9, 9, 3
_MOST = 1_200


def shown_value(value: Any) -> str:
    """`value` with its shape; of an array with several feature maps, the first ones, a block each."""
    if not isinstance(value, np.ndarray):
        return _clipped(repr(value))
    if value.ndim == 0:
        return _number(value[()])
    head = f"shape {tuple(int(size) for size in value.shape)}, {value.dtype}"
    if value.size == 0:
        return head
    return _clipped("\n".join([head, *_planes(value)]))


def shown_arguments(given: Mapping[str, Any]) -> str:
    """Each argument under its name."""
    texts = []
    for name, value in given.items():
        text = shown_value(value)
        texts.append(f"{name}: {text}" if "\n" in text or isinstance(value, np.ndarray) else f"{name} = {text}")
    return "\n".join(texts)


def _planes(value: NDArray[Any]) -> list[str]:
    if value.ndim <= 2:
        return _block(np.atleast_2d(value))
    if value.ndim == 3:
        planes = [(f"[:, :, {number}]", value[:, :, number]) for number in range(value.shape[2])]
    else:
        flat = value.reshape(-1, *value.shape[-2:])
        planes = [(f"block {number + 1}", flat[number]) for number in range(len(flat))]
    lines: list[str] = []
    for title, plane in planes[:_PLANES]:
        lines += [title, *_block(plane)]
    return [*lines, f"… and {len(planes) - _PLANES} more"] if len(planes) > _PLANES else lines


def _block(plane: NDArray[Any]) -> list[str]:
    """The rows of a matrix with aligned columns, cut at its right and lower edge."""
    cells = [[_number(item) for item in row[:_COLUMNS]] for row in plane[:_ROWS]]
    if plane.shape[1] > _COLUMNS:
        cells = [[*row, "…"] for row in cells]
    width = max((len(item) for row in cells for item in row), default=0)
    lines = [" ".join(item.rjust(width) for item in row) for row in cells]
    return [*lines, "…"] if plane.shape[0] > _ROWS else lines


def _number(item: Any) -> str:
    if isinstance(item, np.bool_ | bool):
        return str(bool(item))
    if isinstance(item, np.integer | int):
        return str(int(item))
    if isinstance(item, np.complexfloating | complex):
        return f"{complex(item):.3g}"
    return f"{float(item):.5g}"


def _clipped(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
