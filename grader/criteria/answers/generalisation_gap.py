"""The criterion `generalisation_gap`: training and validation accuracy at the end, or their difference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

from pydantic import JsonValue

from grader.criteria import SHOWN_IN, AboutAModel, Case
from grader.criteria.figure_parts import curves_of
from grader.criteria.prose import numbers_in
from grader.facts.keras import ACCURACY, VALIDATION_ACCURACY, canonical_metric
from grader.records import Mistake, Reason, Subject, Verdict

Ends: TypeAlias = tuple[float, float]
"""Training and validation accuracy after the last epoch, 0 to 1."""

_ROUNDED = 0.0051
"""Deviation of a stated accuracy from the recorded one: half a percent, as one that is rounded to whole percents or
read off a plot has it, and a hair for the float."""
_GAP_DECIMALS = 3
"""Digits after the point with which a number is taken for the difference: a gap of 0.04 has many namesakes."""
_LOG_ALONE = 0.5
"""Share where only the training's log shows both values: they are there, and the group does not say which matter."""
_MOST_STATED = 4
"""Numbers of an answer that a sentence names: more than both values and their difference nobody looks up."""
_BOTH = (ACCURACY, VALIDATION_ACCURACY)


class GeneralisationGapCriterion(AboutAModel):
    """Training and validation accuracy at the end, or their difference, stated or shown."""

    title: ClassVar[str] = "Generalisation gap"
    about: ClassVar[Subject] = "training"
    rests_on_history: ClassVar[bool] = True
    beside_curves: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"not_printed"})
    sentences: ClassVar[Mapping[str, str]] = {
        "ends": (
            "Training accuracy ends at {training:score}, validation accuracy at {validation:score}: a gap of {gap:.4f}."
        ),
        "ends_diverged": "Training accuracy ends at {training:score}, validation accuracy at {validation:score}.",
        "stated": "The answer states it.",
        "stated_in_text": f"{SHOWN_IN} states it.",
        "plotted": "The figure of {place} shows both.",
        "other_numbers": "The answer states {numbers:list}.",
        "log_alone": "Only the training's log shows both values.",
        "nowhere": "Neither both values nor their difference are stated or shown.",
    }

    kind: Literal["generalisation_gap"] = "generalisation_gap"

    def judge(self, case: Case) -> Verdict:
        """Both accuracies at the end of the training, or their difference: stated, printed or shown.

        Two curves in one set of axes show them. The log of the training alone earns half. Where the rerun had less
        data than the group, or a picture is saved that it did not draw, a person compares.
        """
        case = case.about(self.model)
        ends = [*_rerun_ends(case), *_saved_ends(case)]
        if not ends:
            return self.missing(case, "training with a validation", *case.saved_training)
        known = self._known(ends[0])
        observed: JsonValue = {"training": round(ends[0][0], 6), "validation": round(ends[0][1], 6)}
        evidence = case.places(case.cells)
        shown = self._stated(ends, case) or self._plotted(case)
        if shown is not None:
            said, cell = shown
            where = evidence if cell is None else case.places([cell])
            return self.graded(1.0, known, said, observed=observed, evidence=where)
        numbers: list[JsonValue] = [number.text for number in numbers_in(case.answer) if max(number.decimals) >= 1]
        if (numbers and case.is_reduced) or case.saved_pictures:
            other = (self.because("other_numbers", numbers=numbers[:_MOST_STATED]),) if numbers else ()
            return self.review(known, *other, *case.saved_pictures, observed=observed, evidence=evidence)
        logged = [log.cell for log in case.saved_logs]
        logged += [training.cell for training in case.all_trainings if training.fit.verbose > 0]
        if logged:
            where = case.places(logged[:1])
            return self.graded(_LOG_ALONE, known, self.because("log_alone"), observed=observed, evidence=where)
        return self.graded(0.0, known, self.because("nowhere"), observed=observed, evidence=evidence)

    def _known(self, ends: Ends) -> Reason:
        training, validation = (value if math.isfinite(value) else None for value in ends)
        if training is None or validation is None:
            return self.because("ends_diverged", training=training, validation=validation)
        return self.because("ends", training=training, validation=validation, gap=training - validation)

    def _stated(self, ends: list[Ends], case: Case) -> tuple[Reason, int | None] | None:
        """Where both values, or their difference, are stated, and its cell; logs of trainings don't count."""
        if any(_states(case.answer, pair) for pair in ends):
            return self.because("stated"), None
        for text in case.texts({*case.cells, *case.own_cells}):
            plain = "\n".join(line for line in text.text.splitlines() if "val_" not in line and "loss:" not in line)
            if any(_states(plain, pair) for pair in ends):
                return self.because("stated_in_text", source=text.source, place=case.place(text.cell)), text.cell
        return None

    def _plotted(self, case: Case) -> tuple[Reason, int | None] | None:
        """A set of axes with both curves of this model, and its cell."""
        metrics: dict[int, set[str]] = {}
        for curve in curves_of(case.drawn, case.all_trainings):
            shown = metrics.setdefault(id(curve.axes), set())
            shown.add(curve.metric)
            if shown >= set(_BOTH):
                return self.because("plotted", place=case.place(curve.event.cell)), curve.event.cell
        return None


def _rerun_ends(case: Case) -> list[Ends]:
    found = []
    for training in case.all_trainings:
        pair = [training.history.values_of(name) for name in _BOTH]
        if pair[0] and pair[1] and math.isfinite(pair[0][-1]) and math.isfinite(pair[1][-1]):
            found.append((pair[0][-1], pair[1][-1]))
    return found


def _saved_ends(case: Case) -> list[Ends]:
    found = []
    for log in case.saved_logs:
        last = {canonical_metric(name): value for name, value in log.epochs[-1].metrics.items()} if log.epochs else {}
        if all(name in last for name in _BOTH):
            found.append((last[ACCURACY], last[VALIDATION_ACCURACY]))
    return found


def _states(text: str, pair: Ends) -> bool:
    """Whether `text` states both values of `pair`, or their difference."""
    numbers = [number for number in numbers_in(text) if max(number.decimals) >= 1]
    gap = abs(pair[0] - pair[1])
    # Where both values are nearly the same, one number rounded to percents would state both.
    tolerance = 0.0 if gap < 2 * _ROUNDED else _ROUNDED
    both = all(any(number.states(value, tolerance) for number in numbers) for value in pair)
    difference = any(number.states(gap, 0.0) and max(number.decimals) >= _GAP_DECIMALS for number in numbers)
    return both or (difference and gap > 0.0)
