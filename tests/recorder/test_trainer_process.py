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
from grader.training.budget import Budget
from grader.training.keras.arguments import canonical_compile, canonical_fit
from grader.training.keras.canonical import canonical_model, plain
from grader.training.service import TrainingLimitError, TrainingRefusedError, TrainingService
from grader.training.spec import DataDigests, DataPool, Runtime, TrainingSpec, TrainingStore

pytestmark = [pytest.mark.slow, pytest.mark.long]

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
    def serve(budget: Budget | None = None, grace: float = 60.0) -> Iterator[Any]:
        started: list[Any] = []

        def start(memory_bytes: int) -> Any:
            started.append(bench.server.trainer({}, memory_bytes))
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
            service.train(training(epochs=2000), progress=killing(started, 2, signal.SIGKILL))
        assert not service.has(training(epochs=2000))
        assert service.train(training()).history.epochs == 2
        assert len(started) == 3
        assert [process.alive for process in started] == [False, False, True]


def test_wall_limit_ends_a_training(serving: Any) -> None:
    """One that takes too long is ended by the trainer itself, which goes on with the next."""
    with serving(Budget(seconds=0.3)) as (service, started):
        with pytest.raises(TrainingLimitError, match="limit of time"):
            service.train(training(epochs=2_000, batch_size=1))
        assert service.train(training(), budget=Budget(seconds=60.0)).history.epochs == 2
        assert len(started) == 1


def test_another_memory_limit_is_another_process(serving: Any) -> None:
    """A process gets its limit when it begins: a lab that allows more has a trainer of its own, once."""
    with serving() as (service, started):
        for units, budget in ((3, Budget()), (4, Budget(memory_bytes=4 << 30)), (5, Budget(memory_bytes=4 << 30))):
            assert service.train(training(units=units), budget=budget).history.epochs == 2
        assert [process.alive for process in started] == [False, True]


def test_hanging_trainer_is_killed(serving: Any) -> None:
    """A stopped process answers nothing: it is killed past the limit, and the next training gets a new one."""
    with serving(Budget(seconds=1.0), grace=0.5) as (service, started):
        with pytest.raises(TrainingLimitError, match="limit of 1 seconds"):
            service.train(training(epochs=400), progress=killing(started, 1, signal.SIGSTOP))
        assert not started[0].alive
        assert service.train(training(), budget=Budget(seconds=60.0)).history.epochs == 2


def test_memory_hog_takes_nothing_along(serving: Any) -> None:
    """A model that outgrows the trainer's memory is refused or ends it; the host and the next training live on."""
    with serving(Budget(memory_bytes=200 << 20)) as (service, _):
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


def test_numbers_are_scored_by_their_errors(serving: Any) -> None:
    """A small regression, trained and scored by the host: errors in the targets' unit, as the returned weights have
    them on the test rows, the compiled loss among them, and no accuracy. Scoring the same weights again agrees."""
    random = np.random.default_rng(0)
    x = random.random((400, 3), dtype=np.float32)
    y = (x @ np.array([2.0, -1.0, 0.5], np.float32) + 3)[:, None]
    names = [POOL.add(part) for part in (x[:300], y[:300], x[300:], y[300:, 0].astype(np.float64))]
    sgd = {"class_name": "SGD", "module": "keras.optimizers", "config": {"learning_rate": 0.1}}
    spec = replace(
        training(epochs=30),
        architecture=canonical_model(plain("Sequential", {"layers": [plain("Dense", {"units": 1})]}), (3,)),
        compile=canonical_compile({"optimizer": sgd, "loss": "mse", "metrics": ["mae"]}),
        data=DataDigests(names[0], names[1], test_x=names[2], test_y=names[3]),
    )
    with serving() as (service, _):
        result = service.train(spec, test_dataset="slopes")
        kernel, bias = result.weights
        errors = x[300:] @ kernel + bias - y[300:]
        assert result.test is not None
        assert (result.test.dataset, result.test.rows) == ("slopes", 100)
        assert result.test.metrics == pytest.approx(
            {"mae": abs(errors).mean(), "mse": (errors**2).mean(), "rmse": (errors**2).mean() ** 0.5}
            | {"loss": (errors**2).mean()},
            rel=1e-4,
        )
        assert result.test.metrics["mae"] < 0.1
        loss = spec.compile["loss"]
        again = service.score(spec.architecture, loss, (1,), result.weights, (names[2], names[3]), "slopes")
        assert again == result.test
        service.store.folder = service.store.folder / "other"
        assert service.store.get(spec.key) is None
        service.store.put(spec.key, result)
        assert service.store.get(spec.key).test == result.test
