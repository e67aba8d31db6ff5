"""Plain data out of a sandbox: how much of it there may be, and one spelling for what it says."""

from __future__ import annotations

import hashlib
import json
import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

LARGEST = 1 << 53
"""Whole numbers beyond it have no place in a configuration: TensorFlow would overflow on them."""


class NotExpressibleError(Exception):
    """The training cannot be given to the trainer as plain configuration; the message says why."""


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """`value`, if it is an object."""
    if not isinstance(value, dict):
        raise NotExpressibleError(f"{what} is not plain configuration")
    return value


def listed(value: Any, what: str, most: int) -> list[Any]:
    """`value`, if it is a list of at most `most` items; `None` is the empty list."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotExpressibleError(f"{what} are not a plain list")
    if len(value) > most:
        raise NotExpressibleError(f"{what} are {len(value):,}, more than {most:,}")
    return value


def class_name(item: Mapping[str, Any]) -> str:
    """The class that a serialised object names."""
    name = item.get("class_name")
    if not isinstance(name, str):
        raise NotExpressibleError("the configuration holds an object without a class")
    return name


def package(item: Mapping[str, Any]) -> str:
    """`keras` when the object is Keras' own: its module says so and no registered name stands for other code."""
    module, registered = item.get("module"), item.get("registered_name")
    own = isinstance(module, str) and (module == "keras" or module.startswith("keras."))
    return "keras" if own and registered in (None, item.get("class_name")) else "other"


def whole(value: int) -> int:
    """`value`, if it is of a size that a configuration may hold."""
    if not -LARGEST <= value <= LARGEST:
        raise NotExpressibleError("the configuration holds a number beyond all measure")
    return value


def rounded(value: float) -> float:
    """The shortest decimal that is the same single-precision number: 0.1, not 0.10000000149011612."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # what does not fit becomes infinite, and is refused as such
        single = float(str(np.float32(value)))
    if not math.isfinite(single):
        raise NotExpressibleError("the configuration holds an infinite or undefined number")
    return single


def short(value: Any) -> str:
    """`value` as it is quoted in a message."""
    text = value if isinstance(value, str) else type(value).__name__
    return f"“{text[:60]}”"


def canonical_digest(value: Any) -> str:
    """SHA-256 (hex) of `value` as JSON with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def value_count(value: Any, most: int, letters: int = 1_000) -> int:
    """Numbers, texts, lists and tables in `value`; counting ends soon after `most`. Of a long text each `letters`
    count as one more."""
    count, waiting = 0, [value]
    while waiting and count <= most:
        item = waiting.pop()
        count += 1
        if isinstance(item, dict):
            waiting.extend(item.values())
            count += sum(len(key) for key in item) // letters
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str):
            count += len(item) // letters
    return count
