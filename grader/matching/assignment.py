"""A student's families of models, assigned to the reference's models all at once.

The rubric asks about some of the reference's models: each is a *slot*. Every family is held against every slot in six
parts (`Likeness`), and of all assignments the one with the greatest total likeness is taken: a family that comes first
in the file cannot take the place of one that fits better. What is left over afterwards may carry on an earlier
training, be a sweep's baseline, or answer a second question about the same network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from grader.facts.keras import VALIDATION_ACCURACY
from grader.matching.families import (
    Family,
    bare_shape,
    continues,
    has_class,
    is_regularised,
    join_families,
    part_without_decay,
    shape,
    strengths,
    weighty_layers,
)
from grader.records import Architecture, CompileArguments, Layer, ReferenceModel

WEIGHTS = {
    "architecture": 0.40,
    "section": 0.22,
    "regularisation": 0.13,
    "order": 0.10,
    "fit": 0.08,
    "compile": 0.07,
}
"""What each part of a likeness counts; 1 in all.

What a network is counts most, then where it stands. Loss, optimizer, epochs and batch size count least, as they are
what groups get wrong: were fit and compilation to count 0.3 each, a network with a wrong loss would go to another slot.
"""
THRESHOLD = 0.55
"""A family that is less like a slot than this stays unmatched.

In the tests right pairs have 0.82 and more, with a wrong loss and rate, without any ids, or never trained; a
convolutional network for a fully connected one has 0.54 at most.
"""
_UNLIKE = 0.72
"""Below this likeness of layers only the place in the file speaks for a family.

A network without one of the hidden layers asked for has 0.70, and so falls below; one of half the width, or with one
hidden layer too many, has 0.76 and more and is still taken for the network that was asked for, built wrongly.
"""
_IN_PLACE = 0.75
"""From this share of its cells under a slot's questions on, a family's place speaks for it, however it is built."""
_BUILT_OTHERWISE = 0.4
"""From this likeness of layers on, a network that fills one of two equal slots is as good for the other.

A fully connected network whose activations are layers of their own has 0.57, a convolutional one in its place 0.38.
"""
_CLEAR_GAP = 0.1
"""A match that beats its next best slot by so much is as sure as its likeness; an equal rival costs a fifth of it."""
_EXACT = 1.0
"""What the very layers of a slot gain for a family, beyond their likeness: more than all parts of a likeness together.

A group's own numbering, its order and its headings are then never a reason to take another network: linear and relu
networks, or those with and without dropout, may stand under each other's questions.
"""
_SETTING = {"activation": 0.85, "kernel_size": 0.95, "strides": 0.95, "padding": 0.95, "pool_size": 0.95, "rate": 0.95}
"""What is left of two layers' likeness where a setting differs.

Another activation makes another function of a layer, as 0.3 of its width do; with all activations wrong a network of
the right widths still has 0.83 and is taken. Sizes of filters and rates are details of one design.
"""
_OTHER_OUTPUT = 0.5
"""Factor for a free design whose last layer gives something else than the reference's: an autoencoder is no classifier.

