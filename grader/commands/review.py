"""`labgrade review`: what waits for a person, out as a list and back as marks."""

from __future__ import annotations

from pathlib import Path

import click

from grader.commands.endings import one_line_errors, stop


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
        from grader.commands.classes.reviewing import Review, renewed

        done = Review(reports, file or reports / "review.csv", by)
        done.take_in()
        for problem in done.problems:
            console.print(problem, style="yellow", markup=False, soft_wrap=True)
        if not done.problems:
            done.write(everything)
        console.print(done.summary(), markup=False, soft_wrap=True)
        if done.changed:
            renewed(reports, console, no_reports, done.results)
    if done.problems:
        stop(f"{len(done.problems)} rows were not taken in; mend them in {done.file} and run this again")
