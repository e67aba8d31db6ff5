"""Families: which recorded models and trainings belong together, and what makes two networks the same.

One object with its trainings is one family, unless it was trained again in a later cell or with other arguments. Models
trained in one loop with the same layers, up to the strength of their regularisers, are one family too: a sweep. Two
networks are the same when classes and sizes of their layers are; names, the rank of the input and the strength of a
regulariser are left out, as those differ between hand-ins that do the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from pydantic import JsonValue

from grader.facts.keras import ACTIVATING, ACTIVATION_LAYERS, INPUT_SHAPING
from grader.records import Architecture, CompileArguments, Compiled, Layer, ModelBuilt, Recording, SummaryShown, Trained

Shape: TypeAlias = tuple[str, ...]
"""A layer as comparable text: its class, its sizes, the kinds of its regularisers."""
ModelEvent: TypeAlias = ModelBuilt | Compiled | Trained | SummaryShown
"""What tells of a model object."""

_SIZES = ("units", "filters", "kernel_size", "strides", "padding", "pool_size", "rate", "activation", "output_dim")
_REGULARISERS = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
_DEEPEST = 20
"""Levels of a layer's settings that are searched: they come from the sandbox, which may nest them as it likes."""


def weighty_layers(architecture: Architecture) -> tuple[Layer, ...]:
    """The layers that tell networks apart: those that only bring the input into shape are left out.

    An activation that is a layer of its own is that of the layer before it, where that has none.
    """
    layers: list[Layer] = []
    for layer in architecture.layers:
        if layer.class_name in INPUT_SHAPING:
            continue
        if layer.class_name in ACTIVATING and layers and layers[-1].config.get("activation") == "linear":
            own = layer.config.get("activation", ACTIVATION_LAYERS.get(layer.class_name, "linear"))
            layers[-1] = layers[-1].model_copy(update={"config": {**layers[-1].config, "activation": own}})
            continue
        layers.append(layer)
    return tuple(layers)


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
    if depth > _DEEPEST:
        return False
    if isinstance(value, dict):
        named = value.get("class_name")
        return (isinstance(named, str) and stem in named) or any(
            _names_class(part, stem, depth + 1) for part in value.values()
        )
    return isinstance(value, list) and any(_names_class(part, stem, depth + 1) for part in value)


@dataclass(frozen=True)
class Family:
    """Models of a student that answer the same thing, with their trainings."""

    models: tuple[str, ...]
    """Identities in the recording, in order of appearance."""
    name: str
    """Keras' own name of the first, empty when none was seen."""
    architecture: str | None
    """Id of the first training's architecture, else of the last one that was seen."""
    architectures: tuple[str, ...]
    """Ids of all that were seen, in order of appearance."""
    trainings: tuple[Trained, ...]
    compile: CompileArguments | None
    cells: tuple[int, ...]
    """Cells that built, compiled or trained it, in order."""
    first: int
    """`seq` of its first event."""
    copies: tuple[str, ...] = ()
    """Identities of objects that only hold its weights: loaded, cloned, or made from a checkpoint."""

    @property
    def training_cells(self) -> frozenset[int]:
        """Cells in which it was trained."""
        return frozenset(training.cell for training in self.trainings)


def model_families(recording: Recording) -> tuple[Family, ...]:
    """All families of `recording`, in the order in which they first appear."""
    pieces: dict[tuple[object, ...], list[list[ModelEvent]]] = {}
    by_model: dict[str, list[ModelEvent]] = {}
    for event in recording.events:
        if isinstance(event, ModelEvent):
            by_model.setdefault(event.model, []).append(event)
    for events in by_model.values():
        for number, piece in enumerate(_pieces(events, recording.architectures)):
            pieces.setdefault(_family_key(piece, number, recording.architectures), []).append(piece)
    families = [_family([event for piece in group for event in piece]) for group in pieces.values()]
    return tuple(sorted(families, key=lambda family: family.first))


