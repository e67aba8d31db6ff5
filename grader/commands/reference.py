"""`labgrade reference`: the answer key of a lab."""

from __future__ import annotations

from typing import Any

import click

from grader.commands.output import one_line_errors
from grader.commands.run_options import run_choices, run_options


@click.command()
@click.argument("lab", metavar="NAME|FOLDER")
@run_choices
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def reference(lab: str, verbose: bool, **choices: Any) -> None:
    """Train the reference models of a lab and write its answer key, reference.pdf."""
    from rich.console import Console

    from grader.commands.output import TerminalProgress

    with one_line_errors(choices["cache"], verbose):
        from grader.authoring.answer_key import answer_key

        with TerminalProgress(Console(stderr=True, highlight=False)) as progress:
            files = answer_key(run_options(**{**choices, "rubric": lab}), progress)
        if files.note:
            click.echo(files.note, err=True)
        click.echo(files.pdf or files.html)
