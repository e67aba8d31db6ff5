"""A sandbox's description of a model as an `Architecture`: its layers, its sizes, and the way of its input.

Of plain Keras layers the host works out the sizes itself. A model with a `Lambda`, or with arithmetic between its
layers (`inputs / 255`), is none that the trainer builds, and of a graph the order of its layers is not the way: what
the input goes through before the first weights is read from Keras' own serialisation. Of what is written there only
class names, numbers and lists of numbers are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from pydantic import JsonValue

from grader.facts.keras import ARITHMETIC, MODELS, WEIGHTED
from grader.probe.descriptions import LayerDescription, ModelDescription
from grader.recorder.keras.settings import flat_config
from grader.records import Architecture, Layer
from grader.training.budget import Size
from grader.training.keras.canonical import KerasObject, canonical_model, model_layers
from grader.training.keras.cost import model_size
from grader.training.plain import NotExpressibleError
from grader.training.spec import canonical_digest

_MOST_STEPS = 40
_MOST_NUMBERS = 64
_MOST_DEPTH = 6
_OPERATIONS = "keras.src.ops"
_OPERANDS = ("left", "right")


class _Totals(TypedDict):
    parameters: int | None
    trainable_parameters: int | None
    input_shape: tuple[int | None, ...] | None


def canonical_architecture(description: ModelDescription, input_shape: tuple[int, ...] | None) -> KerasObject:
    """The canonical configuration of a described model. Raises `NotExpressibleError`."""
    if description.config is None:
        name = description.class_name[:60]
        raise NotExpressibleError(f"the model is of a class of its own or holds a layer of its own (“{name}”)")
    return canonical_model(description.config, input_shape)


def architecture_of(description: ModelDescription, input_shape: tuple[int, ...] | None = None) -> Architecture:
    """The architecture that a description claims. Of plain Keras layers the host works out the sizes itself."""
    claimed = [_claimed(layer) for layer in description.layers]
    shape = description.input_shape
    totals = _Totals(
        parameters=description.parameters,
        trainable_parameters=description.trainable,
        input_shape=shape[1:] if shape else None,
    )
    try:
        canonical = canonical_architecture(description, input_shape)
    except NotExpressibleError:
        steps = input_steps(description.config)
        name = canonical_digest([layer.as_json() for layer in (*claimed, *steps)])[:12]
        own = description.class_name[:100]
        return Architecture(
            id=name, kind="subclassed", layers=tuple(claimed), class_name=own, input_steps=steps, **totals
        )
    size = _size(canonical, input_shape or _known_shape(shape))
    items = model_layers(canonical)
    sizes = list(size.layers) if size is not None and len(size.layers) == len(items) else [None] * len(items)
    pairs = [pair for pair in zip(items, sizes, strict=True) if pair[0]["class_name"] != "InputLayer"]
    known = [
        _known_layer(layer, item, measured)
        for layer, (item, measured) in zip(_padded(claimed, [item for item, _ in pairs]), pairs, strict=True)
    ]
    if size is not None:
        totals["parameters"] = size.parameters
    sequential = canonical["class_name"] == "Sequential"
    return Architecture(
        id=canonical_digest(canonical)[:12],
        kind="sequential" if sequential else "functional",
        layers=tuple(known),
        class_name=canonical["class_name"],
        input_steps=() if sequential else input_steps(canonical),
        **totals,
    )


def _known_layer(layer: Layer, item: KerasObject, size: Size | None) -> Layer:
    update: dict[str, object] = {"class_name": item["class_name"], "config": flat_config(item["config"])}
    if size is not None:
        update |= {"output_shape": (None, *size.shape), "parameters": size.parameters}
    return layer.model_copy(update=update)


def _size(canonical: KerasObject, shape: tuple[int, ...] | None) -> Size | None:
    try:
        size = model_size(canonical, shape)
    except NotExpressibleError:
        return None
    return size if size.exact else None


def _known_shape(shape: tuple[int | None, ...] | None) -> tuple[int, ...] | None:
    """The shape of one example, where it is known throughout."""
    sides = tuple(side for side in shape[1:] if side is not None and side > 0) if shape else ()
    return sides if shape and len(sides) == len(shape) - 1 else None


def _padded(claimed: list[Layer], layers: list[KerasObject]) -> list[Layer]:
    if len(claimed) == len(layers):
        return claimed
    return [Layer(class_name=item["class_name"], name="") for item in layers]


def _claimed(layer: LayerDescription) -> Layer:
    return Layer(
        class_name=layer.class_name[:100],
        name=layer.name[:100],
        output_shape=layer.output_shape,
        parameters=layer.parameters,
    )


def input_steps(config: Any, depth: int = 0) -> tuple[Layer, ...]:
    """Layers and operations from the input to the first layer with weights, that one included, in order.

    An operation with a number is told as its class name and `{"left": n}` or `{"right": n}`. A graph is followed as
    long as one way leads on: what is joined or parts before the weights ends the answer.
    """
    model = config if isinstance(config, dict) and isinstance(config.get("config"), dict) else {}
    layers = [item for item in _items(model.get("config", {}).get("layers")) if isinstance(item, dict)]
    if model.get("class_name") == "Functional":
        layers = _way(layers)
    steps: list[Layer] = []
    for item in layers:
        nested = input_steps(item, depth + 1) if _name(item) in MODELS and depth < _MOST_DEPTH else ()
        steps += nested or (_step(item),)
        if len(steps) >= _MOST_STEPS or (steps and steps[-1].class_name in WEIGHTED):
            break
    return tuple(steps[:_MOST_STEPS])


def _way(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The layers of a graph from its one input on, while each feeds one other that is fed by it alone.

    Where the way parts, weights on any branch end it: that is where the input meets them.
    """
    entries = [item for item in layers if item.get("class_name") == "InputLayer"]
    if len(entries) != 1:
        return []
    fed_by = {id(item): _sources(item.get("inbound_nodes")) for item in layers}
    found = entries
    while len(found) < _MOST_STEPS:
        name = found[-1].get("name")
        following = [item for item in layers if name in fed_by[id(item)]]
        following = [item for item in following if _name(item) in WEIGHTED][:1] or following
        if len(following) != 1 or set(fed_by[id(following[0])]) != {name}:
            break
        found = [*found, following[0]]
    return found


