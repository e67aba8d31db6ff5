"""Families: which recorded model objects and trainings belong together.

One object with its trainings is one family, unless it was trained again in a later cell or with other arguments. Models
trained in one loop with the same layers up to the strength of their regularisers are one family: a sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from grader.matching.layers import Shape, compile_shape, is_regularised, shape
from grader.records.models import Architecture, CompileArguments
from grader.records.recording import Compiled, ModelBuilt, Recording, SummaryShown, Trained

ModelEvent: TypeAlias = ModelBuilt | Compiled | Trained | SummaryShown


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
    trainings: tuple[Trained, ...]
    compile: CompileArguments | None
    cells: tuple[int, ...]
    """Cells that built, compiled or trained it, in order."""
    first: int
    """`seq` of its first event."""

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
    """Pieces with the same key form one family."""
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


def joined(family: Family, other: Family) -> Family:
    """`family` with the trainings of `other`, of the same object, added: one training carried on in two cells."""
    return Family(
        models=tuple(dict.fromkeys(family.models + other.models)),
        name=family.name or other.name,
        architecture=family.architecture,
        architectures=tuple(dict.fromkeys(family.architectures + other.architectures)),
        trainings=tuple(sorted(family.trainings + other.trainings, key=lambda training: training.seq)),
        compile=family.compile,
        cells=tuple(sorted(set(family.cells) | set(other.cells))),
        first=min(family.first, other.first),
    )
