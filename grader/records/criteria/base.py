"""What every criterion has."""

from __future__ import annotations

from pydantic import NonNegativeFloat

from grader.records.base import Record


class BaseCriterion(Record):
    """Something that is judged on its own, for points."""

    points: NonNegativeFloat
