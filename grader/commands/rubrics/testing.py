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

    console = Console(highlight=False, quiet=as_json)
    with one_line_errors(choices["cache"], verbose):
        from grader.mutation.testing import rubric_test

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
    head = f"{_SHAPES[finding.standing]} {finding.number:>3}  {escape(finding.question or '–')}  {escape(finding.kind)}"
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
