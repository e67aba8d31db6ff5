"""What an export is: it writes the grades of a class in the form that one learning platform takes.

A module of this folder declares one as `PLATFORM`; a package brings one by the entry point `labgrade.exports`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.sheets import Sheet
from grader.errors import UserError
from grader.exports.grades import Export, Grade


@dataclass(frozen=True)
class ExportRequest:
    """What a teacher wants exported, and how."""

    grades: list[Grade]
    """One for each student of each submission, in the order of the roster."""
    reports: Path
    """The folder of the results; `report_of` finds a student's report in it."""
    sheet: Sheet | None = None
    """The platform's own list of students, where it was given with `--sheet`."""
    item: str | None = None
    """The assignment, where it was named with `--item`."""
    scale: bool = False
    """Whether grades are converted to the points that the platform has for the assignment."""

    def require_sheet(self, what: str) -> Sheet:
        """The sheet, for platforms that cannot do without. Raises `UserError` that asks for `what`."""
        if self.sheet is None:
            raise UserError(f"Give {what} with --sheet: its rows are filled in.")
        return self.sheet


@dataclass(frozen=True)
class Platform:
    """A learning platform, as `labgrade export --to` knows it."""

    name: str
    """What stands after `--to`: lower-case letters, digits and dashes."""
    writes: str
    """The files, in Markdown: `canvas.csv: its student columns and the one assignment`."""
    export: Callable[[ExportRequest], Export] = field(repr=False)
    """The files to write, and who is in none of them. Raises `UserError` for a sheet of another form."""
    needs: str = ""
    """Options it cannot do without, in Markdown; empty where it needs none."""
