"""How like a student's family of models is to what a reference model asks for, from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader.matching.families import Family
from grader.matching.layers import has_class, is_regularised, shape, strengths, weighty_layers
from grader.records.match import ReferenceModel
from grader.records.models import Architecture, CompileArguments, Layer

WEIGHTS = {
    "architecture": 0.40,
    "section": 0.22,
    "regularisation": 0.13,
    "order": 0.10,
    "fit": 0.08,
    "compile": 0.07,
}
_MOST_LAYERS = 200


@dataclass(frozen=True)
class Slot:
    """A reference model that questions ask about."""

    name: str
    model: ReferenceModel
    must_have: tuple[str, ...]
    """Layer classes of a free design; empty when likeness is asked for."""
    sweep: bool
    cells: frozenset[int]
    """Cells under the questions that use it; those with something to run, where they are known."""
    questions: tuple[str, ...]
    position: float
    """Place in the order of the lab, 0 to 1."""


@dataclass(frozen=True)
class Likeness:
    """The parts of one comparison, each 0 to 1."""

    architecture: float
    section: float
    regularisation: float
    order: float
    fit: float
    compile: float

    @property
    def total(self) -> float:
        """Weighted sum, 0 to 1."""
        return float(sum(weight * getattr(self, part) for part, weight in WEIGHTS.items()))


def architecture_likeness(
    architecture: Architecture, reference: Architecture, must_have: tuple[str, ...] = ()
) -> float:
    """Likeness of two networks: best alignment of their layers. A free design needs only the classes in `must_have`."""
    if must_have:
        found = sum(has_class(architecture, wanted) for wanted in must_have) / len(must_have)
        return 0.15 + 0.85 * found if found else 0.1
    if shape(architecture) == shape(reference):
        return 1.0
    ours, theirs = weighty_layers(architecture)[:_MOST_LAYERS], weighty_layers(reference)[:_MOST_LAYERS]
    if not ours or not theirs:
        return 0.0
    best = np.zeros((len(ours) + 1, len(theirs) + 1))
    for i, layer in enumerate(ours):
        for j, other in enumerate(theirs):
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + _layer_likeness(layer, other))
    alike = float(best[-1, -1]) / max(len(ours), len(theirs))
    same_kind = has_class(architecture, "Conv") == has_class(reference, "Conv")
    return 0.75 * alike + (0.2 if same_kind else 0.0)


def _layer_likeness(layer: Layer, other: Layer) -> float:
    if layer.class_name != other.class_name:
        return 0.0
    for key in ("units", "filters"):
        ours, theirs = layer.config.get(key), other.config.get(key)
        if isinstance(ours, int) and isinstance(theirs, int) and ours > 0 and theirs > 0:
            return 0.3 + 0.7 * min(ours, theirs) / max(ours, theirs)
    return 1.0


def family_likeness(
    family: Family, slot: Slot, architectures: dict[str, Architecture], position: float, claimed: frozenset[int]
) -> Likeness:
    """`family` held against `slot`. `position` is its place in the file or its rank, `claimed` all slots' cells."""
    architecture = architectures.get(family.architecture) if family.architecture else None
    alike = architecture_likeness(architecture, slot.model.architecture, slot.must_have) if architecture else 0.0
    return Likeness(
        architecture=alike,
        section=_section(family, slot, claimed),
        regularisation=_regularisation(family, slot, architectures),
        # Squared, so that of two equal networks the earlier goes to the earlier slot.
        order=1.0 - (position - slot.position) ** 2,
        # A free design is free in these too.
        fit=float(bool(family.trainings)) if slot.must_have else _fit(family, slot),
        compile=1.0 if slot.must_have else _compile(family.compile, slot.model.compile),
    )


def _section(family: Family, slot: Slot, claimed: frozenset[int]) -> float:
    if not slot.cells:
        return 0.3 if claimed & set(family.cells) else 0.5
    weight = {cell: 3.0 if cell in family.training_cells else 1.0 for cell in family.cells}
    inside = sum(weight[cell] for cell in family.cells if cell in slot.cells)
    nowhere = sum(weight[cell] for cell in family.cells if cell not in claimed)
    return (inside + 0.4 * nowhere) / sum(weight.values())


def _regularisation(family: Family, slot: Slot, architectures: dict[str, Architecture]) -> float:
    known = [architectures[key] for key in family.architectures if key in architectures]
    regularised = any(is_regularised(architecture) for architecture in known)
    wanted = is_regularised(slot.model.architecture)
    settings = {setting for architecture in known for setting in strengths(architecture)}
    swept = len(settings) > 1 or (len(family.trainings) > 1 and len(family.models) > 1)
    return 0.5 * (regularised == wanted) + 0.5 * (swept == slot.sweep)


def _fit(family: Family, slot: Slot) -> float:
    reference = slot.model.fit
    if reference is None or not family.trainings:
        return 1.0 if reference is None and not family.trainings else 0.0
    fit = family.trainings[-1].fit
    epochs = min(fit.epochs, reference.epochs) / max(fit.epochs, reference.epochs, 1)
    return 0.3 + 0.5 * epochs + 0.2 * (fit.batch_size == reference.batch_size)


def _compile(arguments: CompileArguments | None, reference: CompileArguments | None) -> float:
    if arguments is None or reference is None:
        return float(arguments is None and reference is None)
    same_rate = arguments.learning_rate == reference.learning_rate
    return (
        0.4 * (arguments.loss == reference.loss) + 0.4 * (arguments.optimizer == reference.optimizer) + 0.2 * same_rate
    )
