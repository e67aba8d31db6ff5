"""What the terminal shows: progress, a result's scores, and how a command ends.

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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from grader.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from grader.pipeline import CheckResult

_QUIET_SECONDS = 5.0
"""Between two plain lines about cells and epochs; each stage has a line of its own at once."""

# Progress


class TerminalProgress:
    """Shows the stage, the cell, the current training with its epoch, and the time that is left of it.

    On a terminal it is one live line, elsewhere plain lines.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
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


# Ends


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


# A result

_WIDEST_ID, _NARROWEST_TITLE, _WIDEST_TITLE = 24, 12, 56
"""Characters of a question's id, and of its title on a narrow and on a wide terminal."""
_OTHER_COLUMNS = 26
"""Characters of a line that shape, points and the gaps between columns take."""


def print_result(console: Any, checked: CheckResult) -> None:
    """Print a graded submission: a line per question, the points, what was shortened, and where the report lies."""
    from rich.markup import escape
    from rich.table import Table

    from grader.facts.status import STATUSES

    result = checked.result
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("Question", no_wrap=True, max_width=_WIDEST_ID)
    longest = max((len(question.id) for question in result.questions), default=0)
    title_width = console.width - min(max(longest, len("Question")), _WIDEST_ID) - _OTHER_COLUMNS
    table.add_column("", no_wrap=True, max_width=max(_NARROWEST_TITLE, min(title_width, _WIDEST_TITLE)))
    table.add_column("Points", justify="right", no_wrap=True)
    for question in result.questions:
        open_points = sum(verdict.points for verdict in question.verdicts if not verdict.decided)
        shown = STATUSES[question.status]
        points = f"{question.awarded:g} / {question.points:g}"
        if open_points:
            points = f"{open_points:g} open" if open_points == question.points else f"{points}, {open_points:g} open"
        table.add_row(f"[{shown.colour}]{shown.sign}[/]", escape(question.id), escape(question.title), points)
    score = result.score
    console.print()
    console.print(f"[bold]{escape(result.submission)}[/bold]  {escape(checked.rubric.title)}", soft_wrap=True)
    console.print(f"[dim]{escape(terminal_line(checked.rubric_reason))}[/dim]", soft_wrap=True)
    console.print(table)
    awaiting = f"; {score.awaiting:g} of {score.points:g} await the teacher" if score.awaiting else ""
    console.print(f"[bold]{score.awarded:g}[/bold] of {score.decided:g} decided points{awaiting}")
    if result.observations:
        console.print(f"{len(result.observations)} observations for the teacher, worth no points")
    console.print(_effort_line(checked), style="dim", soft_wrap=True)
    if checked.files.note:
        console.print(escape(checked.files.note), style="yellow", soft_wrap=True)
    console.print(str(checked.files.pdf or checked.files.html), markup=False, soft_wrap=True)


def _effort_line(checked: CheckResult) -> str:
    result = checked.result
    words = "a tenth of the training rows" if result.effort == "quick" else "all training rows"
    data = "; ".join(f"{value}" for name, value in result.environment.items() if name.startswith("data"))
    trained = f"{checked.trained} trainings run, {checked.shared} taken from the store"
    return ". ".join(part for part in (f"Effort {result.effort}: {words}", trained, data) if part)
