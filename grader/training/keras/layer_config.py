"""A layer's arguments as the costs read them: counts, sides, axes. What does not fit is refused, never guessed.

A layer is Keras' serialised form after the allow-list has passed it: `{"class_name": ..., "config": {...}}`. Its
arguments still come from a sandbox, so that each is an `object` until a function here has said what it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from grader.training.budget import Shape, Size
from grader.training.plain import NotExpressibleError

Config: TypeAlias = Mapping[str, object]
"""The arguments of a layer."""
Measure: TypeAlias = Callable[[object, list[Shape]], Size]
"""The size of a serialised layer or model on inputs of given shapes: for what a layer wraps."""


def layer_size(shape: Shape, parameters: int = 0, operations: int = 0, kept: int | None = None) -> Size:
    """The size of a layer with output `shape`; of each number of it one operation at least.

    `kept` are the numbers of one example that stay for the way back, by default those of the output. Raises
    `NotExpressibleError` for an output without a size.
    """
    if any(side <= 0 for side in shape):
        raise NotExpressibleError("a layer's output has no size")
    numbers = math.prod(shape)
    return Size(shape, parameters, max(operations, numbers), numbers if kept is None else kept, numbers)


def whole_number(value: object, what: str) -> int:
    """`value`, if it is a whole number. Raises `NotExpressibleError`, naming `what`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotExpressibleError(f"a layer's {what} is not a whole number")
    return value


def items(value: object, what: str) -> list[object]:
    """`value`, if it is a list. Raises `NotExpressibleError`, naming `what`."""
    if not isinstance(value, list):
        raise NotExpressibleError(f"a layer's {what} is not a list")
    return value


def whole_numbers(value: object, what: str) -> list[int]:
    """`value`, if it is a whole number or a list of such, as a list. Raises `NotExpressibleError`, naming `what`."""
    return [whole_number(item, what) for item in ([value] if isinstance(value, int) else items(value, what))]


def text(config: Config, name: str) -> str:
    """The argument `name`, which is a text. Raises `NotExpressibleError`."""
    value = config.get(name)
    if not isinstance(value, str):
        raise NotExpressibleError(f"a layer's {name} is not a text")
    return value


def layer(value: object) -> tuple[str, Config]:
    """(class, arguments) of a serialised layer. Raises `NotExpressibleError`."""
    found = value if isinstance(value, dict) else {}
    name, config = found.get("class_name"), found.get("config")
    if not isinstance(name, str) or not isinstance(config, dict):
        raise NotExpressibleError("the configuration holds something that is no layer")
    return name, config


def count(config: Config, name: str, default: int | None = None) -> int:
    """The positive whole number `name`; `default` where it is absent or null. Raises `NotExpressibleError`."""
    value = config.get(name, default)
    if value is None and default is not None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise NotExpressibleError(f"a layer's {name} is not a positive whole number")
    return value


def counts(config: Config, name: str, dimensions: int, default: int = 1) -> Shape:
    """`name` as one positive whole number for each of `dimensions`. Raises `NotExpressibleError`."""
    value = config.get(name)
    if value is None:
        return (default,) * dimensions
    sides = [value] * dimensions if isinstance(value, int) else value
    if not isinstance(sides, list) or len(sides) != dimensions:
        raise NotExpressibleError(f"a layer's {name} does not fit its data")
    return tuple(count({name: side}, name) for side in sides)


def flag(config: Config, name: str, default: bool) -> bool:
    """The switch `name`; `default` where it is absent or null."""
    value = config.get(name, default)
    return default if value is None else bool(value)


def axes(config: Config, name: str, dimensions: int, default: int = -1) -> tuple[int, ...]:
    """Axes of an example, counted from 0, that an argument counts with the batch axis. Raises `NotExpressibleError`."""
    value = config.get(name, default)
    found = []
    for axis in value if isinstance(value, list) else [value]:
        if not isinstance(axis, int) or not -dimensions <= axis <= dimensions or axis == 0:
            raise NotExpressibleError(f"a layer's {name} does not fit its data")
        found.append(axis - 1 if axis > 0 else dimensions + axis)
    return tuple(found)


def channels_first(config: Config) -> bool:
    """Whether the channels stand before the places."""
    return config.get("data_format") == "channels_first"


def places_and_channels(shape: Shape, config: Config) -> tuple[Shape, int]:
    """(places, channels) of an example. Raises `NotExpressibleError` for flat rows, which have no places."""
    if len(shape) < 2:
        raise NotExpressibleError("a layer for images is given flat rows")
    return (shape[1:], shape[0]) if channels_first(config) else (shape[:-1], shape[-1])


def with_channels(places: Sequence[int], channels: int, config: Config) -> Shape:
    """The example of `places` and `channels`."""
    return (channels, *places) if channels_first(config) else (*places, channels)
