"""The size of every layer that the allow-list knows, by its class.

Layers that slide over places stand in `convolution_costs.py`. What is worked out here agrees with what Keras builds;
`tests/training/keras/test_sizes.py` holds each against the library.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from grader.facts.keras import BROADCASTING, KEEPING_SHAPE, RECURRENT
from grader.training.budget import Shape, Size
from grader.training.keras import convolution_costs
from grader.training.keras.layer_config import (
    Config,
    Measure,
    axes,
    count,
    flag,
    items,
    layer,
    layer_size,
    text,
    whole_number,
    whole_numbers,
)
from grader.training.plain import NotExpressibleError

_One: TypeAlias = Callable[[str, Config, Shape], Size]
"""The size of a layer with one input, by its class, its arguments and the input's shape."""

_UNKNOWN = "the size of a {} cannot be worked out"

_GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
"""Matrices of a recurrent cell for each direction of its weights."""


def layer_cost(serialised: object, shapes: list[Shape], measure: Measure) -> Size:
    """The size of a canonical layer on inputs of `shapes`; `measure` takes what it wraps.

    Raises `NotExpressibleError` where it cannot be told.
    """
    name, config = layer(serialised)
    try:
        return _layer_cost(name, config, shapes, measure)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
        raise NotExpressibleError(_UNKNOWN.format(name)) from error


def _layer_cost(name: str, config: Config, shapes: list[Shape], measure: Measure) -> Size:
    if name in BROADCASTING:
        return layer_size(_broadcast(shapes))
    if name == "Concatenate":
        return _concatenate(config, shapes)
    if name == "Dot":
        return _dot(config, shapes)
    if name == "MultiHeadAttention":
        return _multi_head_attention(config, shapes)
    if name in ("Attention", "AdditiveAttention"):
        return _attention(name, config, shapes)
    if name == "SpectralNormalization":
        return _spectral_norm(config, shapes, measure)
    if name == "Bidirectional":
        return _bidirectional(config, shapes[0], measure)
    if name == "TimeDistributed":
        return _time_distributed(config, shapes[0], measure)
    if name in _SINGLE:
        return _SINGLE[name](name, config, shapes[0])
    raise NotExpressibleError(_UNKNOWN.format(name))


def _same_shape(name: str, config: Config, shape: Shape) -> Size:
    return layer_size(shape)


def _dense(name: str, config: Config, shape: Shape) -> Size:
    units = count(config, "units")
    kernel = shape[-1] * units
    weights = kernel + (units if flag(config, "use_bias", True) else 0)
    return layer_size((*shape[:-1], units), weights, 2 * kernel * math.prod(shape[:-1]))


def _embedding(name: str, config: Config, shape: Shape) -> Size:
    width = count(config, "output_dim")
    return layer_size((*shape, width), count(config, "input_dim") * width)


def _einsum(name: str, config: Config, shape: Shape) -> Size:
    given, kernel, made = text(config, "equation").replace(" ", "").replace("->", ",").split(",")
    declared = config["output_shape"]
    out = [declared] if isinstance(declared, int) else items(declared, "output_shape")
    # Letters are matched from the right, as an ellipsis may stand for any number of axes on the left.
    sides = dict(zip(given.rpartition("...")[2][::-1], shape[::-1], strict=False))
    named = zip(made.rpartition("...")[2][::-1], out[::-1], strict=False)
    known = sides | {letter: side for letter, side in named if isinstance(side, int)}
    weights = math.prod(known[letter] for letter in kernel)
    bias_axes = text(config, "bias_axes") if config.get("bias_axes") else ""
    biases = math.prod(known[letter] for letter in bias_axes) if bias_axes else 0
    filled = tuple(
        known[letter] if side is None else whole_number(side, "output_shape")
        for letter, side in zip(made[-len(out) :], out, strict=True)
    )
    leading = shape[: len(shape) - len(given.rpartition("...")[2])] if "..." in given else ()
    rows = math.prod(shape) // max(math.prod(known[letter] for letter in set(kernel) & set(given)), 1)
    return replace(layer_size((*leading, *filled), weights + biases, 2 * weights * rows), exact="..." not in given)


def _batch_norm(name: str, config: Config, shape: Shape) -> Size:
    width = math.prod(shape[axis] for axis in axes(config, "axis", len(shape)))
    kinds = 2 + flag(config, "center", True) + flag(config, "scale", True)
    return layer_size(shape, kinds * width, 4 * math.prod(shape))


def _layer_norm(name: str, config: Config, shape: Shape) -> Size:
    width = math.prod(shape[axis] for axis in axes(config, "axis", len(shape)))
    kinds = flag(config, "center", True) + flag(config, "scale", True)
    if config.get("rms_scaling"):
        kinds = 1
    return layer_size(shape, kinds * width, 4 * math.prod(shape))


def _normalization(name: str, config: Config, shape: Shape) -> Size:
    sides = [shape[axis] for axis in axes(config, "axis", len(shape))] if config.get("axis") is not None else []
    # A mean and a variance for each, and a count of the rows seen, unless they were given.
    learned = 0 if config.get("mean") is not None else 2 * math.prod(sides) + 1
    return replace(layer_size(shape, learned), exact=False)


def _prelu(name: str, config: Config, shape: Shape) -> Size:
    shared = axes(config, "shared_axes", len(shape)) if config.get("shared_axes") else ()
    return layer_size(shape, math.prod(side for axis, side in enumerate(shape) if axis not in shared))


