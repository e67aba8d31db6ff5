"""Layers held side by side: what of a layer counts, how it is worded, and the best alignment of two networks."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from grader.facts.keras import ACTIVATION_LAYERS, INPUT_SHAPING, SETTINGS
from grader.records import Architecture, Layer

_DEFAULTS: dict[str, JsonValue] = {"strides": 1, "padding": "valid", "activation": "linear"}
"""What Keras takes where a layer does not say."""
_HEAVY = {"units": 2.0, "filters": 2.0}
"""Weights of settings that count for more than one: the size is what a task asks for first."""
_MOST = 200
"""Layers that are compared: alignment takes the square of it, and networks of a lab have some dozen."""
_KINSHIP = 0.1
"""What two layers of one class have in common where every setting differs: less than one equal setting among seven,
so that it only breaks ties."""


@dataclass(frozen=True)
class PlainLayer:
    """A layer reduced to what counts, in comparable values."""

    class_name: str
    settings: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        values = dict(self.settings)
        size = values.get("units") or values.get("filters") or values.get("rate") or ""
        words = [f"{self.class_name} {size}".strip()]
        for key in ("kernel_size", "pool_size"):
            if key in values:
                words[0] += f" {values[key]}"
        if values.get("strides") not in (None, "1x1", "1", values.get("pool_size")):
            words.append(f"strides {values['strides']}")
        if values.get("padding") not in (None, "valid"):
            words.append(f"padding {values['padding']}")
        if values.get("activation") not in (None, "linear"):
            words.append(values["activation"])
        elif "activation" in values:
            words.append("no activation")
        return ", ".join(words)


def plain_layers(architecture: Architecture) -> tuple[PlainLayer, ...]:
    """The layers that count: activations that stand alone join the layer before, and input shaping is left out."""
    plain: list[PlainLayer] = []
    for layer in architecture.layers[:_MOST]:
        if layer.class_name in INPUT_SHAPING:
            continue
        activation = _own_activation(layer)
        if activation and plain and dict(plain[-1].settings).get("activation") == "linear":
            settings = tuple((key, activation if key == "activation" else value) for key, value in plain[-1].settings)
            plain[-1] = PlainLayer(plain[-1].class_name, settings)
            continue
        plain.append(PlainLayer(layer.class_name, _settings(layer)))
    return tuple(plain)


def _settings(layer: Layer) -> tuple[tuple[str, str], ...]:
    keys = SETTINGS.get(layer.class_name, ())
    if layer.config:
        return tuple((key, _setting(layer, key)) for key in keys)
    # Layers of a subclassed model tell no more than their output.
    size = layer.output_shape[-1] if layer.output_shape else None
    return ((keys[0], str(size)),) if size is not None and keys and keys[0] in _HEAVY else ()


def _own_activation(layer: Layer) -> str:
    if layer.class_name == "Activation":
        return _setting(layer, "activation")
    return ACTIVATION_LAYERS.get(layer.class_name, "")


def _setting(layer: Layer, key: str) -> str:
    value = layer.config.get(key)
    if value is None:
        pooled = key == "strides" and "pool_size" in layer.config
        value = layer.config["pool_size"] if pooled else _DEFAULTS.get(key)
    if key in ("kernel_size", "strides", "pool_size"):
        sizes = value if isinstance(value, list) else [value] * (1 if layer.class_name.endswith("1D") else 2)
        return "x".join(f"{size:g}" if isinstance(size, int | float) else str(size) for size in sizes)
    if isinstance(value, dict):
        return str(value.get("class_name", "")).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def layer_likeness(ours: PlainLayer, theirs: PlainLayer) -> float:
    """1 for equal layers, 0 for different classes, between them the weighted share of equal settings."""
    if ours.class_name != theirs.class_name:
        return 0.0
    expected, found = dict(theirs.settings), dict(ours.settings)
    if not expected:
        return 1.0
    weights = {key: _HEAVY.get(key, 1.0) for key in expected}
    return sum(weights[key] for key in expected if found.get(key) == expected[key]) / sum(weights.values())


def aligned_layers(
    ours: tuple[PlainLayer, ...], theirs: tuple[PlainLayer, ...]
) -> tuple[tuple[PlainLayer | None, PlainLayer | None], ...]:
    """Pairs of the best alignment, in order; `None` where one side has no such layer."""
    best = [[0.0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i, layer in enumerate(ours):
        for j, other in enumerate(theirs):
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], best[i][j] + _kinship(layer, other))
    pairs: list[tuple[PlainLayer | None, PlainLayer | None]] = []
    i, j = len(ours), len(theirs)
    while i or j:
        paired = i and j and ours[i - 1].class_name == theirs[j - 1].class_name
        if paired and best[i][j] == best[i - 1][j - 1] + _kinship(ours[i - 1], theirs[j - 1]):
            pairs.append((ours[i - 1], theirs[j - 1]))
            i, j = i - 1, j - 1
        elif i and best[i][j] == best[i - 1][j]:
            pairs.append((ours[i - 1], None))
            i -= 1
        else:
            pairs.append((None, theirs[j - 1]))
            j -= 1
    return tuple(reversed(pairs))


def _kinship(ours: PlainLayer, theirs: PlainLayer) -> float:
    # Layers of one class belong together even where every setting differs.
    return _KINSHIP + layer_likeness(ours, theirs) if ours.class_name == theirs.class_name else 0.0
