"""`labgrade export`: grades for a learning platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.commands.command_line import one_line_errors, stop
from grader.errors import UserError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem
    from rich.console import Console

    from grader.exports.platform import Export, Platform

_SHOWN = 30
"""Names in one line of the terminal; `left-out.csv` has all of them."""


class PlatformName(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click alone
    """The platforms that there are: known only when the command runs, as finding them loads what they need."""

    name = "platform"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """`[canvas|moodle|...]`."""
        return f"[{'|'.join(_platforms())}]"

    def convert(self, value: str | Platform, param: click.Parameter | None, ctx: click.Context | None) -> Platform:
        """The platform called `value`."""
        known = _platforms()
        if isinstance(value, str) and value.lower() not in known:
            self.fail(f"{value!r} is not one of {', '.join(known)}.", param, ctx)
        return known[value.lower()] if isinstance(value, str) else value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names that begin with what was typed."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in _platforms() if name.startswith(incomplete.lower())]


def _platforms() -> dict[str, Platform]:
    from grader.exports.platform import platforms

    try:
        return platforms()
    except UserError as error:  # a package that brings an export and cannot be loaded
        stop(str(error))


@click.command()
@click.argument("reports", type=click.Path(path_type=Path), default=Path("reports"))
@click.option("--to", "platform", type=PlatformName(), required=True, help="For which platform.")
@click.option("--sheet", type=click.Path(path_type=Path), help="The platform's own exported gradebook or worksheet.")
@click.option("--item", metavar="TITLE", help="The assignment, where the sheet has several.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to. Default: export in REPORTS.")
@click.option("--scale", is_flag=True, help="Convert to the points that the platform has for the assignment.")
@click.option("--provisional", is_flag=True, help="Grades of which a part awaits a person, too, with that part as 0.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def export(
    reports: Path,
    platform: Platform,
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
        folder = out or reports / "export"
        from grader.exports.platform import export_class, write_export

        made = export_class(reports, platform, sheet, item, scale, provisional)
        for path in write_export(made, folder):
            console.print(str(path), markup=False, soft_wrap=True)
        print_left_out(console, made, folder)


def print_left_out(console: Console, export: Export, folder: Path) -> None:
    """Say who is in none of the files and why."""
    told = (
        (export.unmatched, "not found on the platform's list, or more than once"),
        (export.absent, "on the platform's list without a submission"),
        (export.blank, "left without a grade: a person has to mark first, or it could not be graded"),
        (export.provisional, "exported although a part still awaits a person and counts 0"),
        (export.notes, "to be looked at"),
    )
    for names, what in told:
        if names:
            shown = "; ".join(names[:_SHOWN]) + (f"; and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
            console.print(f"{len(names)} {what}: {shown}", style="yellow", markup=False, soft_wrap=True)
    if any((export.unmatched, export.absent, export.blank, export.provisional)):
        console.print(f"All of them are listed in {folder / 'left-out.csv'}", markup=False, soft_wrap=True)
