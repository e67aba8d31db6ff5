"""A worker: a process that does stages of jobs, one after another, and tells what it does."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from importlib import import_module
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from grader.batch.job import Job, Stage
from grader.batch.stages import stage_done
from grader.options import Options
from grader.workshop import Workshop

_EVERY_SECONDS = 0.5


class _Teller:
    """Progress that goes to the batch, not more often than a person can read."""

    def __init__(self, channel: Connection) -> None:
        self._channel = channel
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
            self._channel.send(("stage", text))


def serve(channel: Connection, options: Options, workshop: str) -> None:
    """Do what comes over `channel` until it ends; ends itself as soon as the batch is gone."""
    # Ctrl-C goes to all processes of the terminal: the batch alone answers it, and ends its workers. A handler, not
    # SIG_IGN: students' processes would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    threading.Thread(target=_ending_with_the_batch, daemon=True).start()
    _log_to(options.cache / "labgrade.log")
    teller = _Teller(channel)
    with _workshop(workshop)(options, teller) as shop:
        channel.send(("ready", os.getpid()))
        while True:
            try:
                stage, job = channel.recv()
            except (EOFError, OSError):
                return
            channel.send(("done", _answer(stage, job, shop, teller)))


def _answer(stage: Stage, job: Job, shop: Workshop, teller: _Teller) -> Any:
    return stage_done(stage, job, shop, teller)


def _workshop(name: str) -> type[Workshop]:
    module, _, kind = name.partition(":")
    found: type[Workshop] = getattr(import_module(module), kind)
    return found


def _ending_with_the_batch() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _log_to(path: Path) -> None:
    """Failures of labgrade's own go to the log file; the terminal is the batch's."""
    root = logging.getLogger()
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(logging.ERROR)
