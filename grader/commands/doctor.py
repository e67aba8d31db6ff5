"""`labgrade doctor`: what works on this machine, what does not, and how to mend it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.commands.output import one_line_errors
from grader.errors import UserError

if TYPE_CHECKING:
    from grader.facts.status import Status
    from grader.health import Examination, Finding

_LIKE: dict[str, Status] = {"works": "passed", "limited": "partial", "missing": "failed"}
"""How a finding stands -> the status whose sign and colour it is shown with."""


@click.command()
@click.option("--data", type=click.Path(path_type=Path), envvar="LABGRADE_DATA", help="Folder with mnist.npz.")
@click.option("--cache", type=click.Path(path_type=Path), envvar="LABGRADE_CACHE", help="Folder for finished work.")
@click.option("--build-image", is_flag=True, help="Build the image for containers first (downloads some 2 GB).")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON and nothing else.")
@click.option("--verbose", is_flag=True, help="Show every layer of confinement, and log what labgrade does.")
def doctor(data: Path | None, cache: Path | None, build_image: bool, as_json: bool, verbose: bool) -> None:
    """Try what grading rests on: confinement, device, data sets, PDF.

    Each provider of confinement is tried with a program that attacks it. Leaves with 0 when a submission can be graded
    confined, else with 1.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False, quiet=as_json)
    with one_line_errors(cache, verbose):
        from grader.health import examination
        from grader.options import default_cache

        if build_image:
            _build_image()
        with console.status("") as status:
            found = examination(data, cache or default_cache(), lambda text: status.update(f"{text} …"))
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        _show(Console(highlight=False), found, verbose)
    sys.exit(0 if found.ready else 1)


def _build_image() -> None:
    from grader.sandbox.container.container_engine import build_image, find_engine

    engine = find_engine()
    if engine is None:
        raise UserError("--build-image: neither docker nor podman is installed; install Docker Desktop or podman")
    failed = engine.refusal() or build_image(engine)
    if failed:
        raise UserError(f"--build-image: {failed}")


def _show(console: Any, found: Examination, every_layer: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    from grader.facts.status import STATUSES

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    area = ""
    for finding in found.findings:
        if finding.area == "layers" and not (every_layer or finding.status != "works"):
            continue
        if finding.area not in (area, "layers"):
            area = finding.area
            table.add_row("", f"[bold]{area.capitalize()}[/bold]", "")
        shown = STATUSES[_LIKE[finding.status]]
        table.add_row(f"[{shown.colour}]{shown.sign}[/]", escape(finding.name), _words(finding))
    console.print(f"labgrade {found.labgrade} on {escape(found.platform)}", style="dim")
    console.print(table)
    console.print()
    if found.ready:
        console.print(f"[bold]Ready:[/bold] student code is confined by {found.confined_by}.")
    else:
        console.print("[bold]Not ready:[/bold] student code cannot be confined here, so nothing is graded.")


def _words(finding: Finding) -> str:
    from rich.markup import escape

    return "\n".join([escape(finding.says), *(f"[yellow]→[/yellow] {escape(text)}" for text in finding.mend)])
