"""The size of a whole model: layers one after another, or a graph with branches, shared layers and models inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from grader.training.budget.layers import measured_layer
from grader.training.budget.size import Shape, Size, layer_size
from grader.training.plain import NotExpressibleError

_Place: TypeAlias = tuple[str, int]
"""(name of a layer, number of its call)."""
_LARGEST_INPUT = 1 << 28


def model_size(model: Mapping[str, Any], input_shape: Shape | None) -> Size:
    """The size of a canonical model on examples of `input_shape`; `None` takes what the model declares.

    Raises `NotExpressibleError` where it cannot be worked out: a graph that runs in circles, shapes that do not fit.
    """
    return _measured(model, [input_shape] if input_shape is not None else [])


def _measured(item: Any, shapes: Sequence[Shape]) -> Size:
    if item["class_name"] == "Sequential":
        return _chain(item["config"]["layers"], list(shapes))
    if item["class_name"] == "Functional":
        return _graph(item["config"], list(shapes))
    return measured_layer(item, list(shapes), _measured)


def _chain(layers: Sequence[Mapping[str, Any]], shapes: list[Shape]) -> Size:
    sizes: list[Size] = []
    for layer in layers:
        if layer["class_name"] == "InputLayer":
            size = _input(layer, shapes[0] if shapes else None)
        elif shapes:
            size = _measured(layer, shapes)
        else:
            raise NotExpressibleError("the shape of the model's input is not known")
        sizes.append(size)
        shapes = [size.shape]
    return _whole(sizes, sizes[-1].shape)


def _input(layer: Mapping[str, Any], given: Shape | None) -> Size:
    declared = layer["config"].get("batch_shape")
    if given is None:
        if not isinstance(declared, list) or len(declared) < 1:
            raise NotExpressibleError("the model's input has no shape")
        sides = [1 if side is None else side for side in declared[1:]]
        if not all(isinstance(side, int) and not isinstance(side, bool) for side in sides):
            raise NotExpressibleError("the model's input has no shape")
        size = replace(layer_size(tuple(sides)), exact=None not in declared[1:])
    else:
        size = layer_size(given)
    if size.widest > _LARGEST_INPUT:
        raise NotExpressibleError("one example is larger than can be trained on")
    return replace(size, operations=0, kept=0)


def _whole(sizes: Sequence[Size], shape: Shape, parameters: int | None = None) -> Size:
    """The size of a model made of `sizes`, of which `parameters` counts those of a shared layer once."""
    return Size(
        shape=shape,
        parameters=sum(size.parameters for size in sizes) if parameters is None else parameters,
        operations=sum(size.operations for size in sizes),
        kept=sum(size.kept for size in sizes),
        widest=max(size.widest for size in sizes),
        layers=tuple(sizes),
        exact=all(size.exact for size in sizes),
    )


def _graph(config: Mapping[str, Any], shapes: list[Shape]) -> Size:
    done, order = _calls(config, shapes)
    outputs = _triples(config.get("output_layers"))
    if not outputs or outputs[0][:2] not in done:
        raise NotExpressibleError("the model's graph has no output")
    first = {name: done[name, at] for name, at in reversed(order)}
    layers = [first[layer["name"]] for layer in config["layers"] if layer["name"] in first]
    whole = _whole([done[place] for place in order], done[outputs[0][:2]].shape, sum(one.parameters for one in layers))
    return replace(whole, layers=tuple(layers), exact=whole.exact and all(triple[2] == 0 for triple in outputs))


def _calls(config: Mapping[str, Any], shapes: list[Shape]) -> tuple[dict[_Place, Size], list[_Place]]:
    """The size of every call of every layer, and the order in which they can run."""
    done: dict[_Place, Size] = {}
    order: list[_Place] = []
    waiting: list[tuple[_Place, Mapping[str, Any], list[tuple[str, int, int]]]] = []
    entries = [layer for layer in config["layers"] if layer["class_name"] == "InputLayer"]
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            given = shapes[entries.index(layer)] if len(shapes) == len(entries) else None
            done[layer["name"], 0] = _input(layer, given)
            order.append((layer["name"], 0))
            continue
        for at, call in enumerate(layer["inbound_nodes"]):
            waiting.append(((layer["name"], at), layer, _tensors(call)))
    while waiting:
        ready = [entry for entry in waiting if all(triple[:2] in done for triple in entry[2])]
        if not ready:
            raise NotExpressibleError("the model's graph runs in circles or misses a piece")
        for place, layer, tensors in ready:
            size = _measured(layer, [done[triple[:2]].shape for triple in tensors])
            done[place] = replace(size, exact=size.exact and all(triple[2] == 0 for triple in tensors))
            order.append(place)
        waiting = [entry for entry in waiting if entry[0] not in done]
    return done, order


def _tensors(call: Any) -> list[tuple[str, int, int]]:
    """The tensors that a call of a layer is given, in order."""
    found: list[tuple[str, int, int]] = []

    def search(value: Any) -> None:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            found.extend(_triples(value["config"].get("keras_history") if isinstance(value["config"], dict) else None))
        elif isinstance(value, dict):
            for item in value.values():
                search(item)
        elif isinstance(value, list):
            for item in value:
                search(item)

    search(call)
    if not found:
        raise NotExpressibleError("a layer of the model's graph is called on nothing")
    return found


def _triples(value: Any) -> list[tuple[str, int, int]]:
    """`[layer, call, tensor]`, alone or in lists or tables."""
    if isinstance(value, list) and [type(item) for item in value] == [str, int, int]:
        return [(value[0], value[1], value[2])]
    if isinstance(value, dict):
        value = list(value.values())
    return [triple for item in value for triple in _triples(item)] if isinstance(value, list) else []
