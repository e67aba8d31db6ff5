"""`labgrade rubric new`: a first rubric from a teacher's solution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from grader.commands.choices import run_choices, run_options
from grader.commands.endings import one_line_errors


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    required=True,
    metavar="SOLUTION",
    help="Your own solution: a script (.py) or a notebook (.ipynb), with a heading above each question.",
)
@run_choices
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def new(folder: Path, source: Path, verbose: bool, **choices: Any) -> None:
    """Start a new lab in FOLDER: run a solution, and write a first rubric.yaml from what it shows.

    Every question gets the criteria that the solution meets, one point each; comments say what to edit. Nothing in
    FOLDER is overwritten.
    """
    from rich.console import Console

    from grader.display import TerminalProgress

    with one_line_errors(choices["cache"], verbose):
        from grader.drafting.draft import drafted_rubric

        with TerminalProgress(Console(stderr=True, highlight=False)) as progress:
            draft = drafted_rubric(folder, source, run_options(**{**choices, "rubric": None}), progress)
    rubric = draft.rubric
    for question in rubric.questions:
        kinds = ", ".join(criterion.kind for criterion in question.criteria)
        click.echo(f"{question.id}  {question.title}: {kinds}")
    for remark in draft.remarks:
        click.echo(f"! {remark}")
    click.echo(f"{folder / 'rubric.yaml'}: {len(rubric.questions)} questions, {rubric.points:g} points; edit it, then:")
    click.echo(f"  labgrade rubric validate {folder}\n  labgrade rubric test {folder}")
