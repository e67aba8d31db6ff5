"""`labgrade doctor` and `labgrade data`: what this machine has to grade with, what is missing, and how to mend it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.commands.command_line import cache_folder, one_line_errors, sign
from grader.errors import UserError

if TYPE_CHECKING:
    from grader.datasets.dataset import Dataset
    from grader.facts.status import Status
    from grader.health import Examination, Finding

_LIKE: dict[str, Status] = {"works": "passed", "limited": "partial", "missing": "failed"}
"""How a finding stands -> the status whose sign and colour it is shown with."""

_DATA = click.option(
    "--data", type=click.Path(path_type=Path), envvar="LABGRADE_DATA", help="Folder with data sets as npz files."
)


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

        if build_image:
            _build_image()
        with console.status("") as status:
            found = examination(data, cache_folder(cache), lambda text: status.update(f"{text} …"))
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        _show_findings(Console(highlight=False), found, verbose)
    sys.exit(0 if found.ready else 1)


def _build_image() -> None:
    from grader.sandbox.container.container_engine import build_image, find_engine

    engine = find_engine()
    if engine is None:
        raise UserError("--build-image: neither docker nor podman is installed; install Docker Desktop or podman")
    failed = engine.refusal() or build_image(engine)
    if failed:
        raise UserError(f"--build-image: {failed}")


def _show_findings(console: Any, found: Examination, every_layer: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

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
        table.add_row(sign(_LIKE[finding.status], coloured=True), escape(finding.name), _words(finding))
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


@click.group()
def data() -> None:
    """List the data sets that labs need, and add those that are missing."""


@data.command("list")
@_DATA
@click.option("--cache", type=click.Path(path_type=Path), envvar="LABGRADE_CACHE", help="Folder for finished work.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON and nothing else.")
def list_(data: Path | None, cache: Path | None, as_json: bool) -> None:
    """The data sets of the labs and all others at hand: where each was found, and what to do where it was not."""
    with one_line_errors(cache):
        rows = list(_dataset_rows(data, cache_folder(cache)))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    _show_datasets(rows)


@data.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="As rubrics call it. Default: by the file's name.")
@click.option("--target", "targets", metavar="COLUMN", multiple=True, help="Of a table: what is to be predicted.")
@click.option("--classes", is_flag=True, help="The target is a class, though it is written as a number.")
@_DATA
@click.option("--replace", is_flag=True, help="Replace another data set of that name.")
def add(
    path: Path, name: str | None, targets: tuple[str, ...], classes: bool, data: Path | None, replace: bool
) -> None:
    """Check the data set at PATH and keep it where every later run finds it.

    PATH is an npz file with Keras' arrays, a CIFAR archive (.tar.gz) or its folder, a folder of Keras' own cache, or a
    table (.csv) with a line of column names, of which --target names the one to predict.
    """
    with one_line_errors(None):
        from grader.datasets.adding import add_dataset
        from grader.datasets.array_files import own_folder

        added = add_dataset(path, name, data or own_folder(), replace, targets, classes)
    rows = f"{added.rows[0]:,} training and {added.rows[1]:,} test {added.noun}"
    checked = {True: ", checked: the real ones", False: ", NOT those of the real data set", None: ""}[added.real]
    click.echo(f"{added.path}: {'there already' if added.known else 'added'}, {rows}{checked}")


def _dataset_rows(folder: Path | None, cache: Path) -> Iterator[dict[str, Any]]:
    from grader.assets import rubrics_folder
    from grader.datasets.dataset import declarations
    from grader.datasets.sources import load_dataset, names_in_folders
    from grader.submissions.rubric_file import load_rubric, rubrics

    labs: dict[str, list[str]] = {}
    for place in rubrics([rubrics_folder()]):
        rubric = load_rubric(place)
        for name in rubric.datasets:
            labs.setdefault(name, []).append(rubric.name)
    for name in sorted({*labs, *declarations(), *names_in_folders(folder)}):
        row: dict[str, Any] = {"name": name, "labs": labs.get(name, []), "found": None, "mend": ""}
        try:
            found = load_dataset(name, folder, cache, download=False)
        except UserError as error:
            if name in labs:
                yield {**row, "mend": str(error)}
            continue
        if found.standin and name not in labs:
            continue
        advice = f"labgrade data add FILE --name {name}, or a network: then the first run downloads it"
        yield {**row, "found": _found(found), "mend": advice if found.standin else ""}


def _found(dataset: Dataset) -> dict[str, Any]:
    from grader.datasets.adding import is_real

    rows = len(dataset.x_train), len(dataset.x_test)
    return {
        "from": dataset.source.partition(": ")[2],
        "path": str(dataset.place) if dataset.place else "",
        "training": rows[0],
        "test": rows[1],
        "noun": dataset.noun,
        "shape": list(dataset.example),
        "classes": dataset.classes or None,
        "digest": dataset.digest,
        "standin": dataset.standin,
        "real": False if dataset.standin else is_real(dataset.name, dataset.digest, rows),
    }


def _show_datasets(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        found = row["found"]
        shape = sign("passed" if found and not found["standin"] else "partial" if found else "failed")
        labs = f"for {', '.join(row['labs'])}" if row["labs"] else "for no lab that is here"
        console.print(f"{shape} [bold]{escape(row['name'])}[/bold]  {escape(labs)}")
        if found:
            size = " x ".join(str(side) for side in found["shape"]) or "1"
            count = f"{found['training']:,} training and {found['test']:,} test {found['noun']} of {size}"
            real = ", the real ones" if found["real"] else ""
            console.print(f"    {count}{real}; {escape(found['from'])}")
            console.print(f"    [dim]{escape(found['path'])}  sha256 {found['digest'][:16]}…[/dim]")
        if row["mend"]:
            console.print(f"    [yellow]→[/yellow] {escape(row['mend'])}")
