"""`labgrade check`: one submission in, its report out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.commands.command_line import (
    TerminalProgress,
    one_line_errors,
    run_choices,
    run_options,
    sign,
    terminal_line,
)

if TYPE_CHECKING:
    from grader.pipeline import CheckResult

_WIDEST_ID, _NARROWEST_TITLE, _WIDEST_TITLE = 24, 12, 56
"""Characters of a question's id, and of its title on a narrow and on a wide terminal."""
_OTHER_COLUMNS = 26
"""Characters of a line that shape, points and the gaps between columns take."""


@click.command()
@click.argument("submission", type=click.Path(path_type=Path))
@run_choices
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON and nothing else.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def check(submission: Path, as_json: bool, verbose: bool, **choices: Any) -> None:
    """Grade one SUBMISSION (a file or a folder) and write its report."""
    from rich.console import Console

    errors = Console(stderr=True, highlight=False)
    if choices["unconfined"]:
        errors.print("[bold]The submission's code runs WITHOUT confinement: it can do what you can do.[/bold]")
    with one_line_errors(choices["cache"], verbose):
        from grader.pipeline import check as run

        with TerminalProgress(errors if not as_json else Console(stderr=True, quiet=True)) as progress:
            checked = run(submission, run_options(**choices), progress)
    if as_json:
        click.echo(checked.result.model_dump_json(indent=2))
        return
    _print_result(Console(highlight=False), checked)


def _print_result(console: Any, checked: CheckResult) -> None:
    """Print a graded submission: a line per question, the points, what was shortened, and where the report lies."""
    from rich.markup import escape
    from rich.table import Table

    result = checked.result
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("Question", no_wrap=True, max_width=_WIDEST_ID)
    longest = max((len(question.id) for question in result.questions), default=0)
    title_width = console.width - min(max(longest, len("Question")), _WIDEST_ID) - _OTHER_COLUMNS
    table.add_column("", no_wrap=True, max_width=max(_NARROWEST_TITLE, min(title_width, _WIDEST_TITLE)))
    table.add_column("Points", justify="right", no_wrap=True)
    for question in result.questions:
        open_points = sum(verdict.points for verdict in question.verdicts if not verdict.decided)
        points = f"{question.awarded:g} / {question.points:g}"
        if open_points:
            points = f"{open_points:g} open" if open_points == question.points else f"{points}, {open_points:g} open"
        table.add_row(sign(question.status, coloured=True), escape(question.id), escape(question.title), points)
    score = result.score
    console.print()
    console.print(f"[bold]{escape(result.submission)}[/bold]  {escape(checked.rubric.title)}", soft_wrap=True)
    console.print(f"[dim]{escape(terminal_line(checked.rubric_reason))}[/dim]", soft_wrap=True)
    console.print(table)
    awaiting = f"; {score.awaiting:g} of {score.points:g} await the teacher" if score.awaiting else ""
    console.print(f"[bold]{score.awarded:g}[/bold] of {score.decided:g} decided points{awaiting}")
    if result.observations:
        console.print(f"{len(result.observations)} observations for the teacher, worth no points")
    console.print(_effort_line(checked), style="dim", soft_wrap=True)
    if checked.files.note:
        console.print(escape(checked.files.note), style="yellow", soft_wrap=True)
    console.print(str(checked.files.pdf or checked.files.html), markup=False, soft_wrap=True)


def _effort_line(checked: CheckResult) -> str:
    result = checked.result
    words = "a tenth of the training rows" if result.effort == "quick" else "all training rows"
    data = "; ".join(f"{value}" for name, value in result.environment.items() if name.startswith("data"))
    trained = f"{checked.trained} trainings run, {checked.shared} taken from the store"
    return ". ".join(part for part in (f"Effort {result.effort}: {words}", trained, data) if part)
