"""What one layer makes of its input: the shape that leaves it, its weights, and its operations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from grader.training.plain import NotExpressibleError

Shape: TypeAlias = tuple[int, ...]
"""Of one example, without the batch axis."""
Config: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Size:
    """The size of a layer, or of a whole model."""

    shape: Shape
    parameters: int = 0
    """Weights, those that are not trained included."""
    operations: int = 0
    """Of one example on its way forward; a multiplication and an addition count two."""
    kept: int = 0
    """Numbers of one example that a training keeps for its way back."""
    widest: int = 0
    """Numbers in the largest output of one example."""
    layers: tuple[Size, ...] = field(default=(), repr=False)
    """Of the layers in a model, in order, input layers included."""
    exact: bool = True
    """False where `shape` or `parameters` is only an estimate."""


def layer_size(shape: Shape, parameters: int = 0, operations: int = 0, kept: int | None = None) -> Size:
    """The size of a layer with output `shape`; of each number of it one operation at least."""
    if any(side <= 0 for side in shape):
        raise NotExpressibleError("a layer's output has no size")
    numbers = math.prod(shape)
    return Size(shape, parameters, max(operations, numbers), numbers if kept is None else kept, numbers)


def count(config: Config, name: str, default: int | None = None) -> int:
    """The positive whole number `name`."""
    value = config.get(name, default)
    if value is None and default is not None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise NotExpressibleError(f"a layer's {name} is not a positive whole number")
    return value


def counts(config: Config, name: str, dimensions: int, default: int = 1) -> Shape:
    """`name` as one positive whole number for each of `dimensions`."""
    value = config.get(name)
    if value is None:
        return (default,) * dimensions
    items = [value] * dimensions if isinstance(value, int) else value
    if not isinstance(items, list) or len(items) != dimensions:
        raise NotExpressibleError(f"a layer's {name} does not fit its data")
    return tuple(count({name: item}, name) for item in items)


def flag(config: Config, name: str, default: bool) -> bool:
    """The switch `name`."""
    value = config.get(name, default)
    return default if value is None else bool(value)


def axes(config: Config, name: str, dimensions: int, default: int = -1) -> tuple[int, ...]:
    """Axes of an example, counted from 0, that an argument counts with the batch axis."""
    value = config.get(name, default)
    items = value if isinstance(value, list) else [value]
    found = []
    for item in items:
        if not isinstance(item, int) or not -dimensions <= item <= dimensions or item == 0:
            raise NotExpressibleError(f"a layer's {name} does not fit its data")
        found.append(item - 1 if item > 0 else dimensions + item)
    return tuple(found)


def channels_first(config: Config) -> bool:
    """Whether the channels stand before the places."""
    return config.get("data_format") == "channels_first"


def split(shape: Shape, config: Config) -> tuple[Shape, int]:
    """(places, channels) of an example."""
    if len(shape) < 2:
        raise NotExpressibleError("a layer for images is given flat rows")
    return (shape[1:], shape[0]) if channels_first(config) else (shape[:-1], shape[-1])


def joined(places: Sequence[int], channels: int, config: Config) -> Shape:
    """The example of `places` and `channels`."""
    return (channels, *places) if channels_first(config) else (*places, channels)
