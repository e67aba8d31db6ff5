"""The workers' processes: started, fed, replaced when they die, never more than the memory bears."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from typing import Any

import psutil

from grader.batch.crew import Worker
from grader.batch.job import Done, Job, Stage
from grader.options import Options

FIRST_GUESS = 2 << 30
"""Bytes that a worker is taken to need until one has been measured: warm image, trainer and a student's process."""
_SPARED = 1 << 30
"""Bytes left to everything else on the machine."""
_LOOK_SECONDS = 5.0


def default_workers() -> int:
    """One per two usable cores, as each has a trainer and a student's process of its own; two where there are two."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min(2, cores), cores // 2)


@dataclass(eq=False)
class ProcessWorker(Worker):
    """One process."""

    process: Any = None
    channel: Any = None
    """A `multiprocessing` connection."""
    peak: int = 0
    """Most bytes seen of it and all its processes together."""


class Pool:
    """Up to `size` workers. A context manager: none of them outlives the `with`."""

    def __init__(self, size: int, options: Options, workshop: str) -> None:
        self.size = size
        self._options = options
        self._workshop = workshop
        self._context: ForkServerContext = get_context("forkserver")
        self._context.set_forkserver_preload(["grader.batch.worker"])
        self.workers: list[ProcessWorker] = []
        self._looked = 0.0
        self.need = 0
        """Most bytes seen of one worker."""

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.process.kill()
            worker.channel.close()
        for worker in self.workers:
            worker.process.join(10)
        self.workers.clear()

    def prepare(self) -> None:
        """Begin to load what all workers need: it takes about as long as to see what there is to do."""
        with _only_installed_code():
            ensure_running()

    def grow(self, wanted: int) -> None:
        """Start workers while there is work for them and memory to bear them; at least one."""
        while len(self.workers) < min(self.size, wanted) and (not self.workers or self._bears_another()):
            number = min(set(range(1, self.size + 1)) - {worker.number for worker in self.workers})
            ours, theirs = self._context.Pipe()
            process = self._context.Process(
                target=_served, args=(theirs, self._options, self._workshop), name=f"labgrade-{number}", daemon=False
            )
            with _only_installed_code():
                process.start()
            theirs.close()
            self.workers.append(ProcessWorker(number, process=process, channel=ours))

    def idle(self) -> list[ProcessWorker]:
        """Workers without a task, in order."""
        return [worker for worker in self.workers if worker.task is None]

    def give(self, worker: ProcessWorker, stage: Stage, job: Job) -> None:
        """Have `worker` do `stage` of `job`."""
        worker.task, worker.began, worker.doing = (stage, job), time.monotonic(), "Reading"
        try:
            worker.channel.send((stage, job))
        except OSError:
            worker.doing = "Gone"  # its end is seen at the next wait

    def events(self, seconds: float) -> Iterator[tuple[ProcessWorker, Done | None]]:
        """What happens within `seconds`: (worker, what it finished), or (worker, None) when it has died."""
        waited = {worker.channel: worker for worker in self.workers}
        for ready in connection.wait(list(waited), timeout=seconds):
            worker = waited[ready]
            try:
                kind, content = worker.channel.recv()
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
        worker.channel.close()
        self.workers.remove(worker)

    def look(self) -> None:
        """Measure, now and then, what the workers take."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        for worker in self.workers:
            worker.peak = max(worker.peak, _bytes_of(worker.process.pid))
            self.need = max(self.need, worker.peak)

    def _bears_another(self) -> bool:
        """Whether the machine has memory for one more, and for what those at work may still grow to."""
        need = self.need or FIRST_GUESS
        growth = sum(max(0, need - worker.peak) for worker in self.workers)
        free: int = psutil.virtual_memory().available
        return free - growth - need > _SPARED


@contextmanager
def _only_installed_code() -> Iterator[None]:
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


def _served(channel: Connection, options: Options, workshop: str) -> None:
    from grader.batch.worker import serve

    serve(channel, options, workshop)


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
