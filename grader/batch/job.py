"""One submission's job: everything that a process needs to grade it, and what comes of it. Both pickle."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from grader.options import Options
from grader.records.roster import ClassRules, Entry

Stage: TypeAlias = Literal["judge", "reference", "render", "record"]
"""`judge`: the pure checks on what is recorded. `reference`: record the solution. `record`: run the submission, and
judge and report it. `render`: the report alone."""

Outcome: TypeAlias = Literal["graded", "judged", "unrecorded", "failed", "fault", "fatal"]
"""What came of a stage.

`graded`: all is written. `judged`: the result is written, the report is not. `unrecorded`: it has to run first.
`failed`: it cannot be read. `fault`: labgrade failed. `fatal`: no submission can be graded until the teacher mends
something.
"""


@dataclass(frozen=True)
class Job:
    """Grade one submission."""

    entry: Entry
    rules: ClassRules
    options: Options
    workshop: str = "grader.workshop:Workshop"
    """What records, as `module:class`."""

    @property
    def folder(self) -> Path:
        """Where its report goes."""
        return self.options.out / self.entry.name


@dataclass(frozen=True)
class Done:
    """What came of one stage of a job."""

    name: str
    outcome: Outcome
    message: str = ""
    """One line: the score, or why there is none."""
    rubric: str = ""
    basis: str = ""
    """Digest of what the result rests on, taken before it was read."""
    trained: int = 0
    shared: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by part: reading, recording, judging, reporting."""
