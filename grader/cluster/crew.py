"""The workers of a cluster as the crew of a batch: one stage at a time each; one that is gone is replaced."""

from __future__ import annotations

import logging
import queue
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from distributed import Client, Future

from grader.batch.crew import Worker
from grader.batch.job import Done, Job, Stage
from grader.cluster.connecting import connected_client
from grader.cluster.stages import TOPIC, done_stage, labgrade_code
from grader.cluster.trainings import device
from grader.errors import UserError
from grader.options import Options

log = logging.getLogger(__name__)
_LOOK_SECONDS = 2.0


@dataclass(eq=False)
class ClusterWorker(Worker):
    """One worker process of the cluster."""

    address: str = ""
    future: Future | None = None


class ClusterCrew:
    """Up to `size` workers of the cluster that `choice` names. A context manager."""

    def __init__(self, choice: str, options: Options, size: int | None = None) -> None:
        self.size = size or 100_000
        self.workers: list[ClusterWorker] = []
        self._choice = choice
        self._options = options
        self._stack = ExitStack()
        self._finished: queue.SimpleQueue[tuple[ClusterWorker, Future]] = queue.SimpleQueue()
        self._present: dict[str, dict[str, float]] = {}
        self._looked = 0.0
        self._device, self._gpus = "cpu", False
        self._checked: set[str] = set()
        self._next = 0

    def __enter__(self) -> ClusterCrew:
        self._client: Client = self._stack.enter_context(connected_client(self._choice))
        try:
            self._look()
            self._client.subscribe_topic(TOPIC, self._told)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        waiting = [worker.future for worker in self.workers if worker.future is not None]
        if waiting:
            self._client.cancel(waiting)
        self.workers.clear()
        self._stack.close()

    def prepare(self) -> None:
        """The cluster's workers are there already, or its manager starts them."""

    def grow(self, wanted: int) -> None:
        """Take on workers that the cluster has, up to `wanted`."""
        self._look_now_and_then()
        known = {worker.address for worker in self.workers}
        for address in sorted(self._present):
            if len(self.workers) >= min(self.size, wanted):
                return
            if address not in known and self._does_stages(address):
                self._next += 1
                self.workers.append(ClusterWorker(self._next, doing="Waiting", address=address))

    def idle(self) -> list[ClusterWorker]:
        """Workers without a task, in order."""
        return [worker for worker in self.workers if worker.task is None]

    def give(self, worker: ClusterWorker, stage: Stage, job: Job) -> None:
        """Have `worker` do `stage` of `job`."""
        worker.task, worker.began, worker.doing = (stage, job), time.monotonic(), "Reading"
        worker.future = self._client.submit(
            done_stage,
            stage,
            job,
            self._device,
            self._gpus,
            key=f"labgrade-{stage}-{uuid.uuid4().hex}",
            workers=[worker.address],
            allow_other_workers=False,
            pure=False,
        )
        worker.future.add_done_callback(lambda future: self._finished.put((worker, future)))

    def events(self, seconds: float) -> Iterator[tuple[ClusterWorker, Done | None]]:
        """What happens within `seconds`: (worker, what it finished), or (worker, None) when it is gone."""
        first = True
        while True:
            try:
                worker, future = self._finished.get(timeout=seconds) if first else self._finished.get_nowait()
            except queue.Empty:
                break
            first = False
            if worker in self.workers and worker.future is future and worker.task is not None:
                worker.future = None
                yield worker, self._outcome(worker, future)
        self._look_now_and_then()
        for worker in [worker for worker in self.workers if worker.address not in self._present]:
            yield worker, None

    def drop(self, worker: ClusterWorker) -> None:
        """Forget a worker; what it was doing is not waited for."""
        if worker.future is not None:
            self._client.cancel([worker.future], force=True)
            worker.future = None
        self.workers.remove(worker)

    def look(self) -> None:
        """The cluster's manager measures its workers."""

    def _outcome(self, worker: ClusterWorker, future: Future) -> Done | None:
        if future.status == "finished":
            done: Done = future.result()
            return done
        if future.status == "cancelled":
            return None
        assert worker.task is not None
        error = future.exception()
        log.error("a stage failed on %s: %s", worker.address, error)
        if type(error).__name__ in ("KilledWorker", "CancelledError", "NoValidWorkerError"):
            return None
        return Done(worker.task[1].entry.name, "fault", f"{type(error).__name__} on a worker of the cluster: {error}")

    def _look_now_and_then(self) -> None:
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._look()

    def _look(self) -> None:
        """Who is there; newcomers must run the same labgrade, or their marks would not be the same."""
        self._present = self._client.run_on_scheduler(_present)
        fresh = sorted(set(self._present) - self._checked)
        if fresh:
            ours = labgrade_code()
            found: dict[str, Any] = self._client.run(labgrade_code, workers=fresh, on_error="return")
            for address, theirs in found.items():
                if isinstance(theirs, ModuleNotFoundError):
                    raise UserError(f"The cluster's worker {address} has no labgrade; install it there as it is here.")
                if isinstance(theirs, str) and theirs != ours:
                    raise UserError(
                        f"The cluster's worker {address} runs another labgrade than this one; install the same on both."
                    )
            self._checked |= set(fresh)
            self._find_device()
        self._looked = time.monotonic()

    def _find_device(self) -> None:
        """Trainings go to workers with the resource `GPU` where there are any."""
        trainers = sorted(address for address, resources in self._present.items() if resources.get("GPU"))
        if trainers and not self._gpus:
            self._device = self._client.submit(device, self._options, workers=trainers[:1], pure=False).result()
            self._gpus = True

    def _does_stages(self, address: str) -> bool:
        """Workers with a GPU train, unless there are no others."""
        others = any(not resources.get("GPU") for resources in self._present.values())
        return not others or not self._present[address].get("GPU")

    def _told(self, event: Any) -> None:
        """A worker says what it does."""
        content = event[1] if isinstance(event, tuple) else event
        for worker in self.workers:
            if worker.task is not None and worker.task[1].entry.name == content.get("name"):
                worker.doing = str(content.get("doing", ""))[:80]


def _present(dask_scheduler: Any = None) -> dict[str, dict[str, float]]:
    return {worker.address: dict(worker.resources) for worker in dask_scheduler.workers.values()}
