"""The size of every layer that the allow-list knows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from grader.training.budget import convolutions, sequences
from grader.training.budget.size import Config, Shape, Size, axes, count, flag, layer_size
from grader.training.plain import NotExpressibleError

_One = Callable[[str, Config, Shape], Size]

_UNKNOWN = "the size of a {} cannot be worked out"


def _unchanged(name: str, config: Config, shape: Shape) -> Size:
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
    given, kernel, made = config["equation"].replace(" ", "").replace("->", ",").split(",")
    out = config["output_shape"]
    out = [out] if isinstance(out, int) else out
    sides = dict(zip(given.rpartition("...")[2][::-1], shape[::-1], strict=False))
    named = zip(made.rpartition("...")[2][::-1], out[::-1], strict=False)
    known = sides | {letter: side for letter, side in named if isinstance(side, int)}
    weights = math.prod(known[letter] for letter in kernel)
    bias = math.prod(known[letter] for letter in config.get("bias_axes") or "")
    filled = tuple(known[letter] if size is None else size for letter, size in zip(made[-len(out) :], out, strict=True))
    leading = shape[: len(shape) - len(given.rpartition("...")[2])] if "..." in given else ()
    rows = math.prod(shape) // max(math.prod(known[letter] for letter in set(kernel) & set(given)), 1)
    biases = bias if config.get("bias_axes") else 0
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
    kept = [shape[axis] for axis in axes(config, "axis", len(shape))] if config.get("axis") is not None else []
    learned = 0 if config.get("mean") is not None else 2 * math.prod(kept) + 1
    return replace(layer_size(shape, learned), exact=False)


def _prelu(name: str, config: Config, shape: Shape) -> Size:
    shared = axes(config, "shared_axes", len(shape)) if config.get("shared_axes") else ()
    return layer_size(shape, math.prod(side for axis, side in enumerate(shape) if axis not in shared))


def _reshape(name: str, config: Config, shape: Shape) -> Size:
    target = config["target_shape"]
    target = [target] if isinstance(target, int) else list(target)
    known = math.prod(side for side in target if side != -1)
    if target.count(-1) == 1 and known > 0 and math.prod(shape) % known == 0:
        target[target.index(-1)] = math.prod(shape) // known
    if math.prod(target) != math.prod(shape) or min(target, default=1) < 1:
        raise NotExpressibleError("a Reshape does not fit its data")
    return layer_size(tuple(target))


def _permute(name: str, config: Config, shape: Shape) -> Size:
    dims = config["dims"]
    if sorted(dims) != list(range(1, len(shape) + 1)):
        raise NotExpressibleError("a Permute does not fit its data")
    return layer_size(tuple(shape[at - 1] for at in dims))


def _repeated(name: str, config: Config, shape: Shape) -> Size:
    return layer_size((count(config, "n"), *shape))


def _encoded(name: str, config: Config, shape: Shape) -> Size:
    tokens = count(config, "num_tokens")
    single = config.get("output_mode") == "one_hot" and shape[-1:] != (1,)
    return replace(layer_size((*shape, tokens) if single else (*shape[:-1], tokens)), exact=False)


_PLACES: dict[str, _One] = {
    **{f"Conv{n}D": convolutions.convolution for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": convolutions.transposed for n in (1, 2, 3)},
    **{f"{kind}Conv{n}D": convolutions.depthwise for kind in ("Separable", "Depthwise") for n in (1, 2)},
    **{f"{kind}Pooling{n}D": convolutions.pooling for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"Global{kind}Pooling{n}D": convolutions.global_pooling for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"{kind}{n}D": convolutions.bordered for kind in ("ZeroPadding", "Cropping") for n in (1, 2, 3)},
    **{f"UpSampling{n}D": convolutions.enlarged for n in (1, 2, 3)},
    **dict.fromkeys(("Resizing", "CenterCrop", "RandomCrop"), convolutions.resized),
}
_SINGLE: dict[str, _One] = {
    **_PLACES,
    "Dense": _dense,
    "Embedding": _embedding,
    "EinsumDense": _einsum,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _layer_norm,
    "Normalization": _normalization,
    "PReLU": _prelu,
    "Flatten": lambda name, config, shape: layer_size((math.prod(shape),)),
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeated,
    "CategoryEncoding": _encoded,
    **dict.fromkeys(("SimpleRNN", "LSTM", "GRU", "RNN"), sequences.recurrent),
    **dict.fromkeys(
        """
        Activation Masking Identity UnitNormalization Dropout AlphaDropout GaussianDropout GaussianNoise
        SpatialDropout1D SpatialDropout2D SpatialDropout3D ActivityRegularization ReLU Softmax LeakyReLU ELU Rescaling
        RandomFlip RandomTranslation RandomRotation RandomZoom RandomContrast RandomBrightness
        """.split(),
        _unchanged,
    ),
}


def _broadcast(shapes: list[Shape]) -> Shape:
    longest = max(len(shape) for shape in shapes)
    padded = [(1,) * (longest - len(shape)) + shape for shape in shapes]
    return tuple(max(sides) for sides in zip(*padded, strict=True))


def _concatenated(config: Config, shapes: list[Shape]) -> Size:
    (axis,) = axes(config, "axis", len(shapes[0]))
    if len({shape[:axis] + shape[axis + 1 :] for shape in shapes}) != 1:
        raise NotExpressibleError("a Concatenate is given shapes that do not fit")
    sides = list(shapes[0])
    sides[axis] = sum(shape[axis] for shape in shapes)
    return layer_size(tuple(sides))


def _dotted(config: Config, shapes: list[Shape]) -> Size:
    given = config["axes"]
    pair = [given, given] if isinstance(given, int) else given
    at = [axes({"axes": axis}, "axes", len(shape))[0] for axis, shape in zip(pair, shapes, strict=True)]
    rest = [shape[:axis] + shape[axis + 1 :] for shape, axis in zip(shapes, at, strict=True)]
    out = (*rest[0], *rest[1]) or (1,)
    return layer_size(out, 0, 2 * math.prod(out) * shapes[0][at[0]])


def _spectral(config: Config, shapes: list[Shape], measure: sequences.Measure) -> Size:
    inner = measure(config["layer"], shapes)
    return replace(inner, parameters=inner.parameters + inner.shape[-1], exact=False)


def measured_layer(layer: Any, shapes: list[Shape], measure: sequences.Measure) -> Size:
    """The size of a canonical layer on inputs of `shapes`; `measure` takes what it wraps.

    Raises `NotExpressibleError` where it cannot be told.
    """
    name, config = layer["class_name"], layer["config"]
    try:
        return _measured(name, config, shapes, measure)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
        raise NotExpressibleError(_UNKNOWN.format(name)) from error


def _measured(name: str, config: Config, shapes: list[Shape], measure: sequences.Measure) -> Size:
    if name in ("Average", "Maximum", "Minimum", "Add", "Subtract", "Multiply"):
        return layer_size(_broadcast(shapes))
    if name == "Concatenate":
        return _concatenated(config, shapes)
    if name == "Dot":
        return _dotted(config, shapes)
    if name == "MultiHeadAttention":
        return sequences.many_headed(config, shapes)
    if name in ("Attention", "AdditiveAttention"):
        return sequences.attention(name, config, shapes)
    if name == "SpectralNormalization":
        return _spectral(config, shapes, measure)
    if name == "Bidirectional":
        return sequences.bidirectional(config, shapes[0], measure)
    if name == "TimeDistributed":
        return sequences.distributed(config, shapes[0], measure)
    if name in _SINGLE:
        return _SINGLE[name](name, config, shapes[0])
    raise NotExpressibleError(_UNKNOWN.format(name))