def _pieces(events: list[ModelEvent], architectures: dict[str, Architecture]) -> list[list[ModelEvent]]:
    """One object's events, cut where it is trained anew: in another cell, or as another network."""
    pieces: list[list[ModelEvent]] = []
    waiting: list[ModelEvent] = []
    last: tuple[object, ...] | None = None
    for event in events:
        waiting.append(event)
        if isinstance(event, Trained):
            key = (event.cell, _shape(event.architecture, architectures), compile_shape(event.compile))
            if pieces and key == last:
                pieces[-1].extend(waiting)
            else:
                pieces.append(waiting)
            last, waiting = key, []
    if waiting and pieces and all(event.architecture == pieces[-1][-1].architecture for event in waiting):
        pieces[-1].extend(waiting)
    elif waiting:
        pieces.append(waiting)
    return pieces


def _family_key(piece: list[ModelEvent], number: int, architectures: dict[str, Architecture]) -> tuple[object, ...]:
    """Pieces with the same key form one family: of a sweep wherever they were trained, of others in one cell."""
    trainings = [event for event in piece if isinstance(event, Trained)]
    if not trainings:
        return ("untrained", piece[0].model, number)
    first = trainings[0]
    architecture = architectures.get(first.architecture)
    swept = architecture is not None and is_regularised(architecture)
    place = "sweep" if swept else first.cell
    arguments = (compile_shape(first.compile), first.fit.epochs, first.fit.batch_size)
    return (place, _shape(first.architecture, architectures), *arguments)


def _shape(architecture: str, architectures: dict[str, Architecture]) -> tuple[Shape, ...] | str:
    known = architectures.get(architecture)
    return shape(known) if known is not None else architecture


def _family(events: list[ModelEvent]) -> Family:
    events = sorted(events, key=lambda event: event.seq)
    trainings = tuple(event for event in events if isinstance(event, Trained))
    compiled = [event.arguments for event in events if isinstance(event, Compiled)]
    names = [event.name for event in events if isinstance(event, ModelBuilt | Trained) and event.name]
    arguments = trainings[0].compile if trainings else (compiled[-1] if compiled else None)
    return Family(
        models=tuple(dict.fromkeys(event.model for event in events)),
        name=names[0] if names else "",
        architecture=trainings[0].architecture if trainings else events[-1].architecture,
        architectures=tuple(dict.fromkeys(event.architecture for event in events)),
        trainings=trainings,
        compile=arguments,
        cells=tuple(cell for cell, _ in groupby(sorted(event.cell for event in events))),
        first=events[0].seq,
    )


def join_families(family: Family, other: Family) -> Family:
    """`family` with `other` added: a training that was carried on in a later cell, or the baseline of a sweep."""
    return Family(
        models=tuple(dict.fromkeys(family.models + other.models)),
        name=family.name or other.name,
        architecture=family.architecture,
        architectures=tuple(dict.fromkeys(family.architectures + other.architectures)),
        trainings=tuple(sorted(family.trainings + other.trainings, key=lambda training: training.seq)),
        compile=family.compile,
        cells=tuple(sorted(set(family.cells) | set(other.cells))),
        first=min(family.first, other.first),
        copies=family.copies + other.copies,
    )


def continues(family: Family, other: Family) -> bool:
    """Whether the later of two families of one object carries on the training of the earlier."""
    later = max(family, other, key=lambda either: either.first)
    return (
        len(family.models) == 1
        and family.models == other.models
        and bool(family.trainings)
        and bool(other.trainings)
        and family.architecture == other.architecture
        and family.compile == other.compile
        and all(training.continued for training in later.trainings)
    )


def part_without_decay(family: Family, architectures: dict[str, Architecture]) -> Family:
    """The networks of a sweep that carry no regulariser, as a family of their own; all of it where each has one."""
    plain = [t for t in family.trainings if t.architecture in architectures]
    plain = [t for t in plain if not is_regularised(architectures[t.architecture])]
    if not plain or len(plain) == len(family.trainings):
        return family
    return Family(
        models=tuple(dict.fromkeys(training.model for training in plain)),
        name=family.name,
        architecture=plain[0].architecture,
        architectures=tuple(dict.fromkeys(training.architecture for training in plain)),
        trainings=tuple(plain),
        compile=plain[0].compile,
        cells=family.cells,
        first=family.first,
    )
