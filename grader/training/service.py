"""The training service: one answer for each distinct training, from the store or from the trainer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol, cast

from grader.errors import TrainerError
from grader.records import Array, History, Score
from grader.training.budget import Budget
from grader.training.spec import (
    DEFAULT_FRAMEWORK,
    Configuration,
    DataPool,
    LossConfig,
    Runtime,
    TrainingResult,
    TrainingSpec,
    TrainingStore,
)
from grader.training.trainer_contract import Answer, Data, Epoch, Reply, Request, ScoreWeights, Train

_START_SECONDS = 180.0
"""For the trainer to load its framework: seconds from the warm image, a minute or two from a cold disk."""
_ATTEMPTS = 2
"""One more than once: a trainer may be killed for another's memory, but one training that kills two is to blame."""
_MOST_MISSING = 3
"""Times that a trainer may ask for data again: what does not stay with it then does not fit beside the rest."""

logger = logging.getLogger(__name__)


class TrainingRefusedError(Exception):
    """The trainer could not train this model by the model's own fault; the message is Keras'."""


class TrainingLimitError(Exception):
    """The training passed a limit of time or memory."""


class TrainerChannel(Protocol):
    """Framed messages to and from a trainer."""

    def send(self, header: dict[str, object], arrays: Sequence[Array] = ()) -> None:
        """Send one message."""

    def receive(self, timeout: float | None = None) -> tuple[dict[str, object], list[Array]]:
        """The next message. Raises `TimeoutError` after `timeout` seconds, `EOFError` when the trainer is gone."""


class TrainerProcess(Protocol):
    """What the service needs of a trainer's process."""

    @property
    def channel(self) -> TrainerChannel:
        """Framed messages to and from the trainer."""

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""

    def kill(self) -> None:
        """End it at once."""


