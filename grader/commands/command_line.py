"""What all commands share: the options of a run, what the terminal shows while it works, and how a command ends.

This room is the only one that prints or exits. A command ends well, by a user's mistake (exit code 2, one line that
says what to do), or by labgrade's own fault (exit code 1, the traceback in the log).

What draws on the terminal is imported where it is used, here and in all of this room: `labgrade --help` loads every
command, and has to answer at once.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from grader.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status as LiveLine

    from grader.facts.status import Status

_QUIET_SECONDS = 5.0
"""Between two plain lines about cells and epochs; each stage has a line of its own at once."""
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
    from grader.options import Options

    if unconfined and provider != "auto":
        raise UserError(f"--unconfined and --provider {provider} exclude each other; leave one of them out")
    if data is not None and not data.is_dir():
        raise UserError(f"{data}: no such folder; --data (or LABGRADE_DATA) wants a folder with mnist.npz")
    return Options(
        rubric=rubric,
        effort=effort,
        out=out,
        data=data,
        cache=cache_folder(cache),
        provider="unconfined" if unconfined else provider,
        limits=limit_choices(wall, memory, limits),
        budget=budget_choices(budget),
        threads=threads,
        fresh=fresh,
        saved_only=saved_only,
    )


def cache_folder(chosen: Path | None) -> Path:
    """The folder for finished work: the `chosen` one, else the user's."""
    from grader.options import default_cache

    return chosen or default_cache()


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


class TerminalProgress:
    """Shows the stage, the cell, the current training with its epoch, and the time that is left of it.

    On a terminal it is one live line, elsewhere plain lines.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: LiveLine | None = None
        self._stage = ""
        self._cell = ""
        self._training = ""
        self._training_started = 0.0
        self._stage_started = time.monotonic()
        self._last_line = 0.0

    def __enter__(self) -> TerminalProgress:
        if self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def stage(self, name: str) -> None:
        """A stage begins: the one before it is kept as a line with its time."""
        from rich.markup import escape

        now = time.monotonic()
        if self._status is not None and self._stage and now - self._stage_started > 1.0:
            self._console.print(f"[dim]{escape(self._stage)} ({now - self._stage_started:.0f} s)[/dim]")
        self._stage, self._stage_started, self._cell, self._training = name, now, "", ""
        self._show(name, plain=True)

    def cell(self, number: int, of: int) -> None:
        """A cell begins to run."""
        self._cell, self._training = f"code cell {number} of {of}", ""
        self._show(f"{self._stage}: {self._cell}", plain=False)

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """An epoch is done."""
        name = f"{label}/{epochs}"
        now = time.monotonic()
        if self._training != name or epoch <= 1:
            self._training, self._training_started = name, now
        left = ""
        if epoch > 1 and epochs > epoch:
            left = f", {(now - self._training_started) / (epoch - 1) * (epochs - epoch):.0f} s left"
        place = f" ({self._cell})" if self._cell else ""
        self._show(f"{self._stage}{place}: training {label}, epoch {epoch} of {epochs}{left}", plain=False)

    def _show(self, text: str, plain: bool) -> None:
        from rich.markup import escape

        if self._status is not None:
            self._status.update(escape(text))
            return
        now = time.monotonic()
        if plain or now - self._last_line > _QUIET_SECONDS:
            self._console.print(escape(text), soft_wrap=True)
            self._last_line = now


@contextmanager
def one_line_errors(cache: Path | None, verbose: bool = False) -> Iterator[None]:
    """Whatever goes wrong inside becomes one line and an exit code: 2 for a user's mistake, 1 for our own fault."""
    show_log(verbose)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except UserError as error:
        stop(str(error))
    except KeyboardInterrupt:
        stop("interrupted; run the same command again to go on, finished trainings are kept")
    except Exception as error:  # our own fault, whatever it is: the traceback goes to the log, a line to the teacher
        stop(f"failed by its own fault ({type(error).__name__}: {error}); {_logged(cache)}", code=1)


def show_log(verbose: bool) -> None:
    """Send the log to the terminal when `verbose`, else silence it."""
    level = logging.DEBUG if verbose else logging.CRITICAL
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    for name in ("matplotlib", "fontTools", "weasyprint", "asyncio", "PIL", "filelock"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING) if verbose else logging.CRITICAL)


def sign(status: Status, coloured: bool = False) -> str:
    """The sign of a status, as reports show it; `coloured` as `rich` takes it."""
    from grader.facts.status import STATUSES

    shown = STATUSES[status]
    return f"[{shown.colour}]{shown.sign}[/]" if coloured else shown.sign


def terminal_line(text: str) -> str:
    """`text` in one line. Names of files stand in messages, and a terminal obeys the control characters in them."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


def stop(message: str, code: int = 2) -> NoReturn:
    """Say `message` in one line and leave with `code`."""
    click.echo(f"labgrade: {terminal_line(message)}", err=True)
    sys.stdout.flush()
    sys.exit(code)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _logged(cache: Path | None) -> str:
    """Where the traceback of the exception in hand was written, as the end of a sentence."""
    place = cache_folder(cache) / "labgrade.log"
    logging.exception("labgrade failed")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a") as file:
            file.write(f"{datetime.now().isoformat(timespec='seconds')}\n{traceback.format_exc()}\n")
    except OSError:
        return "run again with --verbose for the traceback"
    return f"the traceback is in {place}"
