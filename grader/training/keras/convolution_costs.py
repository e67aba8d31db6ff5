"""The size of layers that slide over places: convolutions, pooling, and what cuts, pads, enlarges or scales images.

Each function takes Keras' class name, the layer's arguments and the shape of one example, and raises
`NotExpressibleError` where these do not fit together.
"""

from __future__ import annotations

import math

from grader.training.budget import Shape, Size
from grader.training.keras.layer_config import (
    Config,
    channels_first,
    count,
    counts,
    flag,
    items,
    layer_size,
    places_and_channels,
    whole_numbers,
    with_channels,
)
from grader.training.plain import NotExpressibleError


def _dimensions(class_name: str) -> int:
    return int(class_name[-2])


def _places(class_name: str, config: Config, shape: Shape) -> tuple[Shape, int]:
    places, channels = places_and_channels(shape, config)
    if len(places) != _dimensions(class_name):
        raise NotExpressibleError(f"{class_name} is given data of {len(shape)} dimensions")
    return places, channels


def _slid(places: Shape, window: Shape, strides: Shape, padding: object, dilation: Shape) -> Shape:
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
    return layer_size(with_channels(moved, filters, config), weights, 2 * kernel * math.prod(moved))


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
    return layer_size(with_channels(moved, out, config), weights, 2 * kernel * math.prod(moved))


def transpose(class_name: str, config: Config, shape: Shape) -> Size:
    """`Conv1DTranspose` to `Conv3DTranspose`."""
    sides = int(class_name[4])
    places, channels = places_and_channels(shape, config)
    if len(places) != sides:
        raise NotExpressibleError(f"{class_name} is given data of {len(shape)} dimensions")
    window, steps = counts(config, "kernel_size", sides), counts(config, "strides", sides)
    dilation, filters = counts(config, "dilation_rate", sides), count(config, "filters")
    padded = config.get("output_padding")
    paddings: list[int | None] = [None] * sides
    if padded is not None:
        paddings = [*whole_numbers(padded, "output_padding")] * (sides if isinstance(padded, int) else 1)
    grown = []
    for side, size, step, apart, more in zip(places, window, steps, dilation, paddings, strict=True):
        reach = size + (size - 1) * (apart - 1)
        if more is None:
            grown.append(side * step + (0 if config.get("padding") == "same" else max(reach - step, 0)))
        else:
            inside = reach - 2 * (reach // 2) if config.get("padding") == "same" else reach
            grown.append((side - 1) * step + inside + more)
    kernel = math.prod(window) * channels * filters
    weights = kernel + (filters if flag(config, "use_bias", True) else 0)
    return layer_size(with_channels(grown, filters, config), weights, 2 * kernel * math.prod(places))


def pooling(class_name: str, config: Config, shape: Shape) -> Size:
    """`MaxPooling` and `AveragePooling`."""
    places, channels = _places(class_name, config, shape)
    window = counts(config, "pool_size", len(places), 2)
    steps = window if config.get("strides") is None else counts(config, "strides", len(places))
    moved = _slid(places, window, steps, config.get("padding"), (1,) * len(places))
    return layer_size(with_channels(moved, channels, config), 0, math.prod(moved) * channels * math.prod(window))


def global_pooling(class_name: str, config: Config, shape: Shape) -> Size:
    """`GlobalMaxPooling` and `GlobalAveragePooling`."""
    places, channels = _places(class_name, config, shape)
    kept = with_channels((1,) * len(places), channels, config) if config.get("keepdims") else (channels,)
    return layer_size(kept, 0, math.prod(shape))


def _pairs(value: object, sides: int) -> list[tuple[int, int]]:
    """Sizes before and after each side, from `2`, `(2, 3)` or `((1, 2), (3, 4))`."""
    given: list[object] = [value] * sides if isinstance(value, int) else items(value, "padding or cropping")
    if sides == 1 and len(given) == 2:
        given = [given]
    pairs = [[item, item] if isinstance(item, int) else whole_numbers(item, "padding or cropping") for item in given]
    if len(pairs) != sides or any(len(pair) != 2 or min(pair) < 0 for pair in pairs):
        raise NotExpressibleError("a layer's padding or cropping does not fit its data")
    return [(first, last) for first, last in pairs]


def border(class_name: str, config: Config, shape: Shape) -> Size:
    """`ZeroPadding` and `Cropping`."""
    places, channels = _places(class_name, config, shape)
    cut = class_name.startswith("Cropping")
    pairs = _pairs(config.get("cropping" if cut else "padding", 1), len(places))
    sign = -1 if cut else 1
    moved = [side + sign * (first + last) for side, (first, last) in zip(places, pairs, strict=True)]
    return layer_size(with_channels(moved, channels, config))


def upsampling(class_name: str, config: Config, shape: Shape) -> Size:
    """`UpSampling1D` to `UpSampling3D`."""
    places, channels = _places(class_name, config, shape)
    factors = counts(config, "size", len(places), 2)
    return layer_size(with_channels([a * b for a, b in zip(places, factors, strict=True)], channels, config))


def resizing(class_name: str, config: Config, shape: Shape) -> Size:
    """`Resizing`, `CenterCrop` and `RandomCrop`: images of a given height and width."""
    if len(shape) != 3:
        raise NotExpressibleError(f"{class_name} is given data of {len(shape)} dimensions")
    channels = shape[0] if channels_first(config) else shape[-1]
    return layer_size(with_channels((count(config, "height"), count(config, "width")), channels, config))
