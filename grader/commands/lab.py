"""`labgrade rubric` and `labgrade reference`: labs listed, shown, drafted, validated, tested; a lab's answer key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.commands.command_line import TerminalProgress, one_line_errors, run_choices, run_options, sign

if TYPE_CHECKING:
    from grader.authoring.rubric_test import Finding, RubricTest
    from grader.facts.status import Status
    from grader.records import Rubric

_SHAPES: dict[str, Status] = {
    "caught": "passed",
    "observed": "partial",
    "hole": "failed",
    "same": "absent",
    "stopped": "absent",
    "unsure": "errored",
}
"""How a mutant stands -> the status whose sign stands before it."""
_STYLES = {"hole": "bold red", "observed": "yellow", "unsure": "yellow", "same": "dim", "stopped": "dim"}


@click.group()
def rubric() -> None:
    """List, show, validate and test the rubrics of labs, and start new ones."""


@rubric.command("list")
def list_() -> None:
    """The labs that labgrade knows, with their points and questions."""
    from rich.table import Table

    with one_line_errors(None):
        from grader.assets import rubrics_folder
        from grader.submissions.rubric_file import load_rubric, rubrics

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


def _rubric(lab: str) -> Rubric:
    from grader.assets import rubrics_folder
    from grader.submissions.rubric_choice import choose_rubric

    return choose_rubric(lab, [rubrics_folder()])


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _plain(*texts: str) -> list[str]:
    from rich.markup import escape

    return [escape(text) for text in texts]


@rubric.command()
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

    with one_line_errors(choices["cache"], verbose):
        from grader.authoring.draft import draft_rubric

        with TerminalProgress(Console(stderr=True, highlight=False)) as progress:
            draft = draft_rubric(folder, source, run_options(**{**choices, "rubric": None}), progress)
    rubric = draft.rubric
    for question in rubric.questions:
        kinds = ", ".join(criterion.kind for criterion in question.criteria)
        click.echo(f"{question.id}  {question.title}: {kinds}")
    for remark in draft.remarks:
        click.echo(f"! {remark}")
    click.echo(f"{folder / 'rubric.yaml'}: {len(rubric.questions)} questions, {rubric.points:g} points; edit it, then:")
    click.echo(f"  labgrade rubric validate {folder}\n  labgrade rubric test {folder}")


@rubric.command()
@click.argument("lab", metavar="NAME|FOLDER")
@run_choices
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def validate(lab: str, verbose: bool, **choices: Any) -> None:
    """Run a lab's solution against its own rubric: it has to get full marks for all that labgrade decides.

    Exit code 1 names each shortfall; 2: the rubric, solution.py or cases.py cannot be used.
    """
    from rich.console import Console

    with one_line_errors(choices["cache"], verbose):
        from grader.authoring.solutions import validate_rubric

        with TerminalProgress(Console(stderr=True, highlight=False)) as progress:
            outcome = validate_rubric(run_options(**{**choices, "rubric": lab}), progress)
        score = outcome.result.score
        for shortfall in outcome.shortfalls:
            click.echo(shortfall)
        reached = f"{score.awarded:g} of {score.decided:g} decided points"
        left = f"; {score.awaiting:g} of {score.points:g} are left to a person" if score.awaiting else ""
        click.echo(f"{outcome.rubric.name}: the solution gets {reached}{left}")
    sys.exit(1 if outcome.shortfalls else 0)


@rubric.command("test")
@click.argument("lab", metavar="NAME|FOLDER")
@run_choices
@click.option("--only", metavar="QUESTION", multiple=True, help="Mistakes of this question alone; may be repeated.")
@click.option("--first", type=click.IntRange(1), metavar="N", help="The first N mistakes alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON and nothing else.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def test(lab: str, only: tuple[str, ...], first: int | None, as_json: bool, verbose: bool, **choices: Any) -> None:
    """Change a lab's solution in the ways students get it wrong, and show which criterion catches each mistake.

    Exit code 1: there are mistakes that nothing catches, holes in the rubric; 0: there are none.
    """
    from rich.console import Console

    console = Console(highlight=False, quiet=as_json)
    with one_line_errors(choices["cache"], verbose):
        from grader.authoring.rubric_test import rubric_test

        chosen = {**choices, "rubric": lab, "effort": choices["effort"] or "quick", "fresh": False}
        with TerminalProgress(Console(stderr=True, highlight=False, quiet=as_json)) as progress:
            tested = rubric_test(run_options(**chosen), progress, only, first, lambda found: _show(console, found))
    if as_json:
        click.echo(json.dumps([finding.model_dump(mode="json") for finding in tested.findings], indent=2))
    console.print(_summary(tested), soft_wrap=True)
    sys.exit(1 if tested.holes else 0)


def _show(console: Any, finding: Finding) -> None:
    """One mistake, as soon as it is graded: what it is, and under it who caught it."""
    from rich.markup import escape

    style = _STYLES.get(finding.standing, "")
    lost = f", -{finding.lost:g}" if finding.standing == "caught" and finding.lost else ""
    shape = sign(_SHAPES[finding.standing])
    head = f"{shape} {finding.number:>3}  {escape(finding.question or '–')}  {escape(finding.kind)}"
    console.print(f"{head}  [dim]{escape(finding.says)}[/dim]", soft_wrap=True, style=style)
    console.print(f"       → {escape(_catcher(finding))}{lost}", soft_wrap=True, style=style)


def _catcher(finding: Finding) -> str:
    seen = f"observation {', '.join(finding.observations)}"
    if finding.standing == "caught":
        caught = [
            f"{catch.question} {catch.criterion}{' (a person)' if catch.status == 'review' else ''}"
            for catch in finding.catches[:3]
        ]
        more = len(finding.catches) - len(caught)
        return ", ".join(caught) + (f" and {more} more" if more else "")
    if finding.standing == "observed":
        return f"seen only as an {seen}"
    return {
        "hole": "nothing catches this: a hole in the rubric",
        "same": "no difference: not counted",
        "stopped": f"the changed code stops ({finding.error.partition(':')[0]}): not counted",
        "unsure": "could not be checked",
    }[finding.standing]


def _summary(tested: RubricTest) -> str:
    from collections import Counter

    standings = Counter(finding.standing for finding in tested.findings)
    counted = sum(standings[name] for name in ("caught", "observed", "hole", "unsure"))
    parts = [f"{standings['caught']} of {counted} mistakes are caught"]
    parts += [f"{standings['observed']} seen only as observations"] if standings["observed"] else []
    parts += [f"{standings['unsure']} could not be checked"] if standings["unsure"] else []
    parts.append(f"{standings['hole']} holes" if standings["hole"] != 1 else "1 hole")
    left = f"; {tested.left_out} were not tried" if tested.left_out else ""
    return f"{tested.rubric.name}: {', '.join(parts)}{left}"


@click.command()
@click.argument("lab", metavar="NAME|FOLDER")
@run_choices
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def reference(lab: str, verbose: bool, **choices: Any) -> None:
    """Train the reference models of a lab and write its answer key, reference.pdf."""
    from rich.console import Console

    with one_line_errors(choices["cache"], verbose):
        from grader.authoring.solutions import answer_key

        with TerminalProgress(Console(stderr=True, highlight=False)) as progress:
            files = answer_key(run_options(**{**choices, "rubric": lab}), progress)
        if files.note:
            click.echo(files.note, err=True)
        click.echo(files.pdf or files.html)
