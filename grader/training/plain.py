"""Plain data out of a sandbox: how much of it there may be, and one spelling for what it says.

Whatever a sandbox sent is an `object` until one of these functions has said what it is.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping

import numpy as np

LARGEST = 1 << 53
"""Whole numbers beyond it have no place in a configuration: TensorFlow would overflow on them."""
_QUOTED = 60
"""Letters of a sandbox's text that a message quotes: enough to recognise a name, too few to hide the message."""


class NotExpressibleError(Exception):
    """The training cannot be given to the trainer as plain configuration; the message says why."""


def mapping(value: object, what: str) -> Mapping[str, object]:
    """`value`, if it is an object; `what` names it in the message. Raises `NotExpressibleError`."""
    if not isinstance(value, dict):
        raise NotExpressibleError(f"{what} is not plain configuration")
    return value


def as_list(value: object, what: str, most: int) -> list[object]:
    """`value`, if it is a list of at most `most` items; `None` is the empty list. Raises `NotExpressibleError`."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotExpressibleError(f"{what} are not a plain list")
    if len(value) > most:
        raise NotExpressibleError(f"{what} are {len(value):,}, more than {most:,}")
    return value


def class_name(item: Mapping[str, object]) -> str:
    """The class that a serialised object names. Raises `NotExpressibleError` where it names none."""
    name = item.get("class_name")
    if not isinstance(name, str):
        raise NotExpressibleError("the configuration holds an object without a class")
    return name


def whole(value: int) -> int:
    """`value`, if it is of a size that a configuration may hold. Raises `NotExpressibleError`."""
    if not -LARGEST <= value <= LARGEST:
        raise NotExpressibleError("the configuration holds a number beyond all measure")
    return value


def single_precision(value: float) -> float:
    """The shortest decimal that is the same single-precision number: 0.1, not 0.10000000149011612.

    Raises `NotExpressibleError` for what is infinite or undefined in single precision.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # what does not fit becomes infinite, and is refused as such
        single = float(str(np.float32(value)))
    if not math.isfinite(single):
        raise NotExpressibleError("the configuration holds an infinite or undefined number")
    return single


def short(value: object) -> str:
    """`value` as it is quoted in a message."""
    text = value if isinstance(value, str) else type(value).__name__
    return f"“{text[:_QUOTED]}”"


def value_count(value: object, most: int, letters: int = 1_000) -> int:
    """Numbers, texts, lists and tables in `value`; counting ends soon after `most`. Of a long text each `letters`
    count as one more."""
    count = 0
    waiting: list[object] = [value]
    while waiting and count <= most:
        item = waiting.pop()
        count += 1
        if isinstance(item, dict):
            waiting.extend(item.values())
            count += sum(len(key) for key in item) // letters
        elif isinstance(item, list | tuple):
            waiting.extend(item)
        elif fields := getattr(type(item), "__struct_fields__", ()):  # a message, or a part of one
            waiting.extend(getattr(item, name) for name in fields)
        elif isinstance(item, str):
            count += len(item) // letters
    return count