def _flatten(name: str, config: Config, shape: Shape) -> Size:
    return layer_size((math.prod(shape),))


def _reshape(name: str, config: Config, shape: Shape) -> Size:
    target = whole_numbers(config["target_shape"], "target_shape")
    known = math.prod(side for side in target if side != -1)
    if target.count(-1) == 1 and known > 0 and math.prod(shape) % known == 0:
        target[target.index(-1)] = math.prod(shape) // known
    if math.prod(target) != math.prod(shape) or min(target, default=1) < 1:
        raise NotExpressibleError("a Reshape does not fit its data")
    return layer_size(tuple(target))


def _permute(name: str, config: Config, shape: Shape) -> Size:
    dims = whole_numbers(config["dims"], "dims")
    if sorted(dims) != list(range(1, len(shape) + 1)):
        raise NotExpressibleError("a Permute does not fit its data")
    return layer_size(tuple(shape[at - 1] for at in dims))


def _repeat(name: str, config: Config, shape: Shape) -> Size:
    return layer_size((count(config, "n"), *shape))


def _category_encoding(name: str, config: Config, shape: Shape) -> Size:
    tokens = count(config, "num_tokens")
    single = config.get("output_mode") == "one_hot" and shape[-1:] != (1,)
    return replace(layer_size((*shape, tokens) if single else (*shape[:-1], tokens)), exact=False)


def _recurrent(name: str, config: Config, shape: Shape) -> Size:
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


_SINGLE: dict[str, _One] = {
    **{f"Conv{n}D": convolution_costs.convolution for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": convolution_costs.transpose for n in (1, 2, 3)},
    **{f"{kind}Conv{n}D": convolution_costs.depthwise for kind in ("Separable", "Depthwise") for n in (1, 2)},
    **{f"{kind}Pooling{n}D": convolution_costs.pooling for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"Global{kind}Pooling{n}D": convolution_costs.global_pooling for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"{kind}{n}D": convolution_costs.border for kind in ("ZeroPadding", "Cropping") for n in (1, 2, 3)},
    **{f"UpSampling{n}D": convolution_costs.upsampling for n in (1, 2, 3)},
    **dict.fromkeys(("Resizing", "CenterCrop", "RandomCrop"), convolution_costs.resizing),
    "Dense": _dense,
    "Embedding": _embedding,
    "EinsumDense": _einsum,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _layer_norm,
    "Normalization": _normalization,
    "PReLU": _prelu,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeat,
    "CategoryEncoding": _category_encoding,
    **dict.fromkeys(RECURRENT | {"RNN"}, _recurrent),
    **dict.fromkeys(KEEPING_SHAPE, _same_shape),
}
"""Layers with one input, by Keras' class name."""


def _broadcast(shapes: list[Shape]) -> Shape:
    longest = max(len(shape) for shape in shapes)
    padded = [(1,) * (longest - len(shape)) + shape for shape in shapes]
    return tuple(max(sides) for sides in zip(*padded, strict=True))


def _concatenate(config: Config, shapes: list[Shape]) -> Size:
    (axis,) = axes(config, "axis", len(shapes[0]))
    if len({shape[:axis] + shape[axis + 1 :] for shape in shapes}) != 1:
        raise NotExpressibleError("a Concatenate is given shapes that do not fit")
    sides = list(shapes[0])
    sides[axis] = sum(shape[axis] for shape in shapes)
    return layer_size(tuple(sides))


def _dot(config: Config, shapes: list[Shape]) -> Size:
    given = whole_numbers(config["axes"], "axes")
    pair = given * 2 if isinstance(config["axes"], int) else given
    at = [axes({"axes": axis}, "axes", len(shape))[0] for axis, shape in zip(pair, shapes, strict=True)]
    rest = [shape[:axis] + shape[axis + 1 :] for shape, axis in zip(shapes, at, strict=True)]
    out = (*rest[0], *rest[1]) or (1,)
    return layer_size(out, 0, 2 * math.prod(out) * shapes[0][at[0]])


def _spectral_norm(config: Config, shapes: list[Shape], measure: Measure) -> Size:
    inner = measure(config["layer"], shapes)
    return replace(inner, parameters=inner.parameters + inner.shape[-1], exact=False)


def _bidirectional(config: Config, shape: Shape, measure: Measure) -> Size:
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


def _time_distributed(config: Config, shape: Shape, measure: Measure) -> Size:
    """`TimeDistributed`: a layer on every step by itself."""
    if len(shape) < 2:
        raise NotExpressibleError("TimeDistributed is given flat rows")
    inner = measure(config["layer"], [shape[1:]])
    return layer_size((shape[0], *inner.shape), inner.parameters, shape[0] * inner.operations, shape[0] * inner.kept)


def _multi_head_attention(config: Config, shapes: list[Shape]) -> Size:
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


def _attention(name: str, config: Config, shapes: list[Shape]) -> Size:
    """`Attention` and `AdditiveAttention` on query and value."""
    query, value = shapes[0], shapes[1]
    if name == "AdditiveAttention":
        weights = value[-1] if flag(config, "use_scale", True) else 0
    else:
        weights = int(flag(config, "use_scale", False)) + int(config.get("score_mode") == "concat")
    scores = math.prod(query[:-1]) * math.prod(value[:-1])
    return layer_size((*query[:-1], value[-1]), weights, 4 * scores * query[-1], kept=2 * scores)
