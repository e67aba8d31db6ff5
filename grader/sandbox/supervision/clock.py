"""Wall-clock time of a run, without the pauses in which the host works on its behalf."""

from __future__ import annotations

import time


class Clock:
    """Wall clock that can be stopped."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = time.monotonic()

    def pause(self) -> None:
        """Stop it; of no effect when it stands."""
        self._before, self._since = self.seconds(), None

    def resume(self) -> None:
        """Let it go on; of no effect when it runs."""
        self._since = time.monotonic() if self._since is None else self._since

    def restart(self) -> None:
        """Count from now, where it runs."""
        self._before, self._since = 0.0, None if self._since is None else time.monotonic()

    def seconds(self) -> float:
        """How long it has run."""
        return self._before + (0.0 if self._since is None else time.monotonic() - self._since)
