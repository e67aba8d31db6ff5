"""`labgrade rubric`: which labs there are, what a rubric asks for, and whether its own solution meets it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from grader.commands.choices import run_choices, run_options
from grader.commands.endings import one_line_errors
from grader.commands.rubrics.new import new
from grader.commands.rubrics.testing import test

if TYPE_CHECKING:
    from grader.records.rubric import Rubric


@click.group()
def rubric() -> None:
    """List, show, validate and test the rubrics of labs, and start new ones."""


@rubric.command("list")
def list_() -> None:
    """The labs that labgrade knows, with their points and questions."""
    from rich.table import Table

    with one_line_errors(None):
        from grader.assets import rubrics_folder
        from grader.reading.rubric import load_rubric, rubrics

        table = Table(box=None, pad_edge=False, header_style="dim")
        for title, side in (("Lab", "left"), ("Title", "left"), ("Questions", "right"), ("Points", "right")):
            table.add_column(title, justify=side)  # type: ignore[arg-type]
        for folder in rubrics([rubrics_folder()]):
            lab = load_rubric(folder)
            table.add_row(*_plain(lab.name, lab.title), str(len(lab.questions)), f"{lab.points:g}")
        _console().print(table)


@rubric.command()
@click.argument("lab", metavar="NAME|FOLDER")
def show(lab: str) -> None:
    """The questions of one lab, each with its criteria and points."""
    from rich.table import Table

    with one_line_errors(None):
        found = _rubric(lab)
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in ("Question", "", "Criteria"):
            table.add_column(title)
        table.add_column("Points", justify="right")
        for question in found.questions:
            criteria = ", ".join(f"{criterion.kind} {criterion.points:g}" for criterion in question.criteria)
            table.add_row(*_plain(question.id, question.title, criteria), f"{question.points:g}")
        _console().print(f"{found.title}: {len(found.questions)} questions, {found.points:g} points", markup=False)
        _console().print(table)


@rubric.command()
@click.argument("lab", metavar="NAME|FOLDER")
@run_choices
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def validate(lab: str, verbose: bool, **choices: Any) -> None:
    """Run a lab's solution against its own rubric: it has to get full marks for all that labgrade decides.

    Exit code 1 names each shortfall; 2: the rubric, solution.py or cases.py cannot be used.
    """
    from rich.console import Console

    from grader.display import TerminalProgress

    with one_line_errors(choices["cache"], verbose):
        from grader.validation import validated_rubric

        with TerminalProgress(Console(stderr=True, highlight=False)) as progress:
            outcome = validated_rubric(run_options(**{**choices, "rubric": lab}), progress)
        score = outcome.result.score
        for shortfall in outcome.shortfalls:
            click.echo(shortfall)
        reached = f"{score.awarded:g} of {score.decided:g} decided points"
        left = f"; {score.awaiting:g} of {score.points:g} are left to a person" if score.awaiting else ""
        click.echo(f"{outcome.rubric.name}: the solution gets {reached}{left}")
    sys.exit(1 if outcome.shortfalls else 0)


rubric.add_command(new)
rubric.add_command(test)


def _rubric(lab: str) -> Rubric:
    from grader.assets import rubrics_folder
    from grader.reading.choice import chosen_rubric

    return chosen_rubric(lab, [rubrics_folder()])


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _plain(*texts: str) -> list[str]:
    from rich.markup import escape

    return [escape(text) for text in texts]
