"""Criteria on functions that students write."""

from __future__ import annotations

from typing import Literal

from grader.records.criteria.base import BaseCriterion


class FunctionCriterion(BaseCriterion):
    """A function passes the cases that the lab's `cases.py` holds for the question; points by the cases' credit."""

    kind: Literal["function"] = "function"
