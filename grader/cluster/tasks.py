"""The tasks of a cluster, done by its workers: a stage of one submission's job, and a training.

Stages record here and train where the cluster says: what has to be trained becomes a task of its own, under its content
key, so that the cluster trains it once. A warm server ends with the thread that started it, so that nothing outlives a
killed process. Dask's own threads come and go; what starts servers therefore runs in a thread that lives as long as its
process, and one thing at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from distributed import Client, KilledWorker, Worker, get_client, get_worker, secede

from grader.batch.job import Done, Job, Stage
from grader.batch.worker import do_stage
from grader.errors import TrainerError
from grader.options import Options
from grader.recorder.recording_store import code_digest
from grader.records import Array, BudgetChoices, Silence
from grader.session import Session, session_factory
from grader.training.budget import Budget
from grader.training.service import EpochProgress
from grader.training.spec import DataPool, TrainingResult, TrainingSpec

TOPIC = "labgrade"
"""Under which workers tell what they do."""

_STAGES = ThreadPoolExecutor(1, "labgrade-stages")
_TRAININGS = ThreadPoolExecutor(1, "labgrade-trainings")


@dataclass(frozen=True)
class ClusterSite:
    """Where a session of a cluster's worker has its trainings carried out: `grader.session.TrainingSite`."""

    client: Client
    options: Options
    device: str
    """What the trainings run on."""
    gpus: bool
    """Whether trainings want a worker with the resource `GPU`."""

    def compute(
        self,
        spec: TrainingSpec,
        start: Sequence[Array],
        test_dataset: str,
        progress: Callable[[EpochProgress], None],
        rows_at_once: int,
        budget: Budget,
        pool: DataPool,
    ) -> TrainingResult:
        """Train as a task called after the training's key: two workers that ask at once get one answer."""
        arrays = {digest: pool.get(digest) for digest in spec.data.given()}
        if any(array is None for array in arrays.values()):
            raise TrainerError("data of a training were no longer at hand")
        # Each array lies once in the cluster, under its own digest, and goes to the trainer without the scheduler.
        named = {f"labgrade-data-{digest}": array for digest, array in arrays.items()}
        scattered = self.client.scatter(named, direct=True)
        future = self.client.submit(
            train,
            self.options,
            spec,
            list(start),
            test_dataset,
            rows_at_once,
            budget,
            list(arrays),
            list(scattered.values()),
            key=f"labgrade-training-{spec.key}",
            resources={"GPU": 1} if self.gpus else None,
            pure=True,
        )
        try:
            result: TrainingResult = future.result()
        except KilledWorker as error:
            raise TrainerError("the workers of the cluster that trained it died") from error
        return result


class _Teller:
    """Progress that goes to whoever listens to the scheduler's events."""

    def __init__(self) -> None:
        self.name = ""
        self.worker: Worker | None = None

    def stage(self, name: str) -> None:
        """A stage begins."""
        if self.worker is not None:
            self.worker.log_event(TOPIC, {"name": self.name, "doing": name})

    def cell(self, number: int, of: int) -> None:
        """A cell begins to run."""
        self.stage(f"Code cell {number} of {of}")

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """Epochs of a cluster's trainings are not told."""


_TELLER = _Teller()


class _OpenSession:
    """At most one open session for each kind of task in this process: another one closes it."""

    def __init__(self) -> None:
        self._key: object = None
        self._session: Session | None = None

    def get(self, key: object, make: Callable[[], Session]) -> Session:
        """The session of `key`, made now unless it is open."""
        if self._session is None or self._key != key:
            if self._session is not None:
                self._session.__exit__(None, None, None)
                self._session = None
            self._session, self._key = make(), key
        return self._session


_STAGE_SESSION = _OpenSession()
_TRAINING_SESSION = _OpenSession()


def run_stage(stage: Stage, job: Job, device: str, gpus: bool) -> Done:
    """The task of one stage of `job`; what came of it. `device` and `gpus` say what the cluster trains on."""
    site = ClusterSite(get_client(), job.options, device, gpus)
    work = _STAGES.submit(_run_stage, stage, job, site, get_worker())
    # A stage waits for trainings, which are tasks, too: it must not keep its place among the running ones.
    secede()
    return work.result()


def _run_stage(stage: Stage, job: Job, site: ClusterSite, worker: Worker) -> Done:
    _TELLER.name, _TELLER.worker = job.entry.name, worker
    factory = session_factory(job.session)
    session = _STAGE_SESSION.get((job.session, site), lambda: factory(job.options, _TELLER, site))
    return do_stage(stage, job, session, _TELLER)


def train(
    options: Options,
    spec: TrainingSpec,
    start: Sequence[Array],
    test_dataset: str,
    rows_at_once: int,
    budget: Budget,
    digests: Sequence[str],
    arrays: Sequence[Array],
) -> TrainingResult:
    """The task of one training, done by any worker that may train: the result of `spec`.

    `arrays` are its data, in the order of `digests`. Errors are those of the service.
    """

    def work() -> TrainingResult:
        service = _training_session(options).service
        for array in arrays:
            service.pool.add(array)
        return service.compute(spec, start, test_dataset, lambda _: None, rows_at_once, budget)

    assert len(digests) == len(arrays)
    return _TRAININGS.submit(work).result()


def find_device(options: Options) -> str:
    """What trainings run on at the worker that does this task."""
    return _TRAININGS.submit(lambda: _training_session(options).device).result()


def _training_session(options: Options) -> Session:
    """One for all labs: what a training may cost comes with it."""
    options = replace(options, fresh=False, budget=BudgetChoices())
    return _TRAINING_SESSION.get(options, lambda: Session(options, Silence()))


def labgrade_code() -> str:
    """Digest of the labgrade that is installed here."""
    return code_digest((".",))
