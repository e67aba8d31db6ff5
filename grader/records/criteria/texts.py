"""Criteria on console text and answers."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeFloat, PositiveInt, model_validator

from grader.records.criteria.base import BaseCriterion


class ConsoleLogCriterion(BaseCriterion):
    """A training log is shown: epochs, and seconds per epoch."""

    kind: Literal["console_log"] = "console_log"
    epochs: PositiveInt | None = None
    """Default: the reference's."""
    seconds: bool = True
    """Seconds per epoch are asked for."""
    stated: bool = False
    """A time per epoch in the answer is as good as a log."""


class StatesNumberCriterion(BaseCriterion):
    """The answer states a number."""

    kind: Literal["states_number"] = "states_number"
    equals: float | None = None
    of: Literal["parameters", "best_val_accuracy"] | None = None
    """Taken from the group's own testimonies (saved or rerun) for the question's model."""
    tolerance: NonNegativeFloat = 0.0
    """Absolute."""

    @model_validator(mode="after")
    def _one_target(self) -> StatesNumberCriterion:
        if (self.equals is None) == (self.of is None):
            raise ValueError("states_number takes exactly one of 'equals' and 'of'")
        return self


class WrittenCriterion(BaseCriterion):
    """A written answer: a person decides; the concepts found in it are a suggestion."""

    kind: Literal["written"] = "written"
    mentions: tuple[tuple[str, ...], ...] = ()
    """Concepts; each a tuple of words or phrases of which one is enough."""
