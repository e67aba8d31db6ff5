"""A class that was graded, as its report takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.records import Result


@dataclass(frozen=True)
class GradedClass:
    """The results of one lab's submissions, and what could not be graded."""

    lab: str
    """Title of the lab."""
    results: Mapping[str, Result]
    """By the name of the submission; at least one."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Submission without a result -> why."""
    language: str = "en"
    """Of the rubric, as a BCP 47 tag; the report's HTML declares it."""
