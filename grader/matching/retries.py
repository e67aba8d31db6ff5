"""Attempts at one network: which object is a copy of a trained one, and which training is a retry of another.

A copy (loaded, cloned, made from JSON, built anew for the weights of a checkpoint) has the layers of a network that was
trained before it and no training of its own. A retry has the layers of another training in the same place and is
neither drawn nor evaluated, where the other is. Neither answers a question: what was trained, drawn and evaluated does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from grader.matching.families import Family, continues, join_families, shape
from grader.records import Architecture, Evaluated, Figure, FigureDrawn, ModelSaved, Predicted, Recording, Trained

_SHORT = 0.5
"""A training of at most this share of another's epochs is a trial, wherever it stands before or behind it.

Trials and restarts take one to three of ten epochs or more. A training of more than half of what was asked for may be
the one that the group means, and so is a retry only behind the other.
"""


@dataclass(frozen=True)
class Attempts:
    """The families of a recording, with copies and retries told apart."""

    meant: tuple[Family, ...]
    """Those that may answer a question, in order."""
    retries: tuple[Family, ...]
    """Shorter or later trainings of the same networks that nothing is shown of."""


def attempts(families: tuple[Family, ...], recording: Recording, places: tuple[frozenset[int], ...]) -> Attempts:
    """What of `families` may answer a question. `places` holds the cells under each question that asks for a model."""
    known = recording.architectures
    carried = _carried_on(families, places)
    own = _with_copies(carried, recording, places)
    shown = {family.first for family in own if _is_shown(family, recording)}
    single = [family for family in own if family.trainings and len({t.model for t in family.trainings}) == 1]
    retries = tuple(
        family
        for family in single
        if any(
            other.first in shown and family.first not in shown and _is_retry(family, other, known, places)
            for other in single
        )
    )
    return Attempts(tuple(family for family in own if family not in retries), retries)


def _carried_on(families: tuple[Family, ...], places: tuple[frozenset[int], ...]) -> tuple[Family, ...]:
    """Families of one object that go on with its training in the same place as one: 5 and 5 epochs are 10."""
    kept: list[Family] = []
    for family in families:
        for index, other in enumerate(kept):
            if continues(family, other) and _stands(family, places) == _stands(other, places):
                kept[index] = join_families(other, family)
                break
        else:
            kept.append(family)
    return tuple(kept)


def _with_copies(
    families: tuple[Family, ...], recording: Recording, places: tuple[frozenset[int], ...]
) -> tuple[Family, ...]:
    """`families` without the copies, which stand as such in the family that they copy."""
    asked = {e.model for e in recording.events if isinstance(e, Evaluated | Predicted | ModelSaved)}
    originals: dict[int, int] = {}
    for family in families:
        if family.trainings:
            continue
        earlier = [other for other in families if _is_original(other, family, recording.architectures)]
        used = bool(asked & set(family.models))
        for original in reversed(earlier):
            # Built under a question of its own and never used: a network that the group forgot to train.
            if used or _stands(family, places) <= _stands(original, places):
                originals[family.first] = original.first
                break
    copies: dict[int, tuple[str, ...]] = {}
    for family in families:
        if family.first in originals:
            first = originals[family.first]
            copies[first] = copies.get(first, ()) + family.models
    return tuple(
        replace(family, copies=copies.get(family.first, ())) for family in families if family.first not in originals
    )


def _is_original(other: Family, copy: Family, known: dict[str, Architecture]) -> bool:
    """Whether `other` was trained before `copy` came to be, with the same layers."""
    if not other.trainings or other.trainings[0].seq > copy.first:
        return False
    return any(_same_layers(one, copy.architecture, known) for one in other.architectures)


def _same_layers(one: str | None, other: str | None, known: dict[str, Architecture]) -> bool:
    if one is None or other is None or one not in known or other not in known:
        return False
    return one == other or shape(known[one]) == shape(known[other])


def _is_shown(family: Family, recording: Recording) -> bool:
    """Whether a history of the family is drawn, or its weights are evaluated or asked for predictions."""
    seqs = {training.seq for training in family.trainings}
    models = {*family.models, *family.copies}
    for event in recording.events:
        if isinstance(event, FigureDrawn) and plots_any(event.figure, list(family.trainings)):
            return True
        if isinstance(event, Evaluated | Predicted) and (
            event.trained in seqs or (event.trained is None and event.model in models)
        ):
            return True
    return False


def _is_retry(
    family: Family, other: Family, known: dict[str, Architecture], places: tuple[frozenset[int], ...]
) -> bool:
    """Whether `family` trains the network of `other` again, in the same place and for fewer epochs or afterwards."""
    if family is other or not _same_layers(family.architecture, other.architecture, known):
        return False
    stands = _stands(family, places)
    if stands != _stands(other, places):
        return False
    ours, theirs = _epochs(family), _epochs(other)
    # Of equal trainings under no question at all, each may be meant for one.
    return ours <= _SHORT * theirs or (bool(stands) and ours <= theirs and family.first > other.first)


def _epochs(family: Family) -> int:
    return max(training.fit.epochs - training.fit.initial_epoch for training in family.trainings)


def _stands(family: Family, places: tuple[frozenset[int], ...]) -> frozenset[int]:
    """Numbers of the places in which the family was trained; of those in which it was built, where it never was."""
    cells = family.training_cells or frozenset(family.cells)
    return frozenset(number for number, place in enumerate(places) if place & cells)


def plots_any(figure: Figure, trainings: list[Trained]) -> bool:
    """Whether a line of `figure` shows a history of `trainings`, or an error-bar series means of their last values.

    A line shows a history when it has as many points and the same values, as shares or as per cent. A series of means
    is known only by its range: one that lies between the smallest and the largest last value is taken for theirs.
    """
    curves = [values for training in trainings for values in training.history.metrics.values() if len(values) > 1]
    lines = [line.y for axes in figure.axes for line in axes.lines]
    if any(_equal(line, curve) for line in lines for curve in curves):
        return True
    finals = [curve[-1] for training in trainings for curve in training.history.metrics.values() if curve]
    bars = [series.y for axes in figure.axes for series in axes.error_bars if len(series.y) > 1]
    if len(trainings) < 2 or not finals:
        return False
    low, high = min(finals), max(finals)
    return any(low <= value <= high for series in bars for value in series)


def _equal(line: tuple[float, ...], curve: tuple[float, ...]) -> bool:
    if len(line) != len(curve):
        return False
    drawn, recorded = np.asarray(line), np.asarray(curve)
    # As shares or as per cent; what differs by more than a thousandth is another training's.
    return any(np.allclose(drawn, factor * recorded, rtol=1e-3, atol=1e-6, equal_nan=True) for factor in (1.0, 100.0))
