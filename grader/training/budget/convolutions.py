"""Layers that slide over places: convolutions, pooling, and what cuts, pads, enlarges or scales images."""

from __future__ import annotations

import math
from typing import Any

from grader.training.budget.size import (
    Config,
    Shape,
    Size,
    channels_first,
    count,
    counts,
    flag,
    joined,
    layer_size,
    split,
)
from grader.training.plain import NotExpressibleError


def _dimensions(class_name: str) -> int:
    return int(class_name[-2])


def _places(class_name: str, config: Config, shape: Shape) -> tuple[Shape, int]:
    places, channels = split(shape, config)
    if len(places) != _dimensions(class_name):
        raise NotExpressibleError(f"{class_name} is given data of {len(shape)} dimensions")
    return places, channels


def _slid(places: Shape, window: Shape, strides: Shape, padding: Any, dilation: Shape) -> Shape:
    """Places that a window reaches."""
    found = []
    for side, size, step, apart in zip(places, window, strides, dilation, strict=True):
        reach = side if padding in ("same", "causal") else side - (size - 1) * apart
        found.append(-(-reach // step))
    return tuple(found)


def convolution(class_name: str, config: Config, shape: Shape) -> Size:
    """`Conv1D` to `Conv3D`."""
    places, channels = _places(class_name, config, shape)
    sides, groups = len(places), count(config, "groups", 1)
    window, filters = counts(config, "kernel_size", sides), count(config, "filters")
    moved = _slid(
        places, window, counts(config, "strides", sides), config.get("padding"), counts(config, "dilation_rate", sides)
    )
    kernel = math.prod(window) * (channels // groups) * filters
    weights = kernel + (filters if flag(config, "use_bias", True) else 0)
    return layer_size(joined(moved, filters, config), weights, 2 * kernel * math.prod(moved))


def depthwise(class_name: str, config: Config, shape: Shape) -> Size:
    """`DepthwiseConv` and `SeparableConv`, the latter with a convolution of single places behind it."""
    places, channels = _places(class_name, config, shape)
    sides = len(places)
    window, multiplied = counts(config, "kernel_size", sides), channels * count(config, "depth_multiplier", 1)
    steps, dilation = counts(config, "strides", sides), counts(config, "dilation_rate", sides)
    moved = _slid(places, window, steps, config.get("padding"), dilation)
    kernel, out = math.prod(window) * multiplied, multiplied
    if class_name.startswith("Separable"):
        out = count(config, "filters")
        kernel += multiplied * out
    weights = kernel + (out if flag(config, "use_bias", True) else 0)
    return layer_size(joined(moved, out, config), weights, 2 * kernel * math.prod(moved))


def transposed(class_name: str, config: Config, shape: Shape) -> Size:
    """`Conv1DTranspose` to `Conv3DTranspose`."""
    sides = int(class_name[4])
    places, channels = split(shape, config)
    if len(places) != sides:
        raise NotExpressibleError(f"{class_name} is given data of {len(shape)} dimensions")
    window, steps = counts(config, "kernel_size", sides), counts(config, "strides", sides)
    dilation, filters = counts(config, "dilation_rate", sides), count(config, "filters")
    padded = config.get("output_padding")
    paddings = [padded] * sides if padded is None or isinstance(padded, int) else padded
    grown = []
    for side, size, step, apart, more in zip(places, window, steps, dilation, paddings, strict=True):
        reach = size + (size - 1) * (apart - 1)
        if more is None:
            grown.append(side * step + (0 if config.get("padding") == "same" else max(reach - step, 0)))
        else:
            inside = reach - 2 * (reach // 2) if config.get("padding") == "same" else reach
            grown.append((side - 1) * step + inside + int(more))
    kernel = math.prod(window) * channels * filters
    weights = kernel + (filters if flag(config, "use_bias", True) else 0)
    return layer_size(joined(grown, filters, config), weights, 2 * kernel * math.prod(places))


def pooling(class_name: str, config: Config, shape: Shape) -> Size:
    """`MaxPooling` and `AveragePooling`."""
    places, channels = _places(class_name, config, shape)
    window = counts(config, "pool_size", len(places), 2)
    steps = window if config.get("strides") is None else counts(config, "strides", len(places))
    moved = _slid(places, window, steps, config.get("padding"), (1,) * len(places))
    return layer_size(joined(moved, channels, config), 0, math.prod(moved) * channels * math.prod(window))


def global_pooling(class_name: str, config: Config, shape: Shape) -> Size:
    """`GlobalMaxPooling` and `GlobalAveragePooling`."""
    places, channels = _places(class_name, config, shape)
    kept = joined((1,) * len(places), channels, config) if config.get("keepdims") else (channels,)
    return layer_size(kept, 0, math.prod(shape))


def _pairs(value: Any, sides: int) -> list[tuple[int, int]]:
    """Sizes before and after each side, from `2`, `(2, 3)` or `((1, 2), (3, 4))`."""
    items = [value] * sides if isinstance(value, int) else value
    if sides == 1 and isinstance(items, list) and len(items) == 2:
        items = [items]
    pairs = [(item, item) if isinstance(item, int) else tuple(item) for item in items]
    if len(pairs) != sides or any(len(pair) != 2 or min(pair) < 0 for pair in pairs):
        raise NotExpressibleError("a layer's padding or cropping does not fit its data")
    return [(int(first), int(last)) for first, last in pairs]


def bordered(class_name: str, config: Config, shape: Shape) -> Size:
    """`ZeroPadding` and `Cropping`."""
    places, channels = _places(class_name, config, shape)
    cut = class_name.startswith("Cropping")
    pairs = _pairs(config.get("cropping" if cut else "padding", 1), len(places))
    sign = -1 if cut else 1
    moved = [side + sign * (first + last) for side, (first, last) in zip(places, pairs, strict=True)]
    return layer_size(joined(moved, channels, config))


def enlarged(class_name: str, config: Config, shape: Shape) -> Size:
    """`UpSampling1D` to `UpSampling3D`."""
    places, channels = _places(class_name, config, shape)
    factors = counts(config, "size", len(places), 2)
    return layer_size(joined([a * b for a, b in zip(places, factors, strict=True)], channels, config))


def resized(class_name: str, config: Config, shape: Shape) -> Size:
    """`Resizing`, `CenterCrop` and `RandomCrop`: images of a given height and width."""
    if len(shape) != 3:
        raise NotExpressibleError(f"{class_name} is given data of {len(shape)} dimensions")
    channels = shape[0] if channels_first(config) else shape[-1]
    return layer_size(joined((count(config, "height"), count(config, "width")), channels, config))
