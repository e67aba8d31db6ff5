"""`labgrade check`: one submission in, its report out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from grader.commands.output import one_line_errors, print_result
from grader.commands.run_options import run_choices, run_options


@click.command()
@click.argument("submission", type=click.Path(path_type=Path))
@run_choices
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON and nothing else.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def check(submission: Path, as_json: bool, verbose: bool, **choices: Any) -> None:
    """Grade one SUBMISSION (a file or a folder) and write its report."""
    from rich.console import Console

    from grader.commands.output import TerminalProgress

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
    print_result(Console(highlight=False), checked)
