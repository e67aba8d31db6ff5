"""The training service: one answer for each distinct training, from the store or from the trainer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from numpy.typing import NDArray

from grader.errors import TrainerError
from grader.records.models import History, TestScore
from grader.training.budget.limits import Budget
from grader.training.pool import DataPool
from grader.training.spec import Runtime, TrainingSpec
from grader.training.store import TrainingResult, TrainingStore

Array = NDArray[Any]
_START_SECONDS = 180.0
_ATTEMPTS = 2
_MOST_LACKING = 3

logger = logging.getLogger(__name__)


class TrainingRefusedError(Exception):
    """The trainer could not train this model by the model's own fault; the message is Keras'."""


class TrainingLimitError(Exception):
    """The training passed a limit of time or memory."""


class _Channel(Protocol):
    def send(self, header: dict[str, Any], arrays: Sequence[Array] = ()) -> None: ...
    def receive(self, timeout: float | None = None) -> tuple[dict[str, Any], list[Array]]: ...


class TrainerProcess(Protocol):
    """What the service needs of a trainer's process."""

    @property
    def channel(self) -> Any:
        """Framed messages to and from the trainer."""

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""

    def kill(self) -> None:
        """End it at once."""


@dataclass(frozen=True)
class EpochProgress:
    """An epoch that was just trained."""

    epoch: int
    epochs: int
    metrics: dict[str, float]


def library_versions() -> tuple[tuple[str, str], ...]:
    """(package, version) of the libraries that decide a training's numbers, without importing them."""
    found = []
    for package in ("keras", "numpy", "tensorflow"):
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            found.append((package, "absent"))
    return tuple(found)


