"""The choices that every command which runs code offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from grader.errors import UserError

_Command = TypeVar("_Command", bound=Callable[..., Any])

_CHOICES = (
    click.option("--rubric", metavar="NAME|FOLDER", help="The lab's rubric. Default: found by itself."),
    click.option(
        "--effort",
        type=click.Choice(["quick", "full"]),
        help="quick trains on a tenth of the rows; full on all. Default: full on a GPU, else quick.",
    ),
    click.option("--out", type=click.Path(path_type=Path), default=Path("reports"), show_default=True),
    click.option("--data", type=click.Path(path_type=Path), envvar="LABGRADE_DATA", help="Folder with mnist.npz."),
    click.option("--cache", type=click.Path(path_type=Path), envvar="LABGRADE_CACHE", help="Folder for finished work."),
    click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Threads of a training."),
    click.option("--wall", type=click.FloatRange(min=1), metavar="SECONDS", help="Limit for the student's own code."),
    click.option("--memory", type=click.FloatRange(min=0.5), metavar="GIB", help="Memory for the student's code."),
    click.option("--unconfined", is_flag=True, help="Run student code WITHOUT confinement. For code that you trust."),
    click.option("--fresh", is_flag=True, help="Run the code again even if nothing has changed."),
)


def run_choices(command: _Command) -> _Command:
    """Give `command` the options of a run; it gets them by keyword, as `run_options` takes them."""
    for choice in reversed(_CHOICES):
        command = choice(command)
    return command


def run_options(
    rubric: str | None,
    effort: Any,
    out: Path,
    data: Path | None,
    cache: Path | None,
    threads: int,
    wall: float | None,
    memory: float | None,
    unconfined: bool,
    fresh: bool,
) -> Any:
    """The chosen `grader.options.Options`. Raises `UserError`."""
    from grader.options import Options, default_cache
    from grader.sandbox.contract import Limits

    chosen: dict[str, Any] = {}
    if wall is not None:
        chosen |= {"wall_seconds": wall, "cpu_seconds": max(1, round(wall * 4))}
    if memory is not None:
        chosen["memory_bytes"] = int(memory * (1 << 30))
    if data is not None and not data.is_dir():
        raise UserError(f"{data}: no such folder; --data (or LABGRADE_DATA) wants a folder with mnist.npz")
    return Options(
        rubric=rubric,
        effort=effort,
        out=out,
        data=data,
        cache=cache or default_cache(),
        provider="unconfined" if unconfined else "auto",
        limits=Limits(**chosen),
        threads=threads,
        fresh=fresh,
    )
