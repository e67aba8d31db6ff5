"""Layers as Keras 1 and 2 made and asked them: the shape of a whole batch, first weights, and what a layer knew of
its inputs and outputs."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence

import keras

from grader.probe.keras.objects import Layer
from grader.probe.link import patch
from grader.probe.old_keras.old_arguments import preparation
from grader.probe.versions.noting import Note, Prepare, read_first

_BATCH = "_labgrade_batch"
"""Attribute of a layer that was told how many rows a batch has."""


def install(note: Note) -> None:
    """Wrap what makes layers and what stacks them, and answer old attributes."""
    layer = keras.layers.Layer
    original = layer.__init__
    patch(layer, __init__=_first(note, read_first(original, preparation("layers.Layer", note))))
    patch(layer, add_weight=read_first(layer.add_weight, _places_of_weight(note)))
    patch(keras.Sequential, add=_add(keras.Sequential.add))
    for name, key, answer in _ATTRIBUTES:
        patch(layer, **{name: _Attribute(name, key, answer, note)})
    for name, side, shape in _CALLS:
        patch(layer, **{name: _at(name, side, shape, note)})
    patch(layer, updates=_Attribute("updates", "updates", lambda layer: [], note))


def _first(note: Note, original: Callable[..., object]) -> Callable[..., None]:
    """What any layer took: the shape of a whole batch, its size, its type, its weights."""

    @functools.wraps(original)
    def init(self: Layer, *arguments: object, **more: object) -> None:
        rows = None
        shape = more.pop("batch_input_shape", None)
        if isinstance(shape, list | tuple) and shape:
            note("batch_input_shape=")
            rows, more["input_shape"] = shape[0], tuple(shape[1:])
        elif "batch_size" in more:
            note("batch_size= of a layer")
            rows = more.pop("batch_size")
        if "input_dtype" in more:
            note("input_dtype=")
            del more["input_dtype"]
        weights = more.pop("weights", None)
        original(self, *arguments, **more)
        if rows is not None:
            object.__setattr__(self, _BATCH, rows)
        if isinstance(weights, list | tuple) and weights:
            note("weights=")
            _set_when_built(self, weights)

    init.__signature__ = original.__signature__  # type: ignore[attr-defined]
    return init


def _set_when_built(layer: Layer, weights: Sequence[object]) -> None:
    build = layer.build  # type: ignore[attr-defined]

    @functools.wraps(build)
    def build_and_set(*arguments: object, **more: object) -> None:
        build(*arguments, **more)
        layer.set_weights(list(weights))  # type: ignore[attr-defined]

    object.__setattr__(layer, "build", build_and_set)


def _add(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def add(self: object, layer: Layer, *arguments: object, **more: object) -> None:
        rows, shape = getattr(layer, _BATCH, None), getattr(layer, "_input_shape_arg", None)
        if rows is not None and shape is not None and not self._layers:  # type: ignore[attr-defined]
            original(self, keras.layers.InputLayer(batch_shape=(rows, *shape)))
        original(self, layer, *arguments, **more)

    return add


def _places_of_weight(note: Note) -> Prepare:
    """`add_weight(name, shape, dtype, initializer)`, whose first place is the shape today."""

    def prepare(places: list[object], more: dict[str, object]) -> None:
        if places and isinstance(places[0], str):
            note("add_weight(name, shape)")
            more.update(zip(("name", "shape", "dtype", "initializer"), places, strict=False))
            places.clear()

    return prepare


class _Attribute:
    """An old attribute of every layer. Code that sets one of the same name on its own layer finds its own."""

    def __init__(self, name: str, key: str, answer: Callable[[object], object], note: Note) -> None:
        self._name, self._key, self._answer, self._note = name, key, answer, note

    def __get__(self, layer: object, owner: type | None = None) -> object:
        if layer is None:
            return self
        try:
            answer = self._answer(layer)
        except (AttributeError, ValueError, IndexError):
            raise AttributeError(f"'{type(layer).__name__}' object has no attribute '{self._name}'") from None
        # Keras itself asks, and labgrade too: a summary is no old idiom.
        asking = str(sys._getframe(1).f_globals.get("__name__"))
        if not isinstance(layer, keras.Model) and not asking.startswith(("keras.", "grader.")):
            self._note(self._key)
        return answer


def _shape_of(tensors: object) -> object:
    if isinstance(tensors, list | tuple):
        return [_shape_of(tensor) for tensor in tensors]
    return tuple(tensors.shape)  # type: ignore[attr-defined]


_ATTRIBUTES: tuple[tuple[str, str, Callable[[object], object]], ...] = (
    ("output_shape", "layer.output_shape", lambda layer: _shape_of(layer.output)),  # type: ignore[attr-defined]
    ("input_shape", "layer.input_shape", lambda layer: _shape_of(layer.input)),  # type: ignore[attr-defined]
    ("W", "layer.W", lambda layer: layer.kernel),  # type: ignore[attr-defined]
    ("b", "layer.b", lambda layer: layer.bias),  # type: ignore[attr-defined]
)
_CALLS = (
    ("get_output_at", "output_tensors", False),
    ("get_input_at", "input_tensors", False),
    ("get_output_shape_at", "output_tensors", True),
    ("get_input_shape_at", "input_tensors", True),
)


def _at(name: str, side: str, shape: bool, note: Note) -> Callable[[object, int], object]:
    def answer(self: object, node_index: int = 0) -> object:
        note(name)
        tensors = list(getattr(self._inbound_nodes[node_index], side))  # type: ignore[attr-defined]
        found = tensors[0] if len(tensors) == 1 else tensors
        return _shape_of(found) if shape else found

    return answer
