"""A training as a task of the cluster: one task for equal keys, its data sent once, its failures told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster

from grader.cluster import tasks
from grader.errors import TrainerError
from grader.options import Options
from grader.records import History
from grader.training.budget import Budget
from grader.training.service import TrainingRefusedError, TrainingService
from grader.training.spec import DataDigests, DataPool, Runtime, TrainingResult, TrainingSpec, TrainingStore

SLOW = 7
"""Seed of a training that is still on its way when somebody else asks for it too."""
CALLS: list[tuple[str, tuple[float, ...]]] = []
BUDGETS: list[Budget] = []


def fictional_training(
    options: Options,
    spec: TrainingSpec,
    start: Sequence[Any],
    test_dataset: str,
    rows_at_once: int,
    budget: Budget,
    digests: Sequence[str],
    arrays: Sequence[Any],
) -> TrainingResult:
    """Takes a moment, and remembers what it was given."""
    CALLS.append((spec.key, tuple(float(array.sum()) for array in arrays)))
    BUDGETS.append(budget)
    time.sleep(2.0 if spec.seed == SLOW else 0.1)
    if spec.seed == 13:
        raise TrainingRefusedError("units must be positive")
    return TrainingResult(History(metrics={"loss": (0.5,)}), (np.ones(3, np.float32),))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Two workers in this process, so that what they do can be watched."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    CALLS.clear()
    BUDGETS.clear()
    monkeypatch.setattr(tasks, "train", fictional_training)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as made,
    ):
        yield made


def service(folder: Path, pool: DataPool, client: Client) -> TrainingService:
    def nobody(memory_bytes: int) -> Any:
        raise AssertionError("no trainer is started where the cluster trains")

    site = tasks.ClusterSite(client, Options(), "cpu", gpus=False)
    return TrainingService(TrainingStore(folder), nobody, pool, Runtime("cpu", 2, ()), compute=site.compute)


def spec_of(pool: DataPool, seed: int = 0) -> TrainingSpec:
    x, y = pool.add(np.full((4, 2), 2.0, np.float32)), pool.add(np.arange(4))
    return TrainingSpec({"layers": []}, {}, {"epochs": 1}, DataDigests(x, y), "quick", Runtime("cpu", 2, ()), seed=seed)


def test_two_workers_with_stores_of_their_own_train_once(tmp_path: Path, client: Client) -> None:
    """Asked at the same time, the cluster trains once, on the data themselves, and both keep the answer."""
    pool = DataPool()
    spec = spec_of(pool, seed=SLOW)
    services = [service(tmp_path / name, pool, client) for name in ("one", "two")]
    answers: list[TrainingResult] = []
    threads = [threading.Thread(target=lambda one=one: answers.append(one.train(spec))) for one in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert [(spec.key, (16.0, 6.0))] == CALLS
    assert [answer.history.metrics["loss"] for answer in answers] == [(0.5,), (0.5,)]
    assert all(one.has(spec) for one in services)


def test_what_is_in_the_store_is_no_task(tmp_path: Path, client: Client) -> None:
    """The second time nothing is asked of the cluster."""
    pool = DataPool()
    first = service(tmp_path, pool, client)
    first.train(spec_of(pool))
    again = service(tmp_path, pool, client)
    again.train(spec_of(pool))
    assert len(CALLS) == 1
    assert (first.trained, again.shared) == (1, 1)


def test_a_model_that_keras_refuses_is_told_as_such(tmp_path: Path, client: Client) -> None:
    """The cause comes back from the worker as the error it was."""
    pool = DataPool()
    with pytest.raises(TrainingRefusedError, match="units must be positive"):
        service(tmp_path, pool, client).train(spec_of(pool, seed=13))


def test_lost_data_are_labgrades_own_fault(tmp_path: Path, client: Client) -> None:
    """Data that are no longer at hand cost the group nothing."""
    spec = spec_of(DataPool())
    with pytest.raises(TrainerError):
        service(tmp_path, DataPool(), client).train(spec)


def test_what_a_training_may_cost_goes_with_it(tmp_path: Path, client: Client) -> None:
    """Limits of a lab travel with each training: the worker that trains it knows of no lab."""
    pool = DataPool()
    strict = Budget(seconds=7.0, memory_bytes=1 << 30)
    service(tmp_path, pool, client).train(spec_of(pool), budget=strict)
    assert [strict] == BUDGETS
