"""The one global assignment of a student's families of models to the models that the lab asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from grader.matching.families import Family, joined
from grader.matching.layers import bare_shape, is_regularised, shape
from grader.matching.similarity import Likeness, Slot, architecture_likeness, family_likeness
from grader.records.models import Architecture

THRESHOLD = 0.55
"""A family that is less like a slot than this stays unmatched."""
_UNLIKE = 0.72
"""Below this likeness of layers only the place in the file can vouch for a family."""
_BUILT_OTHERWISE = 0.4
"""A network that fills one of two equal slots is as good for the other, with activations as layers of their own too."""


@dataclass(frozen=True)
class Pair:
    """A family and the slot that it fills; `slot` is `None` for what is left over."""

    family: Family
    slot: Slot | None
    confidence: float
    reason: str


def assigned_pairs(
    families: tuple[Family, ...],
    slots: tuple[Slot, ...],
    architectures: dict[str, Architecture],
    shown: dict[int, float] | None = None,
) -> tuple[Pair, ...]:
    """Every family, with the slot it fills if any. A network trained only once may fill several slots.

    `shown` gives for cells the best validation accuracy in their saved logs, where that tells more than the rerun.
    """
    table = _likeness_table(families, slots, architectures, shown or {})
    filled = _best_assignment(table)
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
    test = getattr(training, "test", None)
    if test is not None:
        return float(test.accuracy)
    history = getattr(training, "history", None)
    values = history.metrics.get("val_accuracy", ()) if history is not None else ()
    return float(values[-1]) if values and np.isfinite(values[-1]) else 0.0


def _worth(likeness: Likeness) -> float:
    if likeness.architecture < _UNLIKE and likeness.section < 0.75:
        return 0.0
    # A single plain training is no sweep, and a regularised sweep is no single plain training.
    return likeness.total if likeness.regularisation > 0.0 else 0.0


def _best_assignment(table: list[list[Likeness]]) -> dict[int, int]:
    """Row -> column of the assignment with the greatest total likeness; staying unmatched is worth `THRESHOLD`."""
    if not table or not table[0]:
        return {}
    rows, columns = len(table), len(table[0])
    worth = np.full((rows, columns + rows), THRESHOLD)
    worth[:, :columns] = [[_worth(likeness) for likeness in row] for row in table]
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
    return round(total * (0.8 + 0.2 * min(max(gap, 0.0) / 0.1, 1.0)), 2)


def _reason(likeness: Likeness, slot: Slot) -> str:
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
            if _continues(family, pair.family) or _is_baseline(family, pair, architectures):
                pairs[index] = Pair(joined(pair.family, family), pair.slot, pair.confidence, pair.reason)
                break
        else:
            rest.append(family)
    return pairs, rest


def _continues(family: Family, other: Family) -> bool:
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
            other = pair.slot
            known = architectures.get(pair.family.architecture or "")
            if other is None or known is None or slot.must_have or slot.sweep != other.sweep:
                continue
            same = shape(slot.model.architecture) == shape(other.model.architecture)
            if same and architecture_likeness(known, slot.model.architecture) > _BUILT_OTHERWISE:
                reason = f"The same network as `{other.name}`, which was built once: it is taken for `{slot.name}` too."
                shared.append(Pair(pair.family, slot, round(0.7 * pair.confidence, 2), reason))
                break
    return shared