class Compute(Protocol):
    """What carries out one training where the trainer of this machine does not; arguments as of `TrainingService`."""

    def __call__(
        self,
        spec: TrainingSpec,
        start: Sequence[Array],
        test_dataset: str,
        progress: Callable[[EpochProgress], None],
        rows_at_once: int,
        budget: Budget,
        pool: DataPool,
    ) -> TrainingResult:
        """The result of `spec`, whose data are in `pool`. Raises what `TrainingService.train` does."""


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
    """Trains each distinct specification once, whoever asks.

    It is configured once, when made; what a training may cost comes with each request.
    """

    def __init__(
        self,
        store: TrainingStore,
        start_trainer: Callable[[int], TrainerProcess],
        pool: DataPool,
        runtime: Runtime,
        budget: Budget | None = None,
        grace_seconds: float = 60.0,
        compute: Compute | None = None,
    ) -> None:
        """`start_trainer` starts a trainer that may take so many bytes of memory; `budget` holds for requests that
        bring none; `compute` carries trainings out instead of that trainer.
        """
        self.store = store
        self.pool = pool
        self.runtime = runtime
        self.budget = budget or Budget()
        """What a training may cost whose request does not say so."""
        self._grace_seconds = grace_seconds
        self.trained = 0
        """Trainings really run by this service."""
        self.shared = 0
        """Trainings answered from the store."""
        self._start_trainer = start_trainer
        self._compute = compute
        self._trainer: TrainerProcess | None = None
        self._memory_bytes = 0
        """What the trainer at work may take."""
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
        budget: Budget | None = None,
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
            budget = budget or self.budget
            if self._compute is not None:
                result = self._compute(spec, start, test_dataset, progress, rows_at_once, budget, self.pool)
            else:
                result = self.compute(spec, start, test_dataset, progress, rows_at_once, budget)
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
        budget: Budget,
    ) -> TrainingResult:
        """The result of `spec`, trained now whatever the store holds. Arguments and errors are those of `train`."""
        request: Train = {
            "type": "train",
            "framework": spec.framework,
            "architecture": spec.architecture,
            "compile": spec.compile,
            "fit": spec.fit,
            "data": asdict(spec.data),
            "seed": spec.random_seed,
            "limit": budget.seconds,
            "rows_at_once": rows_at_once,
        }

        def show(told: Epoch) -> None:
            progress(EpochProgress(told["epoch"], spec.fit["epochs"], told["metrics"]))

        answer, arrays = self._answer(request, start, show, budget)
        assert answer["type"] == "trained"
        metrics = {name: tuple(values) for name, values in answer["history"].items()}
        return TrainingResult(
            history=History(metrics=metrics, epoch_seconds=tuple(answer["seconds"])),
            weights=tuple(arrays[: answer["weights"]]),
            optimizer=tuple(arrays[answer["weights"] :]),
            test=self._score(answer["score"], spec.data.test_x, test_dataset),
        )

    def score(
        self,
        architecture: Configuration,
        loss: LossConfig | None,
        label_shape: tuple[int, ...],
        weights: Sequence[Array],
        test: tuple[str, str],
        test_dataset: str,
        rows_at_once: int = 1_000,
        framework: str = DEFAULT_FRAMEWORK,
        budget: Budget | None = None,
    ) -> Score | None:
        """The test score of weights that were trained elsewhere; `None` when the trainer cannot tell.

        `test` holds the digests of the test rows and their targets, `label_shape` the shape of one target as the
        student gave it. Raises `TrainerError` when the trainer failed.
        """
        request: ScoreWeights = {
            "type": "score",
            "framework": framework,
            "architecture": architecture,
            "loss": loss,
            "label_shape": list(label_shape),
            "data": {"test_x": test[0], "test_y": test[1]},
            "rows_at_once": rows_at_once,
        }
        try:
            answer, _ = self._answer(request, weights, lambda _: None, budget or self.budget)
        except (TrainingRefusedError, TrainingLimitError):
            return None
        return self._score(answer["score"], test[0], test_dataset)

    def _score(self, metrics: Mapping[str, float] | None, rows: str | None, dataset: str) -> Score | None:
        """What the trainer measured on the rows of that digest, as a record."""
        scored = self.pool.get(rows) if rows else None
        if metrics is None or scored is None:
            return None
        return Score(dataset=dataset, rows=len(scored), metrics=dict(metrics))

    def _answer(
        self, request: Request, arrays: Sequence[Array], show: Callable[[Epoch], None], budget: Budget
    ) -> tuple[Answer, list[Array]]:
        """The trainer's answer to `request`. A trainer that dies over it is replaced and asked once more."""
        for attempt in range(_ATTEMPTS):
            channel = self._ready_trainer(budget.memory_bytes).channel
            try:
                return self._ask(channel, request, arrays, show, budget.seconds)
            except TimeoutError:
                self.close()
                raise TrainingLimitError(f"it passed its limit of {budget.seconds:,.0f} seconds") from None
            except (EOFError, OSError) as error:
                self.close()
                logger.warning("the trainer ended at attempt %d: %s", attempt + 1, type(error).__name__)
            except BaseException as error:
                # Interrupted in the middle of an answer, the channel would give the rest of it to the next request.
                if not isinstance(error, TrainingLimitError | TrainingRefusedError):
                    self.close()
                raise
        raise TrainerError(f"its process ended without an answer, {_ATTEMPTS} times")

    def _ask(
        self,
        channel: TrainerChannel,
        request: Request,
        arrays: Sequence[Array],
        show: Callable[[Epoch], None],
        limit_seconds: float,
    ) -> tuple[Answer, list[Array]]:
        """The trainer's answer to `request`, after sending it what data it lacks."""
        self._send(channel, request, arrays)
        deadline = time.monotonic() + limit_seconds + self._grace_seconds
        missing = 0
        while True:
            header, answered = channel.receive(timeout=max(1.0, deadline - time.monotonic()))
            reply = cast("Reply", header)
            if reply["type"] == "epoch":
                show(reply)
            elif reply["type"] == "missing":
                missing += 1
                if missing > _MOST_MISSING:
                    raise TrainingLimitError("its data do not fit the trainer's memory")
                self._sent -= set(reply["digests"])
                self._send(channel, request, arrays)
            elif reply["type"] == "failed":
                fault = TrainingLimitError if reply["fault"] == "limit" else TrainingRefusedError
                raise fault(reply["message"])
            else:
                return reply, answered

    def _send(self, channel: TrainerChannel, request: Request, arrays: Sequence[Array]) -> None:
        for digest in request["data"].values():
            if digest:
                self._send_data(channel, digest)
        channel.send(dict(request), list(arrays))

    def _send_data(self, channel: TrainerChannel, digest: str) -> None:
        if digest in self._sent:
            return
        array = self.pool.get(digest)
        if array is None:
            raise TrainerError("data of a training were no longer at hand")
        message: Data = {"type": "data", "digest": digest}
        channel.send(dict(message), [array])
        self._sent.add(digest)

    def _ready_trainer(self, memory_bytes: int) -> TrainerProcess:
        """A trainer that may take `memory_bytes`: a process gets its limit when it begins."""
        if self._trainer is not None and self._trainer.alive and self._memory_bytes == memory_bytes:
            return self._trainer
        self.close()
        self._trainer, self._memory_bytes = self._start_trainer(memory_bytes), memory_bytes
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
