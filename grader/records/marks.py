"""What a person decided about a submission: kept beside its report as `marks.json`."""

from __future__ import annotations

from typing import Literal

from grader.records.base import Record


class Mark(Record):
    """A person's decision on one criterion of one question."""

    question: str
    criterion: str
    """Kind, such as `written`."""
    number: int = 1
    """Which of the question's criteria of this kind, from 1."""
    awarded: float | None = None
    """Points; `None` for a comment alone."""
    comment: str = ""
    by: str
    at: str
    """ISO 8601, to the minute."""
    digest: str = ""
    """Digest of the hand-in that was looked at."""
    basis: str = ""
    """Digest of the answer that was looked at: a mark on an answer that has changed since is asked for again."""


class Marks(Record):
    """All decisions about one submission."""

    version: Literal[1] = 1
    submission: str
    marks: tuple[Mark, ...] = ()
