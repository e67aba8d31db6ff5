"""The steps of `labgrade review`."""

from __future__ import annotations

import getpass
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from grader.classes.sheets import read_sheet
from grader.errors import UserError
from grader.reviews.reading import read_review
from grader.reviews.rows import review_rows
from grader.reviews.store import keep_marks, marks_below, results_below, write_review

if TYPE_CHECKING:
    from rich.console import Console


class Review:
    """The list of a folder of reports, and what comes back in it."""

    def __init__(self, reports: Path, file: Path, by: str | None) -> None:
        self.reports = reports
        self.file = file
        self.by = by or _account()
        self.results = results_below(reports)
        self.problems: list[str] = []
        self.changed = 0

    def take_in(self) -> None:
        """Keep the marks that the list holds. Raises `UserError` for a list that is none."""
        if not self.file.is_file():
            return
        rows = [row for result in self.results.values() for row in review_rows(result)]
        known = marks_below(self.reports, list(self.results))
        at = datetime.now().astimezone().isoformat(timespec="minutes")
        reviewed = read_review(read_sheet(self.file), rows, known, self.by, at)
        for name, marks in reviewed.marks.items():
            self.results[name] = keep_marks(self.reports, self.results[name], marks)
        self.problems, self.changed = reviewed.problems, reviewed.changed

    def write(self, everything: bool) -> None:
        """Write the list anew."""
        write_review(self.file, self.results.values(), everything)

    def summary(self) -> str:
        """What was taken in, and what awaits."""
        waiting = sum(
            not verdict.decided
            for result in self.results.values()
            for question in result.questions
            for verdict in question.verdicts
        )
        noun = "decision" if self.changed == 1 else "decisions"
        taken = f"{self.changed} {noun} by {self.by} taken in; " if self.changed else ""
        return f"{taken}{waiting} criteria of {len(self.results)} submissions await a person: {self.file}"


def renewed(reports: Path, console: Console, no_reports: bool, names: Collection[str]) -> None:
    """Bring new marks into the reports `names` and the gradebook, where labgrade knows the class behind them."""
    from grader.batch.class_run import known_class

    known = None if no_reports else known_class(reports)
    if known is None:
        console.print("The next `labgrade batch` (or `check`) brings them into the reports.", soft_wrap=True)
        return
    from grader.batch.class_run import graded_class
    from grader.commands.classes.watching import BatchDisplay

    try:
        with BatchDisplay(console) as display:
            graded = graded_class(
                known.submissions, known.options, display, 1, known.rules, anonymous=known.anonymous, only=names
            )
    except UserError as error:
        console.print(f"The reports were not renewed: {error}", style="yellow", markup=False, soft_wrap=True)
        return
    console.print(str(graded.gradebook), soft_wrap=True)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "teacher"
