"""`labgrade rubric test`: which mistakes a rubric catches."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from grader.commands.choices import run_choices, run_options
from grader.commands.endings import one_line_errors

if TYPE_CHECKING:
    from grader.mutation.findings import Finding
    from grader.mutation.testing import Tested

_SHAPES = {"caught": "●", "observed": "◐", "hole": "○", "same": "–", "stopped": "–", "unsure": "✕"}
_STYLES = {"hole": "bold red", "observed": "yellow", "unsure": "yellow", "same": "dim", "stopped": "dim"}


@click.command("test")
@click.argument("lab", metavar="NAME|FOLDER")
@run_choices
@click.option("--only", metavar="QUESTION", multiple=True, help="Mistakes of this question alone; may be repeated.")
@click.option("--first", type=click.IntRange(1), metavar="N", help="The first N mistakes alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON and nothing else.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def test(
    lab: str, only: tuple[str, ...], first: int | None, as_json: bool, verbose: bool, **choices: Any
) -> None:
    """Change a lab's solution in the ways students get it wrong, and show which criterion catches each mistake.

    Exit code 1: there are mistakes that nothing catches, holes in the rubric; 0: there are none.
    """
    from rich.console import Console

    from grader.display import TerminalProgress

    errors = Console(stderr=True, highlight=False, quiet=as_json)
    with one_line_errors(choices["cache"], verbose):
        from grader.mutation.testing import rubric_test

        chosen = {**choices, "rubric": lab, "effort": choices["effort"] or "quick", "fresh": False}
        with TerminalProgress(errors) as progress:
            tested = rubric_test(run_options(**chosen), progress, only, first)
    if as_json:
        click.echo(json.dumps([finding.model_dump(mode="json") for finding in tested.findings], indent=2))
    else:
        _show(Console(highlight=False), tested)
    sys.exit(1 if tested.holes else 0)


def _show(console: Any, tested: Tested) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for title in ("Question", "Mistake", "Caught by"):
        table.add_column(title, overflow="fold")
    table.add_column("Points", justify="right", no_wrap=True)
    for finding in tested.findings:
        mistake = f"{escape(finding.kind)}\n[dim]{escape(finding.says)}[/dim]"
        lost = f"-{finding.lost:g}" if finding.lost else ""
        shape = _SHAPES[finding.standing]
        row = (shape, str(finding.number), escape(finding.question), mistake, escape(_catcher(finding)), lost)
        table.add_row(*row, style=_STYLES.get(finding.standing, ""))
    console.print(table)
    console.print(_summary(tested), soft_wrap=True)


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


def _summary(tested: Tested) -> str:
    from collections import Counter

    standings = Counter(finding.standing for finding in tested.findings)
    counted = sum(standings[name] for name in ("caught", "observed", "hole", "unsure"))
    parts = [f"{standings['caught']} of {counted} mistakes are caught"]
    parts += [f"{standings['observed']} seen only as observations"] if standings["observed"] else []
    parts += [f"{standings['unsure']} could not be checked"] if standings["unsure"] else []
    parts.append(f"{standings['hole']} holes" if standings["hole"] != 1 else "1 hole")
    left = f"; {tested.left_out} were not tried" if tested.left_out else ""
    return f"{tested.rubric.name}: {', '.join(parts)}{left}"