class TrainingService:
    """Trains each distinct specification once, whoever asks."""

    def __init__(
        self,
        store: TrainingStore,
        start_trainer: Callable[[], TrainerProcess],
        pool: DataPool,
        runtime: Runtime,
        budget: Budget | None = None,
        grace_seconds: float = 60.0,
    ) -> None:
        self.store = store
        self.pool = pool
        self.runtime = runtime
        self.budget = budget or Budget()
        self.limit_seconds = self.budget.seconds
        """Wall time of one training."""
        self.all_seconds = self.budget.all_seconds
        """Wall time of all trainings of one submission."""
        self._grace_seconds = grace_seconds
        self.trained = 0
        """Trainings really run by this service."""
        self.shared = 0
        """Trainings answered from the store."""
        self._start_trainer = start_trainer
        self._trainer: TrainerProcess | None = None
        self._sent: set[str] = set()

    def has(self, spec: TrainingSpec) -> bool:
        """Whether `spec` is in the store."""
        return self.store.get(spec.key) is not None

    def train(
        self,
        spec: TrainingSpec,
        start: Sequence[Array] = (),
        test_dataset: str = "",
        progress: Callable[[EpochProgress], None] = lambda _: None,
        rows_at_once: int = 1_000,
    ) -> TrainingResult:
        """The result of `spec`, trained now unless it was before.

        `start` holds the weights (and optimizer variables) that a continued training begins with. All arrays named
        in `spec.data` must be in the pool unless the store has the result; `rows_at_once` bounds a batch of an
        evaluation. A trainer that dies is replaced and asked once more. Raises `TrainingRefusedError`,
        `TrainingLimitError`, and `TrainerError` when the trainer itself failed.
        """
        with self.store.lock(spec.key):
            known = self.store.get(spec.key)
            if known is not None:
                self.shared += 1
                return known
            result = self.compute(spec, start, test_dataset, progress, rows_at_once)
            try:
                self.store.put(spec.key, result)
            except OSError as error:
                logger.warning("a training could not be kept: %s", error)
            self.trained += 1
            return result

    def compute(
        self,
        spec: TrainingSpec,
        start: Sequence[Array],
        test_dataset: str,
        progress: Callable[[EpochProgress], None],
        rows_at_once: int,
    ) -> TrainingResult:
        """The result of `spec`, trained now whatever the store holds. Arguments and errors are those of `train`."""
        content = spec.content() | {"data": vars(spec.data)}
        request = {"type": "train", "spec": content, "seed": spec.random_seed, "limit": self.limit_seconds}
        request |= {"rows_at_once": rows_at_once}

        def show(header: dict[str, Any]) -> None:
            progress(EpochProgress(header["epoch"], int(str(spec.fit["epochs"])), header["metrics"]))

        header, arrays = self._answer(request, start, show)
        return self._result(header, arrays, spec, test_dataset)

    def score(
        self,
        architecture: dict[str, Any],
        loss: dict[str, Any] | None,
        label_shape: tuple[int, ...],
        weights: Sequence[Array],
        test: tuple[str, str],
        test_dataset: str,
        rows_at_once: int = 1_000,
    ) -> TestScore | None:
        """The test score of weights that were trained elsewhere; `None` when the trainer cannot tell.

        `test` holds the digests of the test rows and their labels. Raises `TrainerError` when the trainer failed.
        """
        data = {"test_x": test[0], "test_y": test[1]}
        spec = {"architecture": architecture, "compile": {"loss": loss}, "label_shape": list(label_shape), "data": data}
        try:
            header, _ = self._answer(
                {"type": "score", "spec": spec, "rows_at_once": rows_at_once}, weights, lambda _: None
            )
        except (TrainingRefusedError, TrainingLimitError):
            return None
        score, rows = header["score"], self.pool.get(test[0])
        if score is None or rows is None:
            return None
        return TestScore(dataset=test_dataset, rows=len(rows), accuracy=score["accuracy"], loss=score["loss"])

    def _answer(
        self, request: dict[str, Any], arrays: Sequence[Array], show: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any], list[Array]]:
        """The trainer's answer to `request`. A trainer that dies over it is replaced and asked once more."""
        for attempt in range(_ATTEMPTS):
            channel = self._ready_trainer().channel
            try:
                return self._asked(channel, request, arrays, show)
            except TimeoutError:
                self.close()
                raise TrainingLimitError(f"it passed its limit of {self.limit_seconds:,.0f} seconds") from None
            except (EOFError, OSError) as error:
                self.close()
                logger.warning("the trainer ended at attempt %d: %s", attempt + 1, type(error).__name__)
            except BaseException as error:
                # Interrupted in the middle of an answer, the channel would give the rest of it to the next request.
                if not isinstance(error, TrainingLimitError | TrainingRefusedError):
                    self.close()
                raise
        raise TrainerError(f"its process ended without an answer, {_ATTEMPTS} times")

    def _asked(
        self, channel: Any, request: dict[str, Any], arrays: Sequence[Array], show: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any], list[Array]]:
        """The trainer's answer to `request`, after sending it what data it lacks."""
        self._send(channel, request, arrays)
        deadline = time.monotonic() + self.limit_seconds + self._grace_seconds
        lacking = 0
        while True:
            header, answer = channel.receive(timeout=max(1.0, deadline - time.monotonic()))
            if header["type"] == "epoch":
                show(header)
            elif header["type"] == "missing":
                lacking += 1
                if lacking > _MOST_LACKING:
                    raise TrainingLimitError("its data do not fit the trainer's memory")
                self._sent -= set(header["digests"])
                self._send(channel, request, arrays)
            elif header["type"] == "failed":
                refused = TrainingLimitError if header["fault"] == "limit" else TrainingRefusedError
                raise refused(header["message"])
            else:
                return header, answer

    def _send(self, channel: _Channel, request: dict[str, Any], arrays: Sequence[Array]) -> None:
        for digest in request["spec"]["data"].values():
            if digest:
                self._send_data(channel, digest)
        channel.send(request, list(arrays))

    def _result(
        self, header: dict[str, Any], arrays: list[Array], spec: TrainingSpec, test_dataset: str
    ) -> TrainingResult:
        metrics = {name: tuple(values) for name, values in header["history"].items()}
        history = History(metrics=metrics, epoch_seconds=tuple(header["seconds"]))
        score, test = header["score"], None
        rows = self.pool.get(spec.data.test_x) if spec.data.test_x else None
        if score is not None and rows is not None:
            test = TestScore(dataset=test_dataset, rows=len(rows), accuracy=score["accuracy"], loss=score["loss"])
        count = header["weights"]
        return TrainingResult(history, tuple(arrays[:count]), tuple(arrays[count:]), test)

    def _send_data(self, channel: _Channel, digest: str) -> None:
        if digest in self._sent:
            return
        array = self.pool.get(digest)
        if array is None:
            raise TrainerError("data of a training were no longer at hand")
        channel.send({"type": "data", "digest": digest}, [array])
        self._sent.add(digest)

    def _ready_trainer(self) -> TrainerProcess:
        if self._trainer is not None and self._trainer.alive:
            return self._trainer
        self._sent.clear()
        self._trainer = self._start_trainer()
        try:
            header, _ = self._trainer.channel.receive(timeout=_START_SECONDS)
        except (EOFError, OSError, TimeoutError) as error:
            self.close()
            raise TrainerError("the trainer did not start") from error
        logger.debug("trainer ready on %s", header.get("device"))
        return self._trainer

    def close(self) -> None:
        """End the trainer's process."""
        if self._trainer is not None:
            self._trainer.kill()
            self._trainer = None
            self._sent.clear()
