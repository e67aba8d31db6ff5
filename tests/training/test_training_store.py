"""The store of trainings, and the service in front of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.errors import TrainerError
from grader.records import History, Score
from grader.training.service import TrainingLimitError, TrainingRefusedError, TrainingService
from grader.training.spec import (
    DataDigests,
    DataPool,
    Runtime,
    TrainingResult,
    TrainingSpec,
    TrainingStore,
    array_digest,
)

RUNTIME = Runtime("cpu", 2, (("keras", "3"),))


def spec(**changes: Any) -> TrainingSpec:
    base = TrainingSpec(
        architecture={"class_name": "Sequential"},
        compile={},
        fit={"epochs": 2, "batch_size": 4},
        data=DataDigests("x", "y"),
        effort="quick",
        runtime=RUNTIME,
    )
    return replace(base, **changes)


def result(value: float = 1.0) -> TrainingResult:
    history = History(metrics={"loss": (value, float("nan"))}, epoch_seconds=(0.1, 0.2))
    test = Score(dataset="mnist", rows=10, metrics={"accuracy": 0.5, "loss": float("inf")})
    return TrainingResult(history, (np.full(3, value, np.float32),), (np.array(7),), test)


@pytest.mark.parametrize(
    "change",
    [
        {"effort": "full"},
        {"replica": 1},
        {"seed": 1},
        {"start": "weights"},
        {"data": DataDigests("x", "other")},
        {"data": DataDigests("x", "y", "a", "b")},
        {"runtime": Runtime("gpu", 2, (("keras", "3"),))},
        {"runtime": Runtime("cpu", 1, (("keras", "3"),))},
        {"runtime": Runtime("cpu", 2, (("keras", "4"),))},
        {"fit": {"epochs": 3, "batch_size": 4}},
    ],
)
def test_whatever_decides_the_numbers_is_in_the_key(change: dict[str, Any]) -> None:
    """Effort, replica, seed, start, data, device, threads, versions and arguments each make another key."""
    assert spec(**change).key != spec().key


def test_seed_is_the_same_on_every_machine() -> None:
    """A training draws from the same seed whatever runs it; only the store tells machines apart."""
    other = spec(runtime=Runtime("gpu", 8, (("keras", "4"),)))
    assert other.random_seed == spec().random_seed != spec(replica=1).random_seed


def test_kept_result_comes_back_whole(tmp_path: Path) -> None:
    """History (NaN included), weights, optimizer and score survive the disk."""
    store = TrainingStore(tmp_path)
    store.put("ab12", result())
    back = store.get("ab12")
    assert back is not None
    assert back.history.metrics["loss"][0] == 1.0
    assert np.isnan(back.history.metrics["loss"][1])
    assert np.array_equal(back.weights[0], result().weights[0])
    assert back.test == result().test


FIRST_EDITION = (
    '{"version": 1, "weights": 1, "optimizer": 1, "history": {"metrics": {"loss": [1.5, NaN], "accuracy": [0.25, 0.5]},'
    ' "epoch_seconds": [0.1, 0.2]}, "test": {"dataset": "mnist", "rows": 10, "accuracy": 0.5, "loss": %s}}'
)
"""The very text that the first edition wrote."""


@pytest.mark.parametrize(("loss", "metrics"), [("1.25", {"accuracy": 0.5, "loss": 1.25}), ("null", {"accuracy": 0.5})])
def test_trainings_of_the_first_edition_are_read(tmp_path: Path, loss: str, metrics: dict[str, float]) -> None:
    """What was trained and stored before a score had metrics is found, and its accuracy and loss are metrics now."""
    store = TrainingStore(tmp_path)
    store.put("ab12", result())
    (tmp_path / "ab" / "ab12" / "result.json").write_text(FIRST_EDITION % loss)
    back = store.get("ab12")
    assert back is not None
    assert back.history.metrics["accuracy"] == (0.25, 0.5)
    assert back.test == Score(dataset="mnist", rows=10, metrics=metrics)
    assert np.array_equal(back.weights[0], result().weights[0])


def test_damaged_result_is_as_good_as_absent(tmp_path: Path) -> None:
    """A cut file, pickled arrays or a newer version are not believed."""
    store = TrainingStore(tmp_path)
    for name, content in (("arrays.npz", b"PK\x03\x04"), ("result.json", b'{"version": 99}'), ("result.json", b"{")):
        store.put("ab12", result())
        (tmp_path / "ab" / "ab12" / name).write_bytes(content)
        assert store.get("ab12") is None
    store.put("ab12", result())
    np.savez(tmp_path / "ab" / "ab12" / "arrays.npz", w0=np.array([object()]), o0=np.array(1))
    assert store.get("ab12") is None


def test_oldest_results_go_first(tmp_path: Path) -> None:
    """The store keeps to its limit, and what was used last stays."""
    import os

    store = TrainingStore(tmp_path, limit=1 << 30)
    for at, key in enumerate(("aa", "bb", "cc")):
        store.put(key, result())
        os.utime(tmp_path / key[:2] / key, (at, at))
    store.limit = 1
    store.prune()
    assert [store.get(key) is not None for key in ("aa", "bb", "cc")] == [False, False, True]


class FakeTrainer:
    """Answers `train` with a result that tells which request it was."""

    def __init__(self, answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.trained = 0
        self.alive = True
        self.hangs = False
        self.queue: list[tuple[dict[str, Any], list[Any]]] = [({"type": "ready"}, [])]
        self.channel = self

    def send(self, header: dict[str, Any], arrays: Sequence[Any] = ()) -> None:
        if header["type"] != "train":
            return
        self.trained += 1
        answer = self.answers.pop(0) if self.answers else "trained"
        if answer == "trained":
            reply = {"type": "trained", "history": {"loss": [1.0]}, "seconds": [0.1], "score": None, "weights": 1}
            self.queue += [({"type": "epoch", "epoch": 1, "metrics": {}}, []), (reply, [np.zeros(2)])]
        elif answer == "hangs":
            self.hangs = True
        elif answer != "gone":
            self.queue.append(({"type": "failed", "fault": answer, "message": "no"}, []))

    def receive(self, timeout: float | None = None) -> tuple[dict[str, Any], list[Any]]:
        if not self.queue:
            if self.hangs:
                raise TimeoutError
            self.alive = False
            raise EOFError
        return self.queue.pop(0)

    def kill(self) -> None:
        self.alive = False


def service(tmp_path: Path, trainers: list[FakeTrainer]) -> tuple[TrainingService, TrainingSpec]:
    pool = DataPool()
    data = DataDigests(pool.add(np.zeros((4, 2))), pool.add(np.zeros(4)))
    made = TrainingService(TrainingStore(tmp_path), lambda _: trainers.pop(0), pool, RUNTIME)
    return made, spec(data=data)


def test_equal_trainings_run_once(tmp_path: Path) -> None:
    """Two threads that ask for one key at the same time train it once."""
    trainer = FakeTrainer([])
    made, asked = service(tmp_path, [trainer])
    threads = [threading.Thread(target=made.train, args=(asked,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (trainer.trained, made.trained, made.shared) == (1, 1, 3)


def test_trainer_may_die(tmp_path: Path) -> None:
    """A trainer that ends without an answer is replaced and asked again; the second death costs that training alone."""
    trainers = [FakeTrainer(["gone"]), FakeTrainer(["gone"]), FakeTrainer(["gone"]), FakeTrainer([])]
    made, asked = service(tmp_path, trainers)
    with pytest.raises(TrainerError):
        made.train(asked)
    assert len(trainers) == 2
    assert made.train(asked).history.metrics == {"loss": (1.0,)}


def test_hanging_trainer_is_ended(tmp_path: Path) -> None:
    """A trainer that does not answer in time is ended, and the training is over its limit, not tried again."""
    hanging = FakeTrainer(["hangs"])
    made, asked = service(tmp_path, [hanging, FakeTrainer([])])
    with pytest.raises(TrainingLimitError, match="1,800 seconds"):
        made.train(asked)
    assert not hanging.alive
    assert made.train(asked).history.metrics == {"loss": (1.0,)}


def test_failures_are_told_apart_and_not_stored(tmp_path: Path) -> None:
    """A model that cannot be trained is not a limit that was hit, and neither is remembered as a result."""
    made, asked = service(tmp_path, [FakeTrainer(["model", "limit"])])
    with pytest.raises(TrainingRefusedError):
        made.train(asked)
    with pytest.raises(TrainingLimitError):
        made.train(asked)
    assert not made.has(asked)


def test_array_digest_knows_shape_and_type() -> None:
    """Equal bytes of another shape or dtype are other data."""
    array = np.arange(6, dtype=np.float32)
    names = {array_digest(array), array_digest(array.reshape(2, 3)), array_digest(array.view(np.int32))}
    assert len(names) == 3
    assert array_digest(array.reshape(2, 3).T.copy()) == array_digest(array.reshape(2, 3).T)
