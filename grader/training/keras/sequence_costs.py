"""The size of layers over steps of time: recurrent ones, their wrappers, and attention."""

from __future__ import annotations

import math
from dataclasses import replace

from grader.training.budget import Shape, Size
from grader.training.keras.layer_config import Config, Measure, count, flag, items, layer, layer_size, whole_numbers
from grader.training.plain import NotExpressibleError

_GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
"""Matrices of a recurrent cell for each direction of its weights."""


def recurrent(name: str, config: Config, shape: Shape) -> Size:
    """`SimpleRNN`, `LSTM`, `GRU`, and `RNN` over given cells, on (steps, width)."""
    if len(shape) != 2:
        raise NotExpressibleError(f"{name} is given data of {len(shape)} dimensions")
    steps, width = shape
    if name == "RNN":
        cell = config["cell"]
        weights, units = _stack(cell, width) if isinstance(cell, list) else _cell(*layer(cell), width)
    else:
        weights, units = _cell(name, config, width)
    out = (steps, units) if config.get("return_sequences") else (units,)
    # Of each step the gates are kept too.
    return layer_size(out, weights, 2 * weights * steps, kept=8 * steps * units)


def _cell(name: str, config: Config, width: int) -> tuple[int, int]:
    """(weights, units) of one recurrent step on `width` numbers."""
    if name == "StackedRNNCells":
        return _stack(items(config["cells"], "cells"), width)
    units, gates = count(config, "units"), _GATES[name.removesuffix("Cell")]
    biases = 2 if gates == _GATES["GRU"] and flag(config, "reset_after", True) else 1
    return gates * (units * (width + units) + biases * units * flag(config, "use_bias", True)), units


def _stack(cells: list[object], width: int) -> tuple[int, int]:
    """(weights, units) of recurrent cells, each on what the one before it gives."""
    weights = 0
    for cell in cells:
        more, width = _cell(*layer(cell), width)
        weights += more
    return weights, width


def bidirectional(config: Config, shape: Shape, measure: Measure) -> Size:
    """`Bidirectional`: a layer in both directions of time."""
    forward = measure(config["layer"], [shape])
    backward = measure(config["backward_layer"], [shape]) if config.get("backward_layer") else forward
    merged = config.get("merge_mode", "concat")
    out = (*forward.shape[:-1], forward.shape[-1] + backward.shape[-1]) if merged == "concat" else forward.shape
    both = layer_size(
        out,
        forward.parameters + backward.parameters,
        forward.operations + backward.operations,
        forward.kept + backward.kept,
    )
    return replace(both, exact=merged is not None)


def time_distributed(config: Config, shape: Shape, measure: Measure) -> Size:
    """`TimeDistributed`: a layer on every step by itself."""
    if len(shape) < 2:
        raise NotExpressibleError("TimeDistributed is given flat rows")
    inner = measure(config["layer"], [shape[1:]])
    return layer_size((shape[0], *inner.shape), inner.parameters, shape[0] * inner.operations, shape[0] * inner.kept)


def multi_head_attention(config: Config, shapes: list[Shape]) -> Size:
    """`MultiHeadAttention` on query and value (steps, width), with the key where it is another."""
    query, value = shapes[0], shapes[1]
    key = shapes[2] if len(shapes) > 2 else value
    heads, key_width = count(config, "num_heads"), count(config, "key_dim")
    value_width = count(config, "value_dim", key_width)
    out = whole_numbers(config["output_shape"], "output_shape") if config.get("output_shape") else [query[-1]]
    last = math.prod(out)
    bias = int(flag(config, "use_bias", True))
    weights = heads * key_width * (query[-1] + key[-1] + 2 * bias)
    weights += heads * value_width * (value[-1] + bias) + last * (heads * value_width + bias)
    asked, known = math.prod(query[:-1]), math.prod(value[:-1])
    scores = heads * asked * known
    operations = 2 * weights * max(asked, known) + 2 * scores * (key_width + value_width)
    kept = 2 * scores + 4 * asked * heads * max(key_width, value_width)
    return layer_size((*query[:-1], *out), weights, operations, kept=kept)


def attention(name: str, config: Config, shapes: list[Shape]) -> Size:
    """`Attention` and `AdditiveAttention` on query and value."""
    query, value = shapes[0], shapes[1]
    if name == "AdditiveAttention":
        weights = value[-1] if flag(config, "use_scale", True) else 0
    else:
        weights = int(flag(config, "use_scale", False)) + int(config.get("score_mode") == "concat")
    scores = math.prod(query[:-1]) * math.prod(value[:-1])
    return layer_size((*query[:-1], value[-1]), weights, 4 * scores * query[-1], kept=2 * scores)
