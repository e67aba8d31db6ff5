"""A worker: a process that does stages of jobs, one after another, and tells what it does."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from grader.batch.stages import do_stage
from grader.options import Options
from grader.session import session_factory

_EVERY_SECONDS = 0.5
"""Between two things told: the terminal is not drawn more often."""


class _Teller:
    """Progress that goes to the batch, not more often than a person can read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last = 0.0

    def stage(self, name: str) -> None:
        """A stage begins: always told."""
        self._tell(name, always=True)

    def cell(self, number: int, of: int) -> None:
        """A cell begins to run."""
        self._tell(f"Code cell {number} of {of}")

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """An epoch is done."""
        self._tell(f"Training {label}, epoch {epoch} of {epochs}")

    def _tell(self, text: str, always: bool = False) -> None:
        now = time.monotonic()
        if always or now - self._last > _EVERY_SECONDS:
            self._last = now
            self._connection.send(("stage", text))


def serve(connection: Connection, options: Options, session: str) -> None:
    """Do what comes over `connection` until it ends; ends itself as soon as the batch is gone.

    `session` names what makes the session: `grader.session.session_factory`.
    """
    # Ctrl-C goes to all processes of the terminal: the batch alone answers it, and ends its workers. A handler, not
    # SIG_IGN: students' processes would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    threading.Thread(target=_end_with_the_batch, daemon=True).start()
    _log_to(options.cache / "labgrade.log")
    teller = _Teller(connection)
    with session_factory(session)(options, teller) as opened:
        connection.send(("ready", os.getpid()))
        while True:
            try:
                stage, job = connection.recv()
            except (EOFError, OSError):
                return
            connection.send(("done", do_stage(stage, job, opened, teller)))


def _end_with_the_batch() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _log_to(path: Path) -> None:
    """Failures of labgrade's own go to the log file; the terminal is the batch's."""
    root = logging.getLogger()
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(logging.ERROR)
