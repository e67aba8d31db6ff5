"""The options that every command which runs code offers, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Collection
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
    click.option("--wall", metavar="TIME", help="How long the student's own code may run: 900, 90s, 15min."),
    click.option("--memory", metavar="SIZE", help="Memory for the student's code: 4GB, 512MiB; a bare number is GiB."),
    click.option(
        "--limit",
        "limits",
        metavar="NAME=VALUE",
        multiple=True,
        help="Any limit of docs/sandbox.md, such as processes=100 or scratch=2GB; stands above the rubric's.",
    ),
    click.option(
        "--budget",
        metavar="NAME=VALUE",
        multiple=True,
        help="What a training may cost (docs/training.md), such as time=10min or memory=4GB; above the rubric's.",
    ),
    click.option(
        "--provider",
        type=click.Choice(["auto", "namespaces", "landlock", "container"]),
        default="auto",
        show_default=True,
        help="What confines the student's code; see `labgrade doctor`.",
    ),
    click.option("--unconfined", is_flag=True, help="Run student code WITHOUT confinement. For code that you trust."),
    click.option("--fresh", is_flag=True, help="Run the code again even if nothing has changed."),
    click.option("--saved-only", is_flag=True, help="Judge by the saved outputs alone: student code is not run."),
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
    wall: str | None,
    memory: str | None,
    limits: tuple[str, ...],
    budget: tuple[str, ...],
    provider: Any,
    unconfined: bool,
    fresh: bool,
    saved_only: bool,
) -> Any:
    """The chosen `grader.options.Options`. Raises `UserError`."""
    from grader.options import Options, default_cache

    if unconfined and provider != "auto":
        raise UserError(f"--unconfined and --provider {provider} exclude each other; leave one of them out")
    if data is not None and not data.is_dir():
        raise UserError(f"{data}: no such folder; --data (or LABGRADE_DATA) wants a folder with mnist.npz")
    return Options(
        rubric=rubric,
        effort=effort,
        out=out,
        data=data,
        cache=cache or default_cache(),
        provider="unconfined" if unconfined else provider,
        limits=limit_choices(wall, memory, limits),
        budget=budget_choices(budget),
        threads=threads,
        fresh=fresh,
        saved_only=saved_only,
    )


def limit_choices(wall: str | None = None, memory: str | None = None, named: tuple[str, ...] = ()) -> Any:
    """The `grader.records.limits.LimitChoices` of the command line. Raises `UserError` with the nearest name."""
    from grader.records import LimitChoices

    chosen = _named("--limit", named, LimitChoices.model_fields, "memory=4GB")
    if wall is not None:
        chosen["wall"] = wall
    if memory is not None:
        chosen["memory"] = f"{memory}GiB" if memory.replace(".", "", 1).isdecimal() else memory
    return _validated(LimitChoices, chosen, "--limit", own=("wall", "memory"))


def budget_choices(named: tuple[str, ...] = ()) -> Any:
    """The `grader.records.limits.BudgetChoices` of the command line. Raises `UserError` with the nearest name."""
    from grader.records import BudgetChoices

    chosen = _named("--budget", named, BudgetChoices.model_fields, "time=10min")
    return _validated(BudgetChoices, chosen, "--budget")


def _named(option: str, named: tuple[str, ...], known: Collection[str], example: str) -> dict[str, str]:
    """The NAME=VALUE pairs of `option`, each name one of `known`. Raises `UserError`, which shows the `example`."""
    from grader.formats.yaml_lines import suggestion

    chosen: dict[str, str] = {}
    for choice in named:
        name, equals, value = choice.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise UserError(f"{option} {choice}: write it as NAME=VALUE, such as {option} {example}")
        if name not in known:
            raise UserError(f"{option} {choice}: unknown limit '{name}'.{suggestion(name, known)}")
        chosen[name] = value
    return chosen


def _validated(kind: Any, chosen: dict[str, str], option: str, own: tuple[str, ...] = ()) -> Any:
    """`chosen` as a record of `kind`; `own` are names that have an option of their own. Raises `UserError`."""
    from pydantic import ValidationError

    try:
        return kind.model_validate(chosen)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = str(problem["loc"][0])
        written = f"--{name}" if name in own else f"{option} {name}"
        message = problem["msg"].removeprefix("Value error, ")
        raise UserError(f"{written} {chosen[name]}: {message}") from None
