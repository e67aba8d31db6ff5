"""Limits of student code and of trainings as a teacher chooses them, with units: in a rubric or on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator

from grader.records.record import Record

_NUMBER = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s?([A-Za-z]{0,8})")
_SECONDS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
}
_DECIMAL = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BINARY = {letter: 2**power for letter, power in (("k", 10), ("m", 20), ("g", 30), ("t", 40))}
_BYTES = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1),
    **_DECIMAL,
    **_BINARY,
    **{f"{letter}ib": size for letter, size in _BINARY.items()},
}
_MANY = {
    "": 1,
    **dict.fromkeys(("k", "thousand"), 10**3),
    **dict.fromkeys(("m", "million"), 10**6),
    **dict.fromkeys(("g", "b", "billion"), 10**9),
}
_POWER = re.compile(r"\d{1,6}(?:\.\d{1,6})?[eE]\+?\d{1,2}")
_MOST_SECONDS = 7 * 86_400
_MOST_BYTES = 2**42
_MOST_COUNT = 10**7
_KIB, _MIB = 2**10, 2**20


def _parsed(value: Any, units: dict[str, Any], example: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"{value!r} is no limit; write it like {example}")
    if not isinstance(value, str):
        return float(value)
    found = _NUMBER.fullmatch(value.strip())
    factor = units.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise ValueError(f"{value[:40]!r} is no limit; write it like {example}")
    return float(found[1]) * float(factor)


def _bounded(number: float, least: float, most: float, unit: str) -> float:
    if not math.isfinite(number) or not least <= number <= most:
        raise ValueError(f"{number:g}{unit} is out of range: from {least:g}{unit} to {most:g}{unit} make sense")
    return number


def _duration(value: Any) -> float | None:
    if value is None:
        return None
    return _bounded(_parsed(value, _SECONDS, "900, 90 s or 15 min"), 1, _MOST_SECONDS, " s")


def _size(least: int) -> Callable[[Any], int | None]:
    def size(value: Any) -> int | None:
        if value is None:
            return None
        number = _parsed(value, _BYTES, "512 MB or 6 GiB")
        if number < least:
            raise ValueError(f"{number:g} bytes are too few (a unit is written like 512 MB): at least {_shown(least)}")
        return int(_bounded(number, least, _MOST_BYTES, " bytes"))

    return size


def _shown(size: int) -> str:
    return f"{size // _MIB} MiB" if size >= _MIB else f"{size // _KIB} KiB"


def _count(least: int) -> Callable[[Any], int | None]:
    def count(value: Any) -> int | None:
        if value is None:
            return None
        number = _bounded(_parsed(value, {"": 1}, str(4 * least)), least, _MOST_COUNT, "")
        if number != int(number):
            raise ValueError(f"{number:g} is no whole number")
        return int(number)

    return count


def _number(most: float) -> Callable[[Any], float | None]:
    def number(value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, str) and _POWER.fullmatch(value.strip()):
            value = float(value)
        return _bounded(_parsed(value, _MANY, "2000000, 50 million or 1e15"), 1, most, "")

    return number


def _whole(most: float) -> Callable[[Any], int | None]:
    def whole(value: Any) -> int | None:
        number = _number(most)(value)
        if number is not None and number != int(number):
            raise ValueError(f"{number:g} is no whole number")
        return None if number is None else int(number)

    return whole


Duration = Annotated[float | None, BeforeValidator(_duration)]


class LimitChoices(Record):
    """Limits that were chosen; `None` leaves one to the rubric, or to the default of `grader.sandbox.contract.Limits`.

    Text takes units: `90 s`, `15 min`, `2 h`; `512 MB` (millions of bytes), `6 GiB` or `6G` (2^30). Validation errors
    are sentences for the teacher.
    """

    wall: Duration = None
    """Seconds that the code may run, without the time in which labgrade trains for it."""
    cpu: Duration = None
    """Seconds of processor time of one process. Default where `wall` is chosen: four times that."""
    memory: Annotated[int | None, BeforeValidator(_size(256 * _MIB))] = None
    """Bytes, of all processes together, beyond the 0.5 GB of the libraries."""
    processes: Annotated[int | None, BeforeValidator(_count(32))] = None
    """Processes and threads together; TensorFlow alone takes some twenty."""
    file_size: Annotated[int | None, BeforeValidator(_size(64 * _KIB))] = None
    """Bytes of one file."""
    scratch: Annotated[int | None, BeforeValidator(_size(_MIB))] = None
    """Bytes of everything written."""
    files: Annotated[int | None, BeforeValidator(_count(10))] = None
    """Number of files and folders written."""
    open_files: Annotated[int | None, BeforeValidator(_count(64))] = None
    """Descriptors of one process."""
    output: Annotated[int | None, BeforeValidator(_size(_KIB))] = None
    """Bytes kept of what is written to the standard streams behind Python's back."""


class BudgetChoices(Record):
    """What a training may cost, as chosen; `None` leaves one to `grader.training.budget.Budget`.

    Text takes units as in `LimitChoices`, and `k`, `million`, `billion` for numbers.
    """

    parameters: Annotated[int | None, BeforeValidator(_whole(1e10))] = None
    """Weights of one model."""
    operations: Annotated[float | None, BeforeValidator(_number(1e21))] = None
    """Additions and multiplications of one training."""
    memory: Annotated[int | None, BeforeValidator(_size(256 * _MIB))] = None
    """Bytes of the trainer's process, beyond the 0.5 GB of the libraries."""
    time: Duration = None
    """Seconds of one training. Default: what the lab's own solution took, thirty times."""
    all_time: Duration = None
    """Seconds of all trainings of one submission together."""
    scoring_time: Duration = None
    """Seconds of scoring the weights that one submission sends."""
    trainings: Annotated[int | None, BeforeValidator(_whole(1e5))] = None
    """Trainings of one submission."""
