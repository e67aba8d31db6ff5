"""In which range pixels reach the first weights of a model: by its layers, its arithmetic, and code of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pydantic import JsonValue

from grader.code.pixel_arithmetic import Affine, ModelCode
from grader.facts.datasets import LARGEST_PIXEL
from grader.facts.keras import ARITHMETIC, CODE, KEEPING_RANGE, MODELS, NORMALISING, SCALING, STANDARD, WEIGHTED
from grader.records import Architecture, DataUse, Layer, Match

WIDEST = 4.0
"""Width up to which inputs count as scaled: [0, 1], [-1, 1] and standardised pixels are, halved ones (127) are not."""

_FITTED = (-1.0, 1.0)
"""Stands for the range behind a layer that normalises by the numbers' own statistics."""


@dataclass(frozen=True)
class PixelRange:
    """What 0 and 255 of the data set have become."""

    low: float
    high: float
    by: str = ""
    """What of the model changed the range last, such as `A Rescaling layer`; empty where nothing did."""
    unknown: str = ""
    """Code of the model's own that may change the range in ways that cannot be told; empty where all is known."""

    @property
    def scaled(self) -> bool:
        """Whether the range is one that networks train well on."""
        return self.high - self.low <= WIDEST

    def mapped(self, scale: float, offset: float, by: str) -> PixelRange:
        """The range after `scale * value + offset`, which `by` did."""
        if scale == 1.0 and offset == 0.0:
            return self
        ends = sorted((scale * self.low + offset, scale * self.high + offset))
        return replace(self, low=ends[0], high=ends[1], by=by)


def model_code(match: Match, cell: int) -> ModelCode:
    """The classes, functions and `Lambda` layers that the hand-in's code defines up to `cell`, which trains."""
    cells = match.submission.cells
    return _model_code(tuple(one.source for one in cells if one.kind == "code" and one.index <= cell))


@lru_cache(maxsize=32)
def _model_code(sources: tuple[str, ...]) -> ModelCode:
    return ModelCode(sources)


def given_range(data: DataUse) -> PixelRange | None:
    """What 0 and 255 are in the rows that a model is given; `None` where the rows could not be laid beside the set."""
    if data.scale is None:
        return None
    return PixelRange(0.0, LARGEST_PIXEL).mapped(data.scale, data.offset or 0.0, "")


def range_at_weights(architecture: Architecture | None, given: PixelRange, code: ModelCode) -> PixelRange:
    """The range in which pixels of the range `given` reach the first layer with weights.

    `code` is the group's own, in which custom layers, `Lambda` functions and `call` are looked up.
    """
    if architecture is None:
        return given
    if architecture.kind == "subclassed" and not architecture.input_steps:
        return _through_call(architecture, given, code)
    found = given
    for layer in architecture.input_steps or architecture.layers:
        step = _through(layer, found, code)
        if step is None or step.unknown:
            return step or found
        found = step
    # The way of the input parts before it meets weights, or there are none.
    return replace(found, unknown="the model's graph")


def _through(layer: Layer, pixels: PixelRange, code: ModelCode) -> PixelRange | None:
    """The range behind `layer`; `None` where it has weights or stands for the network itself."""
    name = layer.class_name
    if name in ARITHMETIC and layer.name == "operation":
        return _operated(layer, pixels)
    if name in KEEPING_RANGE:
        return pixels
    if name in MODELS:
        return _nested(layer, pixels, code)
    if name in NORMALISING:
        return replace(pixels, low=_FITTED[0], high=_FITTED[1], by=f"A {name} layer")
    if name in SCALING:
        return _rescaled(layer, pixels)
    if name in STANDARD:
        return None
    told = code.of_lambda(layer.name) if name in CODE else code.of_class(name)
    what = f"the {name} layer" if name in CODE else f"`{name}`"
    return _applied(told, pixels, f"Code of your own in {what}", what)


