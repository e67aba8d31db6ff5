"""One thing that was looked at."""

from __future__ import annotations

from typing import Literal

from grader.records.base import Record

Status = Literal["works", "limited", "missing"]


class Finding(Record):
    """What was found about one thing, and how to mend it."""

    area: Literal["confinement", "layers", "device", "data", "reports", "versions", "storage", "memory"]
    name: str
    status: Status
    """`limited`: labgrade works without it, less well."""
    says: str
    """One sentence or less, with numbers where there are any."""
    mend: tuple[str, ...] = ()
    """What to do, a sentence each."""


class Examination(Record):
    """Everything that `labgrade doctor` found."""

    version: Literal[1] = 1
    labgrade: str
    platform: str
    """Operating system, kernel and processor."""
    confined_by: str | None
    """The provider that `auto` takes here; `None` when student code cannot be confined."""
    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """Whether a submission can be graded, confined."""
        return self.confined_by is not None
