"""The trainer's process may die, hang or run out of memory: that costs one training at most."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.errors import TrainerError
from grader.training.arguments import canonical_compile, canonical_fit
from grader.training.budget.limits import Budget
from grader.training.canonical import canonical_model, plain
from grader.training.pool import DataPool
from grader.training.service import TrainingLimitError, TrainingRefusedError, TrainingService
from grader.training.spec import DataDigests, Runtime, TrainingSpec
from grader.training.store import TrainingStore

pytestmark = pytest.mark.slow

POOL = DataPool()
ROWS, LABELS = POOL.add(np.ones((600, 8), np.float32)), POOL.add(np.zeros((600, 3), np.float32))


def training(units: int = 3, epochs: int = 2, **fit: Any) -> TrainingSpec:
    layers = [plain("Dense", {"units": units}), plain("Dense", {"units": 3})]
    sgd = {"class_name": "SGD", "module": "keras.optimizers", "config": {"learning_rate": 0.01}}
    return TrainingSpec(
        architecture=canonical_model(plain("Sequential", {"layers": layers}), (8,)),
        compile=canonical_compile({"optimizer": sgd, "loss": "mse"}),
        fit=canonical_fit({"batch_size": 20, "initial_epoch": 0, "epochs": epochs} | fit),
        data=DataDigests(ROWS, LABELS),
        effort="full",
        runtime=Runtime("cpu", 2, ()),
    )


@pytest.fixture
def serving(bench: Any, tmp_path: Any) -> Callable[..., Any]:
    """A service with a store of its own, whose trainers are forked from the shared warm image."""

    @contextmanager
    def serve(budget: Budget | None = None, memory: int | None = None, grace: float = 60.0) -> Iterator[Any]:
        started: list[Any] = []

        def start() -> Any:
            started.append(bench.server.trainer({}, memory))
            return started[-1]

        service = TrainingService(TrainingStore(tmp_path), start, POOL, Runtime("cpu", 2, ()), budget, grace)
        yield service, started
        service.close()

    return serve


def killing(started: list[Any], times: int, how: signal.Signals) -> Callable[[Any], None]:
    """Kills the trainer at its first epoch, `times` times."""
    left = [times]

    def at_epoch(_: Any) -> None:
        if left[0]:
            left[0] -= 1
            signal.pidfd_send_signal(started[-1]._process, how)

    return at_epoch


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_killed_trainer_is_replaced_and_asked_again(serving: Any, how: signal.Signals) -> None:
    """Killed by the system, a fault or an abort in the middle of a training: the result is as if it had not been."""
    long = training(epochs=400)
    with serving() as (service, started):
        whole = service.train(long, progress=killing(started, 1, how))
        assert len(started) == 2
        assert whole.history.epochs == 400
        service.store.folder = service.store.folder / "other"
        again = service.train(long)
        assert again.history.metrics == whole.history.metrics
        assert all(np.array_equal(a, b) for a, b in zip(again.weights, whole.weights, strict=True))


def test_training_that_kills_twice_is_given_up(serving: Any) -> None:
    """After its second death that training is labgrade's failure; nothing is stored, and the next finds a trainer."""
    with serving() as (service, started):
        with pytest.raises(TrainerError, match="2 times"):
            service.train(training(epochs=400), progress=killing(started, 2, signal.SIGKILL))
        assert not service.has(training(epochs=400))
        assert service.train(training()).history.epochs == 2
        assert len(started) == 3
        assert [process.alive for process in started] == [False, False, True]


def test_wall_limit_ends_a_training(serving: Any) -> None:
    """One that takes too long is ended by the trainer itself, which goes on with the next."""
    with serving(Budget(seconds=0.3)) as (service, started):
        with pytest.raises(TrainingLimitError, match="limit of time"):
            service.train(training(epochs=2_000, batch_size=1))
        service.limit_seconds = 60.0
        assert service.train(training()).history.epochs == 2
        assert len(started) == 1


def test_hanging_trainer_is_killed(serving: Any) -> None:
    """A stopped process answers nothing: it is killed past the limit, and the next training gets a new one."""
    with serving(Budget(seconds=1.0), grace=0.5) as (service, started):
        with pytest.raises(TrainingLimitError, match="limit of 1 seconds"):
            service.train(training(epochs=400), progress=killing(started, 1, signal.SIGSTOP))
        assert not started[0].alive
        service.limit_seconds = 60.0
        assert service.train(training()).history.epochs == 2


def test_memory_hog_takes_nothing_along(serving: Any) -> None:
    """A model that outgrows the trainer's memory is refused or ends it; the host and the next training live on."""
    with serving(memory=200 << 20) as (service, _):
        with pytest.raises((TrainingLimitError, TrainerError)):
            service.train(training(units=3_000_000))
        assert service.train(training()).history.epochs == 2


def test_odd_arguments_cost_no_trainer(serving: Any) -> None:
    """What Keras makes of nonsense comes back as its message."""
    odd = [
        training(callbacks=[{"class_name": "EarlyStopping", "patience": "x", "monitor": "loss", "min_delta": 1e9}]),
        training(callbacks=[{"class_name": "ReduceLROnPlateau", "factor": 5.0}]),
        replace(training(), compile=training().compile | {"optimizer": {"class_name": "SGD", "config": {"lr": 1}}}),
    ]
    with serving() as (service, started):
        for spec in odd:
            with pytest.raises(TrainingRefusedError):
                service.train(spec)
        assert service.train(training()).history.epochs == 2
        assert len(started) == 1


def test_trainer_is_the_first_that_the_system_would_kill(serving: Any) -> None:
    """Where the machine's memory runs out, the trainer goes before labgrade."""
    with serving() as (service, started):
        service.train(training())
        about = Path(f"/proc/self/fdinfo/{started[0]._process}").read_text().splitlines()
        (pid,) = [line.split()[1] for line in about if line.startswith("Pid:")]
        assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) == 800
        assert pid != str(os.getpid())