So it stays below `_UNLIKE`, and answers only where nothing better stands under the question.
"""
_MOST_LAYERS = 200
"""Layers of one network that are aligned: the work grows with the product of both numbers."""


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
    """Likeness of two networks, 0 to 1: 1 for equal layers, else the best alignment of them, at most 0.95.

    The alignment is the longest common subsequence, each pair counted by how alike its layers are, as a share of the
    longer network. A free design needs only the classes in `must_have`, and has the share of them that is there.
    """
    if must_have:
        found = sum(has_class(architecture, wanted) for wanted in must_have) / len(must_have)
        # Not 0: a wrong attempt under its question is still the answer to it.
        share = 0.15 + 0.85 * found if found else 0.1
        return share * (1.0 if _gives_the_same(architecture, reference) else _OTHER_OUTPUT)
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
    """0 for another class; of one class by the ratio of units or filters, and less for each setting that differs.

    Regularisers have a part of their own in a likeness.
    """
    if layer.class_name != other.class_name:
        return 0.0
    alike = 1.0
    for key in ("units", "filters"):
        ours, theirs = layer.config.get(key), other.config.get(key)
        if isinstance(ours, int) and isinstance(theirs, int) and ours > 0 and theirs > 0:
            alike = 0.3 + 0.7 * min(ours, theirs) / max(ours, theirs)
    for key, left in _SETTING.items():
        if key in layer.config and key in other.config and layer.config[key] != other.config[key]:
            alike *= left
    return alike


def _gives_the_same(architecture: Architecture, reference: Architecture) -> bool:
    """Whether both networks end in as many outputs, as far as that is told."""
    ours, theirs = (_outputs(one) for one in (architecture, reference))
    return ours is None or theirs is None or ours == theirs


def _outputs(architecture: Architecture) -> tuple[int, ...] | None:
    """The sizes of one output: of the last layer that says them, else the units of the last one that has some."""
    last = architecture.layers[-1] if architecture.layers else None
    if last is not None and last.output_shape is not None:
        sizes = last.output_shape[1:]
        return tuple(size for size in sizes if size is not None) if None not in sizes else None
    weighty = weighty_layers(architecture)
    units = weighty[-1].config.get("units") if weighty else None
    return (units,) if isinstance(units, int) else None


def _is_exact(family: Family, slot: Slot, architectures: dict[str, Architecture]) -> bool:
    """Whether the family has the very layers of a slot that asks for them, whatever their regulariser."""
    known = architectures.get(family.architecture or "")
    return known is not None and not slot.must_have and bare_shape(known) == bare_shape(slot.model.architecture)


def family_likeness(
    family: Family, slot: Slot, architectures: dict[str, Architecture], position: float, claimed: frozenset[int]
) -> Likeness:
    """`family` held against `slot`.

    `position` is its place in the file, 0 to 1, or its rank among free designs; `claimed` holds the cells of all slots.
    """
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
    """Share of the family that stands under the slot's questions. Cells under no question at all count two fifths.

    A cell that trains counts three times one that only builds: several questions may use one definition.
    """
    if not slot.cells:
        # Where the slot's questions stand is not known: that speaks neither for nor against, unless another's is.
        return 0.3 if claimed & set(family.cells) else 0.5
    weight = {cell: 3.0 if cell in family.training_cells else 1.0 for cell in family.cells}
    inside = sum(weight[cell] for cell in family.cells if cell in slot.cells)
    nowhere = sum(weight[cell] for cell in family.cells if cell not in claimed)
    return (inside + 0.4 * nowhere) / sum(weight.values())


def _regularisation(family: Family, slot: Slot, architectures: dict[str, Architecture]) -> float:
    """Half for a regulariser where one is asked for and none where none is, half likewise for a sweep."""
    known = [architectures[key] for key in family.architectures if key in architectures]
    regularised = any(is_regularised(architecture) for architecture in known)
    wanted = is_regularised(slot.model.architecture)
    settings = {setting for architecture in known for setting in strengths(architecture)}
    swept = len(settings) > 1 or (len(family.trainings) > 1 and len(family.models) > 1)
    return 0.5 * (regularised == wanted) + 0.5 * (swept == slot.sweep)


def _fit(family: Family, slot: Slot) -> float:
    """Of a trained family at least 0.3; the ratio of the epochs adds up to 0.5, an equal batch size 0.2."""
    reference = slot.model.fit
    if reference is None or not family.trainings:
        return 1.0 if reference is None and not family.trainings else 0.0
    fit = family.trainings[-1].fit
    ran = {fit.epochs}
    if len(family.models) == 1 and all(training.continued for training in family.trainings[1:]):
        # One training carried on: all its epochs together, or those of its first part.
        ran |= {family.trainings[0].fit.epochs, sum(training.fit.epochs for training in family.trainings)}
    epochs = max(min(one, reference.epochs) / max(one, reference.epochs, 1) for one in ran)
    return 0.3 + 0.5 * epochs + 0.2 * (fit.batch_size == reference.batch_size)


def _compile(arguments: CompileArguments | None, reference: CompileArguments | None) -> float:
    """Loss and optimizer count 0.4 each, the learning rate 0.2."""
    if arguments is None or reference is None:
        return float(arguments is None and reference is None)
    same_rate = arguments.learning_rate == reference.learning_rate
    return (
        0.4 * (arguments.loss == reference.loss) + 0.4 * (arguments.optimizer == reference.optimizer) + 0.2 * same_rate
    )


@dataclass(frozen=True)
class Pair:
    """A family and the slot that it fills; `slot` is `None` for what is left over."""

    family: Family
    slot: Slot | None
    confidence: float
    """0 to 1; 0 for what is left over."""
    reason: str
    """One sentence for the report."""


def assign_families(
    families: tuple[Family, ...],
    slots: tuple[Slot, ...],
    architectures: dict[str, Architecture],
    shown: dict[int, float] | None = None,
) -> tuple[Pair, ...]:
    """Every family with the slot that it fills, if any, in the order of the file and of the lab.

    A network that was trained once may fill several slots, and then stands in several pairs. `architectures` are the
    recording's, by id; `shown` gives for cells the best validation accuracy (0 to 1) in their saved logs, where that
    tells more than the rerun.
    """
    table = _likeness_table(families, slots, architectures, shown or {})
    filled = _best_assignment(table, _exact_pairs(families, slots, architectures))
    pairs = [
        Pair(families[row], slots[column], _confidence(table, row, column), _reason(table[row][column], slots[column]))
        for row, column in filled.items()
    ]
    pairs, left = _continued(pairs, [family for row, family in enumerate(families) if row not in filled], architectures)
    pairs += _shared(pairs, [slot for column, slot in enumerate(slots) if column not in filled.values()], architectures)
    pairs += [Pair(family, None, 0.0, "No question of the lab asks for this model.") for family in left]
    return tuple(sorted(pairs, key=lambda pair: (pair.family.first, pair.slot.position if pair.slot else 2.0)))


def _likeness_table(
    families: tuple[Family, ...],
    slots: tuple[Slot, ...],
    architectures: dict[str, Architecture],
    shown: dict[int, float],
) -> list[list[Likeness]]:
    claimed = frozenset(cell for slot in slots for cell in slot.cells)
    last = max(len(families) - 1, 1)
    ranks = _ranks(families, shown)
    return [
        [
            family_likeness(
                family,
                slot,
                architectures,
                # A free design asks for the best of several attempts, wherever it stands.
                slot.position - 1.0 + ranks[row] if slot.must_have else row / last,
                claimed,
            )
            for slot in slots
        ]
        for row, family in enumerate(families)
    ]


def _ranks(families: tuple[Family, ...], shown: dict[int, float]) -> list[float]:
    """Rank of each family by its best accuracy, 0 to 1; untrained ones come last."""
    best = [
        max((shown.get(training.cell, _accuracy(training)) for training in family.trainings), default=-1.0)
        for family in families
    ]
    order = sorted(range(len(families)), key=lambda row: (best[row], row))
    return [order.index(row) / max(len(families) - 1, 1) for row in range(len(families))]


def _accuracy(training: object) -> float:
    """On the test set where the host measured it, else the last validation accuracy; 0 where there is no number."""
    test = getattr(training, "test", None)
    if test is not None and "accuracy" in test.metrics:
        return float(test.accuracy)
    history = getattr(training, "history", None)
    values = history.metrics.get(VALIDATION_ACCURACY, ()) if history is not None else ()
    return float(values[-1]) if values and np.isfinite(values[-1]) else 0.0


def _worth(likeness: Likeness) -> float:
    """What an assignment gains by this pair: its total likeness, or 0 where it must not be."""
    if likeness.architecture < _UNLIKE and likeness.section < _IN_PLACE:
        return 0.0
    # A single plain training is no sweep, and a regularised sweep is no single plain training.
    return likeness.total if likeness.regularisation > 0.0 else 0.0


def _exact_pairs(
    families: tuple[Family, ...], slots: tuple[Slot, ...], architectures: dict[str, Architecture]
) -> frozenset[tuple[int, int]]:
    """(row, column) of each family that has a slot's very layers; not of the baseline trained within a sweep's loop."""
    sweeps = [f for f in families if len(f.trainings) > 1 and any(is_regularised(a) for a in _known(f, architectures))]
    cells = frozenset(cell for sweep in sweeps for cell in sweep.training_cells)
    return frozenset(
        (row, column)
        for row, family in enumerate(families)
        for column, slot in enumerate(slots)
        if _is_exact(family, slot, architectures)
        and (slot.sweep or not family.training_cells or not family.training_cells <= cells)
    )


def _known(family: Family, architectures: dict[str, Architecture]) -> list[Architecture]:
    return [architectures[key] for key in family.architectures if key in architectures]


def _best_assignment(table: list[list[Likeness]], exact: frozenset[tuple[int, int]]) -> dict[int, int]:
    """Row -> column of the assignment with the greatest total likeness; staying unmatched is worth `THRESHOLD`.

    The most slots that can be filled with their very layers (`exact`) are, before anything else is weighed. Each
    family has a column of its own for staying unmatched, so that all of them may.
    """
    if not table or not table[0]:
        return {}
    rows, columns = len(table), len(table[0])
    worth = np.full((rows, columns + rows), THRESHOLD)
    worth[:, :columns] = [[_worth(likeness) for likeness in row] for row in table]
    for row, column in exact:
        worth[row, column] += _EXACT if worth[row, column] > 0.0 else 0.0
    chosen_rows, chosen_columns = linear_sum_assignment(worth, maximize=True)
    return {
        int(row): int(column)
        for row, column in zip(chosen_rows, chosen_columns, strict=True)
        if column < columns and worth[row, column] >= THRESHOLD
    }


def _confidence(table: list[list[Likeness]], row: int, column: int) -> float:
    """The likeness itself, less where another slot would have done nearly as well."""
    total = table[row][column].total
    others = [likeness.total for index, likeness in enumerate(table[row]) if index != column]
    gap = total - max(others, default=0.0)
    return round(total * (0.8 + 0.2 * min(max(gap, 0.0) / _CLEAR_GAP, 1.0)), 2)


def _reason(likeness: Likeness, slot: Slot) -> str:
    """What speaks for the pair, for a reader: of each part only what is clear."""
    said = []
    if slot.must_have and likeness.architecture > 0.9:
        said.append(f"it has the {' and '.join(slot.must_have)} asked for")
    elif likeness.architecture > 0.99:
        said.append("its layers are the same")
    elif likeness.architecture > 0.7:
        said.append("its layers are nearly the same")
    else:
        said.append("its layers differ")
    if likeness.section > 0.7:
        said.append(f"it stands under {', '.join(slot.questions[:3])}")
    if slot.sweep and likeness.regularisation > 0.9:
        said.append("it is a regularised sweep")
    if not slot.must_have and likeness.compile > 0.99 and likeness.fit > 0.99:
        said.append("it is compiled and trained as in the reference")
    return f"Taken for `{slot.name}`: {', '.join(said)}."


def _continued(
    pairs: list[Pair], left: list[Family], architectures: dict[str, Architecture]
) -> tuple[list[Pair], list[Family]]:
    """What is left over joins the family that it carries on, or the sweep whose unregularised baseline it is."""
    rest: list[Family] = []
    for family in left:
        for index, pair in enumerate(pairs):
            if continues(family, pair.family) or _is_baseline(family, pair, architectures):
                pairs[index] = Pair(join_families(pair.family, family), pair.slot, pair.confidence, pair.reason)
                break
        else:
            rest.append(family)
    return pairs, rest


def _is_baseline(family: Family, pair: Pair, architectures: dict[str, Architecture]) -> bool:
    """Whether `family` is a sweep's network without a regulariser, trained in the same cell with the same arguments."""
    sweep = pair.family
    if pair.slot is None or not pair.slot.sweep or not family.trainings or not sweep.trainings:
        return False
    ours, theirs = (architectures.get(either.architecture or "") for either in (family, sweep))
    if ours is None or theirs is None or bare_shape(ours) != bare_shape(theirs) or is_regularised(ours):
        return False
    same_fit = family.trainings[0].fit == sweep.trainings[0].fit and family.compile == sweep.compile
    return same_fit and family.training_cells <= sweep.training_cells


