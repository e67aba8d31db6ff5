"""What makes two networks the same for matching: classes and sizes, not names, input rank or regulariser strength."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import JsonValue

from grader.records.models import Architecture, CompileArguments, Layer

Shape: TypeAlias = tuple[str, ...]

_TRANSPARENT = frozenset({"InputLayer", "Flatten", "Reshape", "Rescaling", "Normalization"})
_SIZES = ("units", "filters", "kernel_size", "strides", "padding", "pool_size", "rate", "activation", "output_dim")
_REGULARISERS = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")


def weighty_layers(architecture: Architecture) -> tuple[Layer, ...]:
    """The layers that tell networks apart: those that only bring the input into shape are left out."""
    return tuple(layer for layer in architecture.layers if layer.class_name not in _TRANSPARENT)


def shape(architecture: Architecture) -> tuple[Shape, ...]:
    """A comparable description of the layers, with the kinds of regularisers but not their strengths."""
    return tuple(_layer_shape(layer) for layer in weighty_layers(architecture))


def bare_shape(architecture: Architecture) -> tuple[Shape, ...]:
    """A comparable description of the layers without any regulariser."""
    return tuple(tuple(part for part in layer if "_regularizer=" not in part) for layer in shape(architecture))


def _layer_shape(layer: Layer) -> Shape:
    sizes = tuple(f"{key}={layer.config[key]}" for key in _SIZES if key in layer.config)
    kinds = tuple(
        f"{key}={_class_name(layer.config.get(key))}" for key in _REGULARISERS if _weighs(layer.config.get(key))
    )
    return (layer.class_name, *sizes, *kinds)


def _weighs(regulariser: JsonValue) -> bool:
    """Whether it is a regulariser at all: one of strength 0 is none."""
    if not isinstance(regulariser, dict):
        return bool(regulariser)
    nested = regulariser.get("config")
    values = {**regulariser, **(nested if isinstance(nested, dict) else {})}
    known = [values[kind] for kind in ("l1", "l2", "factor") if isinstance(values.get(kind), int | float)]
    return any(known) if known else bool(regulariser)


def _class_name(value: JsonValue) -> str:
    return str(value.get("class_name", "")) if isinstance(value, dict) else str(value)


def compile_shape(arguments: CompileArguments) -> tuple[object, ...]:
    """Loss, optimizer and learning rate, comparable. Weight decay is left out: it may be what is swept."""
    rate = arguments.learning_rate
    return (arguments.loss, arguments.from_logits, arguments.optimizer, None if rate is None else f"{rate:.6g}")


def is_regularised(architecture: Architecture) -> bool:
    """Whether any layer carries a regulariser on its weights."""
    return any(_weighs(layer.config.get(key)) for layer in architecture.layers for key in _REGULARISERS[:2])


def strengths(architecture: Architecture) -> tuple[str, ...]:
    """The distinct regulariser settings of the layers, as comparable text."""
    return tuple(
        dict.fromkeys(
            str(layer.config[key])
            for layer in architecture.layers
            for key in _REGULARISERS[:2]
            if layer.config.get(key)
        )
    )


def has_class(architecture: Architecture, wanted: str) -> bool:
    """Whether a layer of class `wanted` stands anywhere, also inside a nested model; any convolution counts for one."""
    stem = "Conv" if wanted.startswith("Conv") else wanted
    return any(stem in layer.class_name or _names_class(layer.config, stem) for layer in architecture.layers)


def _names_class(value: JsonValue, stem: str, depth: int = 0) -> bool:
    if depth > 20:
        return False
    if isinstance(value, dict):
        named = value.get("class_name")
        return (isinstance(named, str) and stem in named) or any(
            _names_class(part, stem, depth + 1) for part in value.values()
        )
    return isinstance(value, list) and any(_names_class(part, stem, depth + 1) for part in value)
