"""How long the rest will take, from the stages measured so far."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from statistics import fmean

from grader.batch.job import Stage

_REMEMBERED = 12


class Estimate:
    """Seconds of the last stages of each kind."""

    def __init__(self) -> None:
        self._seconds: dict[Stage, deque[float]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))

    def add(self, stage: Stage, seconds: float) -> None:
        """A stage took so long."""
        self._seconds[stage].append(seconds)

    def left(self, waiting: Mapping[Stage, int], running: Mapping[Stage, float], workers: int) -> float | None:
        """Seconds until everything is done; `None` while a kind of stage that waits has not been measured.

        `waiting` counts stages that have not begun; `running` holds, of those that have, the seconds already spent.
        """
        total = 0.0
        for stage, count in waiting.items():
            if count and not self._seconds[stage]:
                return None
            total += count * fmean(self._seconds[stage]) if count else 0.0
        for stage, spent in running.items():
            if self._seconds[stage]:
                total += max(0.0, fmean(self._seconds[stage]) - spent)
        return total / max(1, workers)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `2 h 05 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
