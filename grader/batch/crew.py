"""What a batch needs of those who do its stages, be they processes here or workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from grader.batch.job import Done, Job, Stage


@dataclass(eq=False)
class Worker:
    """One that does a stage at a time, and what it does now."""

    number: int
    task: tuple[Stage, Job] | None = None
    began: float = 0.0
    doing: str = "Starting"


class Crew(Protocol):
    """The workers of a batch."""

    size: int
    """At most so many."""

    @property
    def workers(self) -> list[Any]:
        """Those there are now, each a `Worker`."""

    def prepare(self) -> None:
        """There will be work: begin what takes its time, and don't wait for it."""

    def grow(self, wanted: int) -> None:
        """Have up to `wanted` workers, as far as `size` and the machine allow."""

    def idle(self) -> list[Any]:
        """Workers without a task, in order."""

    def give(self, worker: Any, stage: Stage, job: Job) -> None:
        """Have `worker` do `stage` of `job`."""

    def events(self, seconds: float) -> Iterator[tuple[Any, Done | None]]:
        """What happens within `seconds`: (worker, what it finished), or (worker, None) when it has died."""

    def drop(self, worker: Any) -> None:
        """Forget a worker, and end it if it has not ended."""

    def look(self) -> None:
        """Measure, now and then, what the workers take."""