def _shared(pairs: list[Pair], empty: list[Slot], architectures: dict[str, Architecture]) -> list[Pair]:
    """Slots left empty whose network was built once for another slot: the same family answers both."""
    shared = []
    for slot in empty:
        for pair in pairs:
            reason = _answers_too(pair, slot, architectures)
            if reason:
                family = part_without_decay(pair.family, architectures) if not slot.sweep else pair.family
                # Which of the two slots the group had in mind is not told, so the second is the less sure one.
                shared.append(Pair(family, slot, round(0.7 * pair.confidence, 2), reason))
                break
    return shared


def _answers_too(pair: Pair, slot: Slot, architectures: dict[str, Architecture]) -> str:
    """Why the network that fills one slot answers another as well; empty where it does not."""
    other, known = pair.slot, architectures.get(pair.family.architecture or "")
    if other is None or known is None or slot.must_have:
        return ""
    if slot.sweep == other.sweep:
        same = shape(slot.model.architecture) == shape(other.model.architecture)
        if same and architecture_likeness(known, slot.model.architecture) > _BUILT_OTHERWISE:
            return f"The same network as `{other.name}`, which was built once: it is taken for `{slot.name}` too."
        return ""
    if not _is_exact(pair.family, slot, architectures):
        return ""
    several = len(pair.family.models) > 1 and len(pair.family.trainings) > 1
    if not slot.sweep:
        return f"No other network has these layers: those of the sweep are taken for `{slot.name}` too."
    return f"Trained several times, it is taken for the sweep `{slot.name}` too." if several else ""


def set_aside(pairs: tuple[Pair, ...], retries: tuple[Family, ...]) -> tuple[Pair, ...]:
    """`pairs`, and after them the retries, which answer nothing: the training that is shown does."""
    told = "The same network was trained for longer or before, and that training is the one that is shown."
    return (*pairs, *(Pair(family, None, 0.0, told) for family in retries))