def _applied(told: Affine | None, pixels: PixelRange, by: str, what: str) -> PixelRange:
    if told is None:
        return replace(pixels, unknown=what)
    if told.fitted:
        return replace(pixels, low=_FITTED[0], high=_FITTED[1], by=by)
    return pixels.mapped(told.scale, told.offset, by)


def _operated(layer: Layer, pixels: PixelRange) -> PixelRange:
    """Arithmetic with a number; two tensors that are joined, or a division by the pixels, cannot be told."""
    left, right = layer.config.get("left"), layer.config.get("right")
    number = right if right is not None else left
    if not isinstance(number, int | float) or (left is not None and right is not None):
        return replace(pixels, unknown=f"the operation {layer.class_name}")
    by = "Arithmetic between the layers"
    if layer.class_name == "Multiply":
        return pixels.mapped(number, 0.0, by)
    if layer.class_name == "Add":
        return pixels.mapped(1.0, number, by)
    if layer.class_name == "Subtract":
        return pixels.mapped(1.0, -number, by) if right is not None else pixels.mapped(-1.0, number, by)
    if right is None or not number:
        return replace(pixels, unknown=f"the operation {layer.class_name}")
    return pixels.mapped(1.0 / number, 0.0, by)


def _nested(layer: Layer, pixels: PixelRange, code: ModelCode) -> PixelRange | None:
    """The range behind a model that is a layer of another, such as one of preprocessing; `None`: it has weights."""
    inner = layer.config.get("layers")
    if not isinstance(inner, list):
        return replace(pixels, unknown=f"the {layer.class_name} within it")
    found: PixelRange | None = pixels
    for item in inner:
        if isinstance(item, dict) and found is not None and not found.unknown:
            config = {key: value for key, value in item.items() if key != "class_name"}
            found = _through(Layer(class_name=str(item.get("class_name")), name="", config=config), found, code)
    return found


def _rescaled(layer: Layer, pixels: PixelRange) -> PixelRange:
    """Through `Rescaling` or `Normalization`, each channel by its own numbers: the widest range of any."""
    by, config = f"A {layer.class_name} layer", layer.config
    if layer.class_name == "Rescaling":
        scales, offsets = _numbers(config.get("scale")), _numbers(config.get("offset")) or [0.0]
    else:
        means, variances = _numbers(config.get("mean")), _numbers(config.get("variance"))
        if config.get("invert"):
            return replace(pixels, unknown="the Normalization layer")
        if not means or not variances:
            # adapted to the data before the training, by their own statistics
            return replace(pixels, low=_FITTED[0], high=_FITTED[1], by=by)
        deviations = [math.sqrt(variance) for variance in variances if variance > 0] or [1.0]
        scales = [1.0 / deviation for deviation in deviations]
        offsets = [-mean / deviation for mean in means for deviation in deviations[:1]]
    if not scales:
        return replace(pixels, unknown=f"the {layer.class_name} layer")
    widest = max(scales, key=abs)
    return pixels.mapped(widest, offsets[0], by)


def _numbers(value: JsonValue) -> list[float]:
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def _through_call(architecture: Architecture, given: PixelRange, code: ModelCode) -> PixelRange:
    """Through the `call` of a model that is a class of its own."""
    name = architecture.class_name
    found = _applied(code.of_class(name), given, f"`{name}.call`", f"`{name}.call`" if name else "the model's code")
    used = _scaling_layer(architecture.layers) if found.unknown else None
    if used is not None:
        return replace(given, low=_FITTED[0], high=_FITTED[1], by=f"A {used} layer")
    return found


def _scaling_layer(layers: Sequence[Layer]) -> str | None:
    """The layer that scales among those before the first weights, as the class lists them; one never called is unbuilt,
    and has no count of parameters."""
    before: list[Layer] = []
    for layer in layers:
        if layer.class_name in WEIGHTED:
            break
        before.append(layer)
    built = any(layer.parameters is not None for layer in layers)
    usable = (layer for layer in before if layer.class_name in SCALING | NORMALISING)
    return next((layer.class_name for layer in usable if layer.parameters is not None or not built), None)
