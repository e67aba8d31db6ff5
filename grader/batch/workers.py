"""The workers of a batch: what it needs of them, and those that are processes of this machine.

Processes are started, fed, replaced when they die, and never more than the memory bears.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.forkserver import ensure_running
from typing import Protocol, TypeVar

import psutil

from grader.batch.job import Done, Job, Stage
from grader.options import Options

FIRST_GUESS = 2 << 30
"""Bytes that a worker is taken to need until one has been measured: warm image, trainer and a student's process."""
_SPARED = 1 << 30
"""Bytes left to everything else on the machine."""
_LOOK_SECONDS = 5.0
"""Between two measurements: each reads /proc of all processes, and memory grows over minutes."""


@dataclass(eq=False)
class Worker:
    """One that does a stage at a time, and what it does now."""

    number: int
    task: tuple[Stage, Job] | None = None
    began: float = 0.0
    doing: str = "Starting"


W = TypeVar("W", bound=Worker)
"""The kind of worker: a process here, or one of a cluster."""


class Workers(Protocol[W]):
    """The workers of a batch: what it needs of those that do its stages."""

    size: int
    """At most so many."""

    @property
    def present(self) -> list[W]:
        """Those there are now."""

    def prepare(self) -> None:
        """There will be work: begin what takes its time, and don't wait for it."""

    def grow(self, wanted: int) -> None:
        """Have up to `wanted` workers, as far as `size` and the machine allow."""

    def idle(self) -> list[W]:
        """Workers without a task, in order."""

    def give(self, worker: W, stage: Stage, job: Job) -> None:
        """Have `worker` do `stage` of `job`."""

    def events(self, seconds: float) -> Iterator[tuple[W, Done | None]]:
        """What happens within `seconds`: (worker, what it finished), or (worker, None) when it has died."""

    def drop(self, worker: W) -> None:
        """Forget a worker, and end it if it has not ended."""

    def look(self) -> None:
        """Measure, now and then, what the workers take."""


@dataclass(eq=False, kw_only=True)
class ProcessWorker(Worker):
    """One process."""

    process: ForkServerProcess
    connection: Connection
    """Takes stages and jobs, gives what the worker does and what came of it."""
    peak: int = 0
    """Most bytes seen of it and all its processes together."""


class ProcessWorkers:
    """Up to `size` workers. A context manager: none of them outlives the `with`."""

    def __init__(self, size: int, options: Options, session: str) -> None:
        """`session` names what makes a worker's session: `grader.session.session_factory`."""
        self.size = size
        self._options = options
        self._session = session
        self._context: ForkServerContext = get_context("forkserver")
        self._context.set_forkserver_preload(["grader.batch.worker"])
        self.present: list[ProcessWorker] = []
        self._looked = 0.0
        self.need = 0
        """Most bytes seen of one worker."""

    def __enter__(self) -> ProcessWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.present:
            worker.process.kill()
            worker.connection.close()
        for worker in self.present:
            worker.process.join(10)
        self.present.clear()

    def prepare(self) -> None:
        """Begin to load what all workers need: it takes about as long as to see what there is to do."""
        with _without_current_folder():
            ensure_running()

    def grow(self, wanted: int) -> None:
        """Start workers while there is work for them and memory to bear them; at least one."""
        while len(self.present) < min(self.size, wanted) and (not self.present or self._bears_another()):
            number = min(set(range(1, self.size + 1)) - {worker.number for worker in self.present})
            ours, theirs = self._context.Pipe()
            process = self._context.Process(
                target=_serve, args=(theirs, self._options, self._session), name=f"labgrade-{number}", daemon=False
            )
            with _without_current_folder():
                process.start()
            theirs.close()
            self.present.append(ProcessWorker(number, process=process, connection=ours))

    def idle(self) -> list[ProcessWorker]:
        """Workers without a task, in order."""
        return [worker for worker in self.present if worker.task is None]

    def give(self, worker: ProcessWorker, stage: Stage, job: Job) -> None:
        """Have `worker` do `stage` of `job`."""
        worker.task, worker.began, worker.doing = (stage, job), time.monotonic(), "Reading"
        try:
            worker.connection.send((stage, job))
        except OSError:
            worker.doing = "Gone"  # its end is seen at the next wait

    def events(self, seconds: float) -> Iterator[tuple[ProcessWorker, Done | None]]:
        """What happens within `seconds`: (worker, what it finished), or (worker, None) when it has died."""
        waited = {worker.connection: worker for worker in self.present}
        for ready in wait(list(waited), timeout=seconds):
            assert isinstance(ready, Connection)
            worker = waited[ready]
            try:
                kind, content = worker.connection.recv()
            except (EOFError, OSError):
                yield worker, None
                continue
            if kind == "stage":
                worker.doing = content
            elif kind == "done":
                yield worker, content

    def drop(self, worker: ProcessWorker) -> None:
        """Forget a worker, and end it if it has not ended."""
        worker.process.kill()
        worker.process.join(10)
        worker.connection.close()
        self.present.remove(worker)

    def look(self) -> None:
        """Measure, now and then, what the workers take."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        for worker in self.present:
            worker.peak = max(worker.peak, _bytes_of(worker.process.pid or 0))
            self.need = max(self.need, worker.peak)

    def _bears_another(self) -> bool:
        """Whether the machine has memory for one more, and for what those at work may still grow to."""
        need = self.need or FIRST_GUESS
        growth = sum(max(0, need - worker.peak) for worker in self.present)
        free: int = psutil.virtual_memory().available
        return free - growth - need > _SPARED


@contextmanager
def _without_current_folder() -> Iterator[None]:
    """Python's server of processes looks for modules in the current folder first, which may be that of the hand-ins:
    nothing of theirs may be imported, whatever it is called."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _serve(connection: Connection, options: Options, session: str) -> None:
    from grader.batch.worker import serve

    serve(connection, options, session)


def _bytes_of(pid: int) -> int:
    """Proportional memory of a process and all below it: pages that several share count once."""
    total = 0
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    for process in family:
        try:
            full = process.memory_full_info()
            total += int(getattr(full, "pss", 0) or full.rss)
        except (psutil.Error, OSError):
            continue
    return total
