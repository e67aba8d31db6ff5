"""A workshop on a worker of a cluster: what has to be trained becomes a task of the cluster, under its content key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from distributed import Client, KilledWorker

from grader.cluster.trainings import trained
from grader.errors import TrainerError
from grader.options import Options
from grader.records.limits import BudgetChoices
from grader.training.pool import Array
from grader.training.service import EpochProgress, TrainingService
from grader.training.spec import Runtime, TrainingSpec
from grader.training.store import TrainingResult, TrainingStore
from grader.workshop import Workshop

WORKSHOP = "grader.cluster.workshop:ClusterWorkshop"


@dataclass
class Place:
    """What a process knows of the cluster that it is part of."""

    client: Client | None = None
    device: str = "cpu"
    """What the trainings run on."""
    gpus: bool = False
    """Trainings want a worker with the resource `GPU`."""


HERE = Place()


class ClusterTrainingService(TrainingService):
    """Answers from the store; what is not there is trained by the cluster, once at a time for each key."""

    options: Options

    def compute(
        self,
        spec: TrainingSpec,
        start: Sequence[Array],
        test_dataset: str,
        progress: Callable[[EpochProgress], None],
        rows_at_once: int,
    ) -> TrainingResult:
        """As a task called after the training's key: two workers that ask at once get one answer."""
        client = HERE.client
        if client is None:
            return super().compute(spec, start, test_dataset, progress, rows_at_once)
        arrays = {digest: self.pool.get(digest) for digest in spec.data.given()}
        if any(array is None for array in arrays.values()):
            raise TrainerError("data of a training were no longer at hand")
        # each array lies once in the cluster, under its own digest, and goes to the trainer without the scheduler
        scattered = client.scatter({f"labgrade-data-{digest}": array for digest, array in arrays.items()}, direct=True)
        future = client.submit(
            trained,
            replace(self.options, budget=BudgetChoices(memory=self.budget.memory_bytes)),
            spec,
            list(start),
            test_dataset,
            rows_at_once,
            self.limit_seconds,
            list(arrays),
            list(scattered.values()),
            key=f"labgrade-training-{spec.key}",
            resources={"GPU": 1} if HERE.gpus else None,
            pure=True,
        )
        try:
            result: TrainingResult = future.result()
        except KilledWorker as error:
            raise TrainerError("the workers of the cluster that trained it died") from error
        return result


class ClusterWorkshop(Workshop):
    """Records here; trains where the cluster says."""

    def _training_service(self, store: TrainingStore, runtime: Runtime) -> TrainingService:
        service = ClusterTrainingService(store, self._start_trainer, self._pool, runtime)
        service.options = self.options
        return service

    def _detected_device(self) -> str:
        return HERE.device if HERE.client is not None else super()._detected_device()
