"""`labgrade export`: grades for a learning platform."""

from __future__ import annotations

from pathlib import Path

import click

from grader.commands.endings import one_line_errors

PLATFORMS = ("gradescope", "canvas", "moodle", "brightspace", "csv")


@click.command()
@click.argument("reports", type=click.Path(path_type=Path), default=Path("reports"))
@click.option("--to", "platform", type=click.Choice(PLATFORMS), required=True, help="For which platform.")
@click.option("--sheet", type=click.Path(path_type=Path), help="The platform's own exported gradebook or worksheet.")
@click.option("--item", metavar="TITLE", help="The assignment, where the sheet has several.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to. Default: export in REPORTS.")
@click.option("--scale", is_flag=True, help="Convert to the points that the platform has for the assignment.")
@click.option("--provisional", is_flag=True, help="Grades of which a part awaits a person, too, with that part as 0.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def export(
    reports: Path,
    platform: str,
    sheet: Path | None,
    item: str | None,
    out: Path | None,
    scale: bool,
    provisional: bool,
    verbose: bool,
) -> None:
    """Write the grades of REPORTS in the form that a platform takes; name every student who could not be matched."""
    from rich.console import Console

    console = Console(highlight=False)
    with one_line_errors(None, verbose):
        from grader.commands.classes.exporting import exported, print_export

        folder = out or reports / "export"
        print_export(console, exported(reports, platform, sheet, item, scale, provisional), folder)
