"""`labgrade review`: what waits for a person, out as a list and back as marks."""

from __future__ import annotations

import getpass
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.commands.output import one_line_errors, stop
from grader.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.argument("reports", type=click.Path(path_type=Path), default=Path("reports"))
@click.option("--file", "file", type=click.Path(path_type=Path), help="The list. Default: review.csv in REPORTS.")
@click.option("--by", metavar="NAME", help="Who marks. Default: the name of the account.")
@click.option("--all", "everything", is_flag=True, help="List what labgrade decided, too, to override it.")
@click.option("--no-reports", is_flag=True, help="Leave the reports as they are until the next `labgrade batch`.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def review(reports: Path, file: Path | None, by: str | None, everything: bool, no_reports: bool, verbose: bool) -> None:
    """Take in the marks from review.csv in REPORTS, if it is there, then write it with what awaits a person.

    Fill in the columns awarded and comment in any spreadsheet and run the command again. `-` takes a mark back.
    """
    from rich.console import Console

    console = Console(highlight=False)
    with one_line_errors(None, verbose):
        done = Review(reports, file or reports / "review.csv", by)
        done.import_marks()
        for problem in done.problems:
            console.print(problem, style="yellow", markup=False, soft_wrap=True)
        if not done.problems:
            done.write(everything)
        console.print(done.summary(), markup=False, soft_wrap=True)
        if done.changed:
            renew_reports(reports, console, no_reports, done.results)
    if done.problems:
        stop(f"{len(done.problems)} rows were not taken in; mend them in {done.file} and run this again")


class Review:
    """The list of a folder of reports, and what comes back in it."""

    def __init__(self, reports: Path, file: Path, by: str | None) -> None:
        from grader.classroom.review_sheet import results_below

        self.reports = reports
        self.file = file
        self.by = by or _account()
        self.results = results_below(reports)
        self.problems: list[str] = []
        self.changed = 0

    def import_marks(self) -> None:
        """Keep the marks that the list holds. Raises `UserError` for a list that is none."""
        from grader.classroom.review_sheet import keep_marks, marks_below, read_review, review_rows
        from grader.classroom.sheets import read_sheet

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
        from grader.classroom.review_sheet import write_review

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


def renew_reports(reports: Path, console: Console, no_reports: bool, names: Collection[str]) -> None:
    """Bring new marks into the reports `names` and the gradebook, where labgrade knows the class behind them."""
    from grader.batch.class_run import known_class

    known = None if no_reports else known_class(reports)
    if known is None:
        console.print("The next `labgrade batch` (or `check`) brings them into the reports.", soft_wrap=True)
        return
    from grader.batch.class_run import grade_class
    from grader.commands.batch import BatchDisplay

    try:
        with BatchDisplay(console) as display:
            graded = grade_class(
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
