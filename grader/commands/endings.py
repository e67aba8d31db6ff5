"""How a command ends: well, by a user's mistake, or by our own fault."""

from __future__ import annotations

import logging
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from grader.errors import UserError


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
