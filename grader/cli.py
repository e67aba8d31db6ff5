"""The command line: arguments in, a table out. The only place that prints or exits.

Everything heavy is imported inside a command, so that `labgrade --help` answers at once.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from grader import __version__
from grader.errors import UserError

if TYPE_CHECKING:
    from grader.pipeline import Checked

_SHAPES = {"passed": "●", "partial": "◐", "failed": "○", "review": "◇", "errored": "✕", "skipped": "–"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="labgrade")
def main() -> None:
    """Grade deep-learning labs: notebooks and scripts in, a PDF report out."""


@main.command()
@click.argument("submission", type=click.Path(path_type=Path))
@click.option("--rubric", metavar="NAME|FOLDER", help="The lab's rubric. Default: found by itself.")
@click.option(
    "--effort",
    type=click.Choice(["quick", "full"]),
    help="quick trains on a tenth of the rows; full on all. Default: full on a GPU, else quick.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports"), show_default=True)
@click.option("--data", type=click.Path(path_type=Path), envvar="LABGRADE_DATA", help="Folder with mnist.npz and kin.")
@click.option("--cache", type=click.Path(path_type=Path), envvar="LABGRADE_CACHE", help="Folder for finished work.")
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Threads of a training.")
@click.option("--wall", type=click.FloatRange(min=1), metavar="SECONDS", help="Limit for the student's own code.")
@click.option("--memory", type=click.FloatRange(min=0.5), metavar="GIB", help="Memory limit for the student's code.")
@click.option("--unconfined", is_flag=True, help="Run student code WITHOUT confinement. For code that you trust.")
@click.option("--fresh", is_flag=True, help="Run the code again even if nothing has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON and nothing else.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def check(submission: Path, as_json: bool, verbose: bool, **choices: Any) -> None:
    """Grade one SUBMISSION (a file or a folder) and write its report."""
    from rich.console import Console

    from grader.display import TerminalProgress

    _log(verbose)
    signal.signal(signal.SIGTERM, _interrupt)
    errors = Console(stderr=True, highlight=False)
    if choices["unconfined"]:
        errors.print("[bold]The submission's code runs WITHOUT confinement: it can do what you can do.[/bold]")
    try:
        from grader.pipeline import check as run

        with TerminalProgress(errors if not as_json else Console(stderr=True, quiet=True)) as progress:
            checked = run(submission, _options(**choices), progress)
    except UserError as error:
        _stop(str(error))
    except KeyboardInterrupt:
        _stop("interrupted; run the same command again to go on, finished trainings are kept")
    except Exception as error:  # our own fault, whatever it is: the traceback goes to the log, a line to the teacher
        _stop(f"failed by its own fault ({type(error).__name__}: {error}); {_logged(choices['cache'])}", code=1)
    if as_json:
        click.echo(checked.result.model_dump_json(indent=2))
        return
    _print_result(Console(highlight=False), checked)


def _options(
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


def _print_result(console: Any, checked: Checked) -> None:
    from rich.markup import escape
    from rich.table import Table

    result = checked.result
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("Question")
    table.add_column("", overflow="ellipsis", no_wrap=True, max_width=56)
    table.add_column("Points", justify="right", no_wrap=True)
    for question in result.questions:
        open_points = sum(verdict.points for verdict in question.verdicts if not verdict.decided)
        points = f"{question.awarded:g} / {question.points:g}"
        if open_points:
            points = f"{open_points:g} open" if open_points == question.points else f"{points}, {open_points:g} open"
        table.add_row(_SHAPES[question.status], escape(question.id), escape(question.title), points)
    score = result.score
    console.print()
    console.print(f"[bold]{escape(result.submission)}[/bold]  {escape(checked.rubric.title)}", soft_wrap=True)
    console.print(f"[dim]{escape(checked.rubric_reason)}[/dim]", soft_wrap=True)
    console.print(table)
    awaiting = f"; {score.awaiting:g} of {score.points:g} await the teacher" if score.awaiting else ""
    console.print(f"[bold]{score.awarded:g}[/bold] of {score.decided:g} decided points{awaiting}")
    if result.observations:
        console.print(f"{len(result.observations)} observations for the teacher, worth no points")
    console.print(_effort_line(checked), style="dim", soft_wrap=True)
    if checked.files.note:
        console.print(escape(checked.files.note), style="yellow", soft_wrap=True)
    console.print(str(checked.files.pdf or checked.files.html), soft_wrap=True)


def _effort_line(checked: Checked) -> str:
    result = checked.result
    words = "a tenth of the training rows" if result.effort == "quick" else "all training rows"
    data = "; ".join(f"{value}" for name, value in result.environment.items() if name.startswith("data"))
    trained = f"{checked.trained} trainings run, {checked.shared} taken from the store"
    return ". ".join(part for part in (f"Effort {result.effort}: {words}", trained, data) if part)


def _logged(cache: Path | None) -> str:
    """Where the traceback of the exception in hand was written, as the end of a sentence."""
    from grader.options import default_cache

    place = (cache or default_cache()) / "labgrade.log"
    logging.exception("labgrade failed")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a") as file:
            file.write(f"{datetime.now().isoformat(timespec='seconds')}\n{traceback.format_exc()}\n")
    except OSError:
        return "run again with --verbose for the traceback"
    return f"the traceback is in {place}"


def _log(verbose: bool) -> None:
    level = logging.DEBUG if verbose else logging.CRITICAL
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    for name in ("matplotlib", "fontTools", "weasyprint", "asyncio", "PIL", "filelock"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING) if verbose else logging.CRITICAL)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _stop(message: str, code: int = 2) -> NoReturn:
    click.echo(f"labgrade: {' '.join(message.split())}", err=True)
    sys.stdout.flush()
    sys.exit(code)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
