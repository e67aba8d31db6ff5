"""What the input of a described model goes through before the first weights, read from Keras' own serialisation.

A model with a `Lambda`, or with arithmetic between its layers (`inputs / 255`), is none that the trainer builds, and of
a graph the order of its layers is not the way: the configuration tells it. Of what is written there only class names,
numbers and lists of numbers are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from grader.facts.keras_layers import ARITHMETIC, MODELS, WEIGHTED
from grader.records import Layer

_MOST_STEPS = 40
_MOST_NUMBERS = 64
_MOST_DEPTH = 6
_OPERATIONS = "keras.src.ops"
_OPERANDS = ("left", "right")


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
