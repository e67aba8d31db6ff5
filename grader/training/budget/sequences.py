"""Layers over steps of time: recurrent ones, their wrappers, and attention."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from grader.training.budget.size import Config, Shape, Size, count, flag, layer_size
from grader.training.plain import NotExpressibleError

Measure: TypeAlias = Callable[[Any, list[Shape]], Size]
"""The size of a serialised layer on inputs of given shapes."""


def _cell(name: str, config: Config, width: int) -> tuple[int, int]:
    """(weights, units) of one recurrent step on `width` numbers."""
    if name == "StackedRNNCells":
        weights = 0
        for cell in config["cells"]:
            more, width = _cell(cell["class_name"], cell["config"], width)
            weights += more
        return weights, width
    units = count(config, "units")
    gates = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[name.removesuffix("Cell")]
    biases = 2 if gates == 3 and flag(config, "reset_after", True) else 1
    return gates * (units * (width + units) + biases * units * flag(config, "use_bias", True)), units


def recurrent(class_name: str, config: Config, shape: Shape) -> Size:
    """`SimpleRNN`, `LSTM`, `GRU`, and `RNN` over given cells."""
    if len(shape) != 2:
        raise NotExpressibleError(f"{class_name} is given data of {len(shape)} dimensions")
    steps, width = shape
    if class_name == "RNN":
        cell = config["cell"]
        stacked: Any = {"class_name": "StackedRNNCells", "config": {"cells": cell}} if isinstance(cell, list) else cell
        weights, units = _cell(stacked["class_name"], stacked["config"], width)
    else:
        weights, units = _cell(class_name, config, width)
    out = (steps, units) if config.get("return_sequences") else (units,)
    # Of each step the gates are kept too.
    return layer_size(out, weights, 2 * weights * steps, kept=8 * steps * units)


def bidirectional(config: Config, shape: Shape, measure: Measure) -> Size:
    """`Bidirectional`: a layer in both directions of time."""
    forward = measure(config["layer"], [shape])
    backward = measure(config["backward_layer"], [shape]) if config.get("backward_layer") else forward
    merged = config.get("merge_mode", "concat")
    out = (*forward.shape[:-1], forward.shape[-1] + backward.shape[-1]) if merged == "concat" else forward.shape
    whole = layer_size(
        out,
        forward.parameters + backward.parameters,
        forward.operations + backward.operations,
        forward.kept + backward.kept,
    )
    return replace(whole, exact=merged is not None)


def distributed(config: Config, shape: Shape, measure: Measure) -> Size:
    """`TimeDistributed`: a layer on every step by itself."""
    if len(shape) < 2:
        raise NotExpressibleError("TimeDistributed is given flat rows")
    inner = measure(config["layer"], [shape[1:]])
    out = (shape[0], *inner.shape)
    return layer_size(out, inner.parameters, shape[0] * inner.operations, shape[0] * inner.kept)


def many_headed(config: Config, shapes: list[Shape]) -> Size:
    """`MultiHeadAttention` on query and value, with the key where it is another."""
    query, value = shapes[0], shapes[1]
    key = shapes[2] if len(shapes) > 2 else value
    heads, keyed = count(config, "num_heads"), count(config, "key_dim")
    valued = count(config, "value_dim", keyed)
    given = config.get("output_shape")
    last = math.prod(given) if isinstance(given, list) else given or query[-1]
    bias = int(flag(config, "use_bias", True))
    weights = heads * keyed * (query[-1] + key[-1] + 2 * bias)
    weights += heads * valued * (value[-1] + bias) + last * (heads * valued + bias)
    asked, known = math.prod(query[:-1]), math.prod(value[:-1])
    scores = heads * asked * known
    out = (*query[:-1], *(given if isinstance(given, list) else [last]))
    operations = 2 * weights * max(asked, known) + 2 * scores * (keyed + valued)
    return layer_size(out, weights, operations, kept=2 * scores + 4 * asked * heads * max(keyed, valued))


def attention(class_name: str, config: Config, shapes: list[Shape]) -> Size:
    """`Attention` and `AdditiveAttention` on query and value."""
    query, value = shapes[0], shapes[1]
    weights = 0
    if class_name == "AdditiveAttention":
        weights = value[-1] if flag(config, "use_scale", True) else 0
    else:
        weights = int(flag(config, "use_scale", False)) + int(config.get("score_mode") == "concat")
    scores = math.prod(query[:-1]) * math.prod(value[:-1])
    out = (*query[:-1], value[-1])
    return layer_size(out, weights, 4 * scores * query[-1], kept=2 * scores)