def _sources(nodes: Any, depth: int = 0) -> list[str]:
    """Names of the layers whose tensors a layer is called on, call by call."""
    if depth > 12:
        return []
    if isinstance(nodes, dict):
        if nodes.get("class_name") == "__keras_tensor__":
            history = _items(_mapping(nodes.get("config")).get("keras_history"))
            return [str(history[0])] if history else []
        return [name for item in nodes.values() for name in _sources(item, depth + 1)]
    return [name for item in _items(nodes) for name in _sources(item, depth + 1)]


def _step(item: Mapping[str, Any]) -> Layer:
    name, inner = _name(item), _mapping(item.get("config"))
    if str(item.get("module")).startswith(_OPERATIONS):
        config = _operands(item) if name in ARITHMETIC else {}
        # An operation that joins two tensors, or whose number is none, has no operand here.
        return Layer(class_name=name, name="operation", config=config)
    kept = {key: value for key in ("scale", "offset", "mean", "variance", "invert") if _plain(value := inner.get(key))}
    return Layer(class_name=name, name=str(item.get("name") or inner.get("name") or "")[:100], config=kept)


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("class_name"))[:100]


def _operands(item: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The number on either side of an operation's sign."""
    nodes = [node for node in _items(item.get("inbound_nodes")) if isinstance(node, dict)]
    if len(nodes) != 1:
        return {}
    sides = zip(_OPERANDS, _items(nodes[0].get("args")), strict=False)
    return {side: value for side, value in sides if _is_number(value)}


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return 0 < len(value) <= _MOST_NUMBERS and all(_plain(item) for item in value)
    return _is_number(value) or value is True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
