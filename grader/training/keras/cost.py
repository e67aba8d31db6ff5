"""The size of a whole model: layers one after another, or a graph with branches, shared layers and models inside.

Worked out on the canonical configuration alone: nothing is built, so that a model that no machine could hold costs
nothing to refuse. A layer's own size stands in `layer_costs.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from grader.training.budget import DOUBLE_BYTES, SINGLE_BYTES, Shape, Size
from grader.training.keras.layer_config import Config, items, layer, layer_size, whole_number
from grader.training.keras.layer_costs import layer_cost
from grader.training.plain import NotExpressibleError
from grader.training.spec import Configuration

_Place: TypeAlias = tuple[str, int]
"""(name of a layer, number of its call)."""
_Tensor: TypeAlias = tuple[str, int, int]
"""(name of a layer, number of its call, number of that call's output)."""
_LARGEST_INPUT = 1 << 28
"""Numbers in one example: a GiB in single precision, beyond any picture or text of a lab."""


def model_size(model: Configuration, input_shape: Shape | None) -> Size:
    """The size of a canonical model on examples of `input_shape`; `None` takes what the model declares.

    Raises `NotExpressibleError` where it cannot be worked out: a graph that runs in circles, shapes that do not fit.
    """
    size = _size(model, [input_shape] if input_shape is not None else [])
    return replace(size, number_bytes=DOUBLE_BYTES if _is_double(model) else SINGLE_BYTES)


def _is_double(value: object) -> bool:
    """Whether any part of a configuration computes in double precision."""
    if isinstance(value, dict):
        return value.get("dtype") == "float64" or any(_is_double(item) for item in value.values())
    return isinstance(value, list) and any(_is_double(item) for item in value)


def _size(serialised: object, shapes: Sequence[Shape]) -> Size:
    name, config = layer(serialised)
    if name == "Sequential":
        return _chain(items(config.get("layers"), "layers"), list(shapes))
    if name == "Functional":
        return _graph(config, list(shapes))
    return layer_cost(serialised, list(shapes), _size)


def _chain(layers: Sequence[object], shapes: list[Shape]) -> Size:
    """Layers one after another; without `shapes` the first one declares its input."""
    sizes: list[Size] = []
    for serialised in layers:
        name, config = layer(serialised)
        if name == "InputLayer":
            size = _input(config, shapes[0] if shapes else None)
        elif shapes:
            size = _size(serialised, shapes)
        else:
            raise NotExpressibleError("the shape of the model's input is not known")
        sizes.append(size)
        shapes = [size.shape]
    return _sum(sizes, sizes[-1].shape)


def _input(config: Config, given: Shape | None) -> Size:
    declared = config.get("batch_shape")
    if given is None:
        if not isinstance(declared, list) or len(declared) < 1:
            raise NotExpressibleError("the model's input has no shape")
        # A side that is left open counts as one: the weights do not depend on it, and the size is an estimate.
        sides = [1 if side is None else whole_number(side, "input shape") for side in declared[1:]]
        size = replace(layer_size(tuple(sides)), exact=None not in declared[1:])
    else:
        size = layer_size(given)
    if size.widest > _LARGEST_INPUT:
        raise NotExpressibleError("one example is larger than can be trained on")
    return replace(size, operations=0, kept=0)


def _sum(sizes: Sequence[Size], shape: Shape, parameters: int | None = None) -> Size:
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


def _graph(config: Config, shapes: list[Shape]) -> Size:
    done, order = _calls(config, shapes)
    outputs = _triples(config.get("output_layers"))
    if not outputs or outputs[0][:2] not in done:
        raise NotExpressibleError("the model's graph has no output")
    first = {name: done[name, at] for name, at in reversed(order)}
    names = [_name(item) for item in items(config.get("layers"), "layers")]
    layers = [first[name] for name in names if name in first]
    calls = [done[place] for place in order]
    whole = _sum(calls, done[outputs[0][:2]].shape, sum(one.parameters for one in layers))
    return replace(whole, layers=tuple(layers), exact=whole.exact and all(triple[2] == 0 for triple in outputs))


def _name(item: object) -> str:
    """The name of a layer in a graph: canonical ones are `layer_0` and so on."""
    return str(item.get("name")) if isinstance(item, dict) else ""


def _calls(config: Config, shapes: list[Shape]) -> tuple[dict[_Place, Size], list[_Place]]:
    """The size of every call of every layer, and the order in which they can run."""
    done: dict[_Place, Size] = {}
    order: list[_Place] = []
    waiting: list[tuple[_Place, object, list[_Tensor]]] = []
    layers = [(item, *layer(item)) for item in items(config.get("layers"), "layers")]
    entries = [_name(item) for item, kind, _ in layers if kind == "InputLayer"]
    for item, kind, arguments in layers:
        name = _name(item)
        if kind == "InputLayer":
            given = shapes[entries.index(name)] if len(shapes) == len(entries) else None
            done[name, 0] = _input(arguments, given)
            order.append((name, 0))
            continue
        inbound = item.get("inbound_nodes") if isinstance(item, dict) else None
        waiting += [((name, at), item, _tensors(call)) for at, call in enumerate(items(inbound, "calls"))]
    while waiting:
        ready = [entry for entry in waiting if all(triple[:2] in done for triple in entry[2])]
        if not ready:
            raise NotExpressibleError("the model's graph runs in circles or misses a piece")
        for place, item, tensors in ready:
            size = _size(item, [done[triple[:2]].shape for triple in tensors])
            done[place] = replace(size, exact=size.exact and all(triple[2] == 0 for triple in tensors))
            order.append(place)
        waiting = [entry for entry in waiting if entry[0] not in done]
    return done, order


def _tensors(call: object) -> list[_Tensor]:
    """The tensors that a call of a layer is given, in order."""
    found: list[_Tensor] = []

    def search(value: object) -> None:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            config = value.get("config")
            found.extend(_triples(config.get("keras_history") if isinstance(config, dict) else None))
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


def _triples(value: object) -> list[_Tensor]:
    """`[layer, call, tensor]`, alone or in lists or tables."""
    if isinstance(value, list) and [type(item) for item in value] == [str, int, int]:
        return [(value[0], value[1], value[2])]
    if isinstance(value, dict):
        value = list(value.values())
    return [triple for item in value for triple in _triples(item)] if isinstance(value, list) else []
