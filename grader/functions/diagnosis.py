"""What is wrong with an answer, said as precisely as two arrays allow, and arrays as lines that a person can read.

Real faults leave marks on all values alike: a sign, a factor, an offset, exchanged axes, digits that were cut off. Such
a mark says more to a student than how many values are wrong, so it is looked for first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_ROWS, _COLUMNS, _PLANES = 9, 9, 3
"""How much of an array is shown, in rows, columns and channels."""
_MOST = 1_200
"""Characters of one value."""
_RELATIVE, _ABSOLUTE = 1e-4, 1e-6
"""Differences up to here are rounding. A case is ten times stricter: an answer may differ in its last digits alone."""


def value_text(value: Any) -> str:
    """`value` with its shape; of an array with several feature maps, the first ones, a block each."""
    if not isinstance(value, np.ndarray):
        return _clipped(repr(value))
    if value.ndim == 0:
        return _number(value[()])
    head = f"shape {tuple(int(size) for size in value.shape)}, {value.dtype}"
    if value.size == 0:
        return head
    return _clipped("\n".join([head, *_planes(value)]))


def arguments_text(given: Mapping[str, Any]) -> str:
    """Each argument under its name."""
    texts = []
    for name, value in given.items():
        text = value_text(value)
        texts.append(f"{name}: {text}" if "\n" in text or isinstance(value, np.ndarray) else f"{name} = {text}")
    return "\n".join(texts)


def _planes(value: Array) -> list[str]:
    """Channels stand last in a feature map; of more axes the last two are an image."""
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


def _block(plane: Array) -> list[str]:
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


def same_numbers(left: Any, right: Any) -> bool:
    """Whether two arrays hold the same numbers, axes of length 1 left out."""
    first, second = np.squeeze(np.asarray(left)), np.squeeze(np.asarray(right))
    if first.shape != second.shape or first.dtype.kind not in "biufc" or second.dtype.kind not in "biufc":
        return False
    with np.errstate(all="ignore"):
        return _close(first, second)


def _close(left: Any, right: Any) -> bool:
    return bool(np.allclose(left, right, _RELATIVE, _ABSOLUTE, equal_nan=True))


def difference(answer: Array, right: Array) -> str:
    """One sentence on how `answer` differs from `right`, axes of length 1 left out."""
    given, wanted = np.squeeze(answer), np.squeeze(right)
    if given.shape != wanted.shape:
        return _shape_difference(answer, right, given, wanted)
    with np.errstate(all="ignore"):
        return _value_difference(np.asarray(given), np.asarray(wanted))


def _shape_difference(answer: Array, right: Array, given: Array, wanted: Array) -> str:
    said = f"The result has shape {_shape(answer)} where {_shape(right)} is right"
    if given.ndim == wanted.ndim and given.shape == wanted.shape[::-1] and _close(given.T, wanted):
        return f"{said}: rows and columns are exchanged."
    return f"{said}."


def _value_difference(given: Array, wanted: Array) -> str:
    lost = ~np.isfinite(given) & np.isfinite(wanted)
    if lost.any():
        what = "not a number (NaN)" if np.isnan(given[lost]).any() else "infinite"
        return f"{_count(lost)} are {what}."
    known = _relation(given, wanted)
    if known:
        return known
    wrong = ~np.isclose(given, wanted, _RELATIVE, _ABSOLUTE, equal_nan=True)
    if not wrong.any():
        return "The values differ in the last digits."
    worst = float(np.max(np.abs(given[wrong].astype(complex) - wanted[wrong].astype(complex))))
    return f"{_count(wrong)} are wrong, by up to {worst:.3g}."


def _relation(given: Array, wanted: Array) -> str:
    """How all values go wrong alike; empty when they do not."""
    if given.dtype.kind == "c" or wanted.dtype.kind == "c" or given.size < 2:
        return ""
    given, wanted = given.astype(float), wanted.astype(float)
    if _close(given, np.trunc(wanted)) or _close(given, np.floor(wanted)):
        return "The values are cut to whole numbers: the result, or its input, is an array of integers."
    if _close(given, -wanted):
        return "All values have the wrong sign."
    if not np.any(given):
        return "All values are zero."
    if np.ptp(given) < 1e-12:
        return f"All values are the same ({given.flat[0]:.4g})."
    if given.ndim == 2 and given.shape[0] == given.shape[1] and _close(given.T, wanted):
        return "Rows and columns are exchanged."
    return _linear(given.ravel(), wanted.ravel())


def _linear(given: Array, wanted: Array) -> str:
    """Whether all values are off by one amount, or by one factor; empty when they are not.

    A factor is told by two values that are not zero; where zero is right, the answer has to be zero too.
    """
    shift = given - wanted
    if np.ptp(shift) < 1e-6 * max(1.0, float(np.max(np.abs(wanted)))):
        return f"All values are off by the same amount ({shift[0]:.4g})."
    used = np.abs(wanted) > 1e-9
    if used.sum() >= 2 and np.allclose(given[~used], 0, atol=1e-6):
        factors = given[used] / wanted[used]
        if np.ptp(factors) < 1e-4 * abs(float(factors[0])):
            return f"All values are {factors[0]:.4g} times the right ones."
    return ""


def _count(mask: Array) -> str:
    number, of = int(mask.sum()), int(mask.size)
    if of == 1:
        return "The values"
    return f"All {of} values" if number == of else f"{number} of {of} values"


def _shape(array: Array) -> str:
    return str(tuple(int(size) for size in array.shape))
