"""The cluster that a teacher named, a scheduler's address or a file that says how to start one, and its workers.

For a batch they are workers like those of this machine: one stage at a time each; one that is gone is replaced.
"""

from __future__ import annotations

import logging
import queue
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from distributed import Client, Future, Scheduler
from distributed.deploy import Cluster
from pydantic import BaseModel, ConfigDict, JsonValue, PositiveInt, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from grader.batch.job import Done, Job, Stage
from grader.batch.workers import Worker
from grader.cluster.tasks import TOPIC, find_device, labgrade_code, run_stage
from grader.errors import UserError
from grader.options import Options

log = logging.getLogger(__name__)
_LOOK_SECONDS = 2.0
"""Between two questions to the scheduler who is there: a cluster's workers come and go within minutes."""
_CONNECT_SECONDS = 15
"""A scheduler answers within moments; a slip in its address should not keep a teacher waiting."""
_MOST_WORKERS = 100_000
"""As many as the cluster has."""


@dataclass(eq=False)
class ClusterWorker(Worker):
    """One worker process of the cluster."""

    address: str = ""
    future: Future | None = None


class ClusterWorkers:
    """Up to `size` workers of the cluster that `choice` names. A context manager."""

    def __init__(self, choice: str, options: Options, size: int | None = None) -> None:
        self.size = size or _MOST_WORKERS
        self.present: list[ClusterWorker] = []
        self._choice = choice
        self._options = options
        self._stack = ExitStack()
        self._finished: queue.SimpleQueue[tuple[ClusterWorker, Future]] = queue.SimpleQueue()
        self._known: dict[str, dict[str, float]] = {}
        self._looked = 0.0
        self._device, self._gpus = "cpu", False
        self._checked: set[str] = set()
        self._next = 0

    def __enter__(self) -> ClusterWorkers:
        self._client: Client = self._stack.enter_context(connect(self._choice))
        try:
            self._look()
            self._client.subscribe_topic(TOPIC, self._show)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        waiting = [worker.future for worker in self.present if worker.future is not None]
        if waiting:
            self._client.cancel(waiting)
        self.present.clear()
        self._stack.close()

    def prepare(self) -> None:
        """The cluster's workers are there already, or its manager starts them."""

    def grow(self, wanted: int) -> None:
        """Take on workers that the cluster has, up to `wanted`."""
        self._look_if_due()
        known = {worker.address for worker in self.present}
        for address in sorted(self._known):
            if len(self.present) >= min(self.size, wanted):
                return
            if address not in known and self._does_stages(address):
                self._next += 1
                self.present.append(ClusterWorker(self._next, doing="Waiting", address=address))

    def idle(self) -> list[ClusterWorker]:
        """Workers without a task, in order."""
        return [worker for worker in self.present if worker.task is None]

    def give(self, worker: ClusterWorker, stage: Stage, job: Job) -> None:
        """Have `worker` do `stage` of `job`."""
        worker.task, worker.began, worker.doing = (stage, job), time.monotonic(), "Reading"
        worker.future = self._client.submit(
            run_stage,
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
            if worker in self.present and worker.future is future and worker.task is not None:
                worker.future = None
                yield worker, self._outcome(worker, future)
        self._look_if_due()
        for worker in [worker for worker in self.present if worker.address not in self._known]:
            yield worker, None

    def drop(self, worker: ClusterWorker) -> None:
        """Forget a worker; what it was doing is not waited for."""
        if worker.future is not None:
            self._client.cancel([worker.future], force=True)
            worker.future = None
        self.present.remove(worker)

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

    def _look_if_due(self) -> None:
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._look()

    def _look(self) -> None:
        """Who is there; newcomers must run the same labgrade, or their marks would not be the same."""
        self._known = self._client.run_on_scheduler(_known_workers)
        fresh = sorted(set(self._known) - self._checked)
        if fresh:
            ours = labgrade_code()
            found: dict[str, object] = self._client.run(labgrade_code, workers=fresh, on_error="return")
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
        trainers = sorted(address for address, resources in self._known.items() if resources.get("GPU"))
        if trainers and not self._gpus:
            self._device = self._client.submit(find_device, self._options, workers=trainers[:1], pure=False).result()
            self._gpus = True

    def _does_stages(self, address: str) -> bool:
        """Workers with a GPU train, unless there are no others."""
        others = any(not resources.get("GPU") for resources in self._known.values())
        return not others or not self._known[address].get("GPU")

    def _show(self, event: tuple[float, dict[str, str]]) -> None:
        """A worker says what it does."""
        content = event[1]
        for worker in self.present:
            if worker.task is not None and worker.task[1].entry.name == content.get("name"):
                worker.doing = str(content.get("doing", ""))[:80]


def _known_workers(dask_scheduler: Scheduler | None = None) -> dict[str, dict[str, float]]:
    assert dask_scheduler is not None
    return {worker.address: dict(worker.resources) for worker in dask_scheduler.workers.values()}


class Adapt(BaseModel):
    """Between how many workers the cluster may scale by itself."""

    model_config = ConfigDict(extra="forbid")
    minimum: int = 0
    maximum: PositiveInt


class ClusterFile(BaseModel):
    """`cluster.yaml`: any class of Dask's own kind by its name, such as `dask_jobqueue.SLURMCluster`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    cluster: str
    """`package.module.Class`."""
    arguments: dict[str, JsonValue] = {}
    """What the class is called with."""
    workers: PositiveInt | None = None
    adapt: Adapt | None = None


@contextmanager
def connect(choice: str) -> Iterator[Client]:
    """A client of the scheduler at `choice`, or of a cluster that the YAML file `choice` describes.

    What was started here ends with it. Raises `UserError`.
    """
    if Path(choice).suffix in (".yaml", ".yml") or Path(choice).is_file():
        with _start(Path(choice)) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(choice, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"--cluster {choice}: no Dask scheduler answers there ({error or type(error).__name__}); give an address "
            "such as tcp://10.0.0.5:8786, or a YAML file (docs/cluster.md)."
        ) from error
    with client:
        yield client


def _start(path: Path) -> Cluster:
    """Start the cluster that the file describes."""
    wanted = read_cluster_file(path)
    module, _, name = wanted.cluster.rpartition(".")
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(
            f"{path}: there is no {wanted.cluster} here ({error}); install its package, or mend the name."
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, Cluster)):
        raise UserError(f"{path}: {wanted.cluster} is no Dask cluster.")
    try:
        cluster = kind(**wanted.arguments)
    except (TypeError, ValueError, RuntimeError, OSError) as error:
        cause = error.__cause__ or error
        raise UserError(f"{path}: {wanted.cluster} could not be started with these arguments: {cause}.") from error
    if wanted.adapt is not None:
        cluster.adapt(minimum=wanted.adapt.minimum, maximum=wanted.adapt.maximum)
    elif wanted.workers is not None:
        cluster.scale(wanted.workers)
    return cluster


def read_cluster_file(path: Path) -> ClusterFile:
    """What `path` asks for. Raises `UserError`."""
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return ClusterFile.model_validate(content)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from error
    except (YAMLError, UnicodeDecodeError, ValidationError) as error:
        told = error.errors()[0] if isinstance(error, ValidationError) else None
        reason = (
            f"{'.'.join(map(str, told['loc'])) or 'the file'}: {told['msg']}" if told else str(error).split("\n")[0]
        )
        raise UserError(f"{path}: {reason} (docs/cluster.md shows one).") from error
