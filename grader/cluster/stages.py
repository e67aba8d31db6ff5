"""The task of one stage of a submission's job, done by a worker of the cluster."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from distributed import Worker, get_client, get_worker, secede

from grader.batch.job import Done, Job, Stage
from grader.batch.stages import stage_done
from grader.cluster.threads import STAGES
from grader.cluster.workshop import HERE
from grader.recorder.store import code_digest
from grader.workshop import Workshop

TOPIC = "labgrade"
"""Under which workers tell what they do."""

_OPEN: dict[Any, Workshop] = {}
"""At most one: the workshop of this process for stages."""


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


def done_stage(stage: Stage, job: Job, device: str, gpus: bool) -> Done:
    """Do one stage of `job`; what came of it. `device` and `gpus` say what the cluster trains on."""
    worker = get_worker()
    HERE.client, HERE.device, HERE.gpus = get_client(), device, gpus
    work = STAGES.submit(_done, stage, job, worker)
    # a stage waits for trainings, which are tasks, too: it must not keep its place among the running ones
    secede()
    return work.result()


def labgrade_code() -> str:
    """Digest of the labgrade that is installed here."""
    return code_digest((".",))


def _done(stage: Stage, job: Job, worker: Worker) -> Done:
    _TELLER.name, _TELLER.worker = job.entry.name, worker
    return stage_done(stage, job, _workshop(job), _TELLER)


def _workshop(job: Job) -> Workshop:
    key = (job.options, job.workshop, HERE.device)
    if key not in _OPEN:
        for shop in _OPEN.values():
            shop.__exit__(None, None, None)
        _OPEN.clear()
        module, _, kind = job.workshop.partition(":")
        _OPEN[key] = getattr(import_module(module), kind)(job.options, _TELLER)
    return _OPEN[key]
