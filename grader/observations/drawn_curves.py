"""Curves that are drawn rightly and named wrongly: a legend the wrong way round, epochs on another scale."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from grader.criteria import capitalised, clipped
from grader.criteria.figure_parts import owner_of
from grader.facts.keras import ACCURACY, LOSS, VALIDATION_ACCURACY, VALIDATION_LOSS
from grader.facts.languages import SAYS_EPOCH, VALIDATION_WORDS
from grader.observations.hand_in import HandIn
from grader.records import Axes, FigureDrawn, Line, Observation

_SAYS_VALIDATION = re.compile("|".join((*" ".join(VALIDATION_WORDS.values()).split(), "test")), re.IGNORECASE)
_SAYS_TRAINING = re.compile(r"train|träning|trän|entrena|entraîn", re.IGNORECASE)
_FEWEST_EPOCHS = 3
"""Points of a curve whose steps are looked at: two have a single step."""
_LONGEST = 40
"""Characters of a legend or label that a sentence quotes."""


def swapped_legends(hand_in: HandIn) -> Iterator[Observation]:
    """A training curve that the legend calls validation, beside a validation curve that it calls training."""
    for event in hand_in.rerun.events:
        for axes in event.figure.axes if isinstance(event, FigureDrawn) else ():
            training = _wrongly_named(axes, hand_in, validation=False)
            validation = _wrongly_named(axes, hand_in, validation=True)
            if training and validation:
                where = hand_in.place(event.cell)
                yield Observation(
                    kind="swapped_legend",
                    question=_question(hand_in, event.cell, axes),
                    message=f"The legend of {where} calls the training curve '{training}' and the validation curve "
                    f"'{validation}'.",
                    proof=f"{capitalised(where)}: both lines are the recorded histories, point by point.",
                )


def scaled_epochs(hand_in: HandIn) -> Iterator[Observation]:
    """A history of every epoch drawn beside an x axis that says epochs and goes up by another step than one."""
    for event in hand_in.rerun.events:
        for axes in event.figure.axes if isinstance(event, FigureDrawn) else ():
            if not SAYS_EPOCH.search(axes.x_label):
                continue
            line = next((one for one in axes.lines if _is_scaled(one) and _metrics(one, hand_in)), None)
            if line is not None:
                where, epochs = hand_in.place(event.cell), len(line.y)
                yield Observation(
                    kind="scaled_epochs",
                    question=_question(hand_in, event.cell, axes),
                    message=f"{capitalised(where)} draws the {epochs} epochs of a training from {line.x[0]:g} to "
                    f"{line.x[-1]:g}.",
                    proof=f"{capitalised(where)}: x label '{clipped(axes.x_label, _LONGEST)}'; the line is the "
                    "recorded history, with one point an epoch.",
                )


def _wrongly_named(axes: Axes, hand_in: HandIn, *, validation: bool) -> str:
    """What the legend calls a curve of that kind that it takes for the other; empty where it does not."""
    names = [line.label for line in axes.lines]
    if not any(names) and len(axes.legend) == len(names):
        names = list(axes.legend)
    for line, name in zip(axes.lines, names, strict=True):
        says_training, says_validation = bool(_SAYS_TRAINING.search(name)), bool(_SAYS_VALIDATION.search(name))
        kinds = {metric.startswith("val_") for metric in _metrics(line, hand_in)}
        is_listed = name in axes.legend
        if is_listed and kinds == {validation} and says_training is validation and says_validation is not validation:
            return clipped(name, _LONGEST)
    return ""


def _question(hand_in: HandIn, cell: int, axes: Axes) -> str | None:
    """Id of the question that asks for a plot of the training whose curve is drawn, else of the one under which the
    figure stands."""
    models = [model for model in hand_in.match.models if model.trainings]
    owners = {
        owned[0].trainings
        for line in axes.lines
        for metric in _metrics(line, hand_in)
        if (owned := owner_of(line, metric, hand_in.match, models)) is not None
    }
    for case in hand_in.cases:
        asked = case.question.question
        if case.model is not None and case.model.trainings in owners and any(c.plots_history for c in asked.criteria):
            return asked.id
    return hand_in.question_of([cell])


def _metrics(line: Line, hand_in: HandIn) -> set[str]:
    """The metrics of which the line is a recorded history."""
    models = [model for model in hand_in.match.models if model.trainings]
    return {
        metric
        for metric in (LOSS, VALIDATION_LOSS, ACCURACY, VALIDATION_ACCURACY)
        if len(line.y) >= _FEWEST_EPOCHS and owner_of(line, metric, hand_in.match, models) is not None
    }


def _is_scaled(line: Line) -> bool:
    """Whether the places go up evenly, by another step than one."""
    steps = [after - before for before, after in zip(line.x, line.x[1:], strict=False)]
    if len(line.x) != len(line.y) or len(steps) < _FEWEST_EPOCHS - 1 or steps[0] <= 0.0:
        return False
    even = all(math.isclose(step, steps[0], rel_tol=1e-3) for step in steps)
    return even and not math.isclose(steps[0], 1.0, rel_tol=1e-2)
