"""Progress on the terminal: a live line where there is one, plain lines where there is not."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.status import Status

_QUIET_SECONDS = 5.0


class TerminalProgress:
    """Shows the stage, the cell, the current training with its epoch, and the time that is left of it."""

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
        if self._status is not None:
            self._status.update(escape(text))
            return
        now = time.monotonic()
        if plain or now - self._last_line > _QUIET_SECONDS:
            self._console.print(escape(text), soft_wrap=True)
            self._last_line = now
