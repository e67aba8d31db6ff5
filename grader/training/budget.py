"""How large a training would be, worked out on its configuration before anything is built."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from grader.training.canonical import NotExpressibleError

MAX_PARAMETERS = 100_000_000
MAX_WIDTH = 1_000_000
_SIZES = ("units", "filters", "output_dim", "input_dim", "num_heads", "key_dim", "value_dim", "depth_multiplier")


def check_budget(model: Mapping[str, Any]) -> None:
    """Refuse a canonical architecture whose layers cannot fit, whatever their inputs are.

    Every dense or convolutional layer has at least `previous width x own width` weights, so the running product of
    declared widths is a lower bound that needs no shape inference. Raises `NotExpressibleError`.
    """
    lower_bound = 0
    width = 1
    for layer in _layers(model):
        config = layer["config"]
        for name in _SIZES:
            value = config.get(name)
            if isinstance(value, int) and value > MAX_WIDTH:
                raise NotExpressibleError(f"a layer has {name}={value:,}, more than {MAX_WIDTH:,}")
        lower_bound += _weights(layer["class_name"], config, width)
        width = _width(config, width)
        if lower_bound > MAX_PARAMETERS:
            raise NotExpressibleError(f"the model has more than {MAX_PARAMETERS:,} parameters")


def _weights(class_name: str, config: Mapping[str, Any], width: int) -> int:
    kernel = config.get("kernel_size") or [1]
    area = math.prod(value for value in kernel if isinstance(value, int)) if isinstance(kernel, list) else 1
    if class_name == "Dense":
        return width * int(config.get("units") or 0)
    if class_name.startswith("Conv"):
        return width * int(config.get("filters") or 0) * area
    if class_name == "Embedding":
        return int(config.get("input_dim") or 0) * int(config.get("output_dim") or 0)
    if class_name in ("LSTM", "GRU", "SimpleRNN"):
        return int(config.get("units") or 0) * (width + int(config.get("units") or 0))
    return 0


def _width(config: Mapping[str, Any], width: int) -> int:
    """Channels that leave the layer: at least one, and at most what the layer declares."""
    for name in ("units", "filters", "output_dim"):
        if isinstance(config.get(name), int):
            return int(config[name])
    shape = config.get("batch_shape")
    if isinstance(shape, list) and shape and isinstance(shape[-1], int):
        if math.prod(size for size in shape if isinstance(size, int)) > MAX_PARAMETERS:
            raise NotExpressibleError("one example is larger than the size budget")
        return shape[-1]
    return width


def _layers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for layer in model["config"]["layers"]:
        if layer["class_name"] in ("Sequential", "Functional"):
            found += _layers(layer)
        else:
            inner = layer["config"].get("layer")
            found += [layer] + ([inner] if isinstance(inner, dict) else [])
    return found
