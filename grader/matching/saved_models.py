"""Models that only the saved outputs tell of, because the cells that made them did not run again.

A printed summary with the reference's number of parameters, or the log of a training, shows that there was a model. It
fills a slot that the rerun leaves empty, with low confidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.facts.keras import is_validation_accuracy
from grader.matching.assignment import Slot
from grader.records import Compiled, LoggedSummary, LoggedTraining, ModelBuilt, Recording, SummaryShown, Trained

_LEAST_LIKENESS = 0.3
"""A saved model that is less like a slot is not taken for it.

The reference's number of parameters, the place, or equal epochs in as many logs as a sweep or a single training has
are each enough; equal epochs alone are not, as many trainings of a lab have those in common.
"""
_MOST_CONFIDENCE = 0.4
"""Saved outputs may be another version's: a match by them is less sure than any by layers (0.44 and more)."""


@dataclass
class SavedModel:
    """A summary, or the logs of trainings, without a model in the rerun."""

    parameters: int | None = None
    cells: list[int] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    """Declared by each log."""


def saved_models(saved: Recording, rerun: Recording) -> list[SavedModel]:
    """Models told of by saved summaries and logs in cells in which the rerun saw no model, in order."""
    seen = {event.cell for event in rerun.events if isinstance(event, ModelBuilt | Compiled | Trained | SummaryShown)}
    found: list[SavedModel] = []
    for event in saved.events:
        if event.cell in seen:
            continue
        if isinstance(event, LoggedSummary):
            found.append(SavedModel(event.parameters, [event.cell]))
        elif isinstance(event, LoggedTraining):
            if not found or (found[-1].epochs and found[-1].cells[-1] != event.cell):
                found.append(SavedModel())
            found[-1].cells.append(event.cell)
            found[-1].epochs.append(event.declared_epochs)
    return found


def best_logged_accuracies(saved: Recording, rerun: Recording) -> dict[int, float]:
    """Cell -> best validation accuracy of its saved logs, where the rerun had less data than the group.

    With a tenth of the data the attempt that was best may come out as the worst.
    """
    if rerun.environment.get("effort") != "quick" and rerun.environment.get("standin") is not True:
        return {}
    best: dict[int, float] = {}
    for event in saved.events:
        if isinstance(event, LoggedTraining):
            for epoch in event.epochs:
                values = [v for name, v in epoch.metrics.items() if is_validation_accuracy(name)]
                best[event.cell] = max([best.get(event.cell, 0.0), *(v for v in values if 0.0 <= v <= 1.0)])
    return best


def assign_saved_models(models: list[SavedModel], slots: list[Slot]) -> list[tuple[SavedModel, Slot, float, str]]:
    """The best saved model for each of `slots`, with a low confidence and the reason; each is used once."""
    chosen: list[tuple[SavedModel, Slot, float, str]] = []
    free = list(models)
    for slot in slots:
        ranked = sorted(free, key=lambda model: -_likeness(model, slot))
        if not ranked or _likeness(ranked[0], slot) < _LEAST_LIKENESS:
            continue
        best = ranked[0]
        free.remove(best)
        confidence = round(min(_MOST_CONFIDENCE, 0.5 * _likeness(best, slot)), 2)
        chosen.append((best, slot, confidence, _reason(best)))
    return chosen


def _likeness(model: SavedModel, slot: Slot) -> float:
    """0 to 1: 0.4 for the number of parameters, 0.3 for the place, 0.2 for the epochs, 0.1 for one log or several."""
    same_size = model.parameters is not None and model.parameters == slot.model.architecture.parameters
    inside = bool(slot.cells & set(model.cells))
    fit = slot.model.fit
    same_epochs = fit is not None and fit.epochs in model.epochs
    several = slot.sweep == (len(model.epochs) > 1)
    # Another size is another network, unless the design is free.
    if model.parameters is not None and not same_size and not slot.must_have:
        return 0.0
    return 0.4 * same_size + 0.3 * inside + 0.2 * same_epochs + (0.1 if several and model.epochs else 0.0)


def _reason(model: SavedModel) -> str:
    size = f"a summary of {model.parameters:,} parameters" if model.parameters is not None else ""
    logs = f"{len(model.epochs)} training log{'s' if len(model.epochs) != 1 else ''}" if model.epochs else ""
    what = " and ".join(part for part in (size, logs) if part)
    return f"Its code did not run here; the saved outputs hold {what}."
