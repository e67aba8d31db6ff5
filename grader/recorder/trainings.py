"""The trainings that a sandbox asks for, done by the trainer, and evaluations, done again with the same weights.

What a `fit` asks for is checked before it is trained. What a student's `evaluate` says stands beside what the host
finds with the same weights on the same rows.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.errors import TrainerError
from grader.facts.keras import VALIDATION, is_accuracy_of_classes, split_metric
from grader.probe.descriptions import ModelDescription
from grader.probe.messages import FitAsked, FitReported, ModelEvaluated
from grader.probe.rows import TRAIN_ONE_IN, VALIDATION_ONE_IN, effort_rows
from grader.recorder.event_log import EventLog
from grader.recorder.keras.architectures import canonical_architecture
from grader.recorder.keras.settings import compile_content, fit_arguments, fit_content
from grader.recorder.shown_data import DataHandler
from grader.records import Array, DataUse, History, Score, Trained
from grader.training.budget import Budget, OverBudgetError, check_budget, rows_at_once
from grader.training.keras.arguments import canonical_compile, canonical_fit
from grader.training.keras.canonical import KerasObject, flat_rows, plain_labels, without_leading_flatten
from grader.training.keras.cost import model_size
from grader.training.plain import NotExpressibleError
from grader.training.service import EpochProgress, TrainingLimitError, TrainingRefusedError, TrainingService
from grader.training.spec import (
    DataDigests,
    DataPool,
    FitConfig,
    TrainingResult,
    TrainingSpec,
    array_digest,
    canonical_digest,
)

Fetch = Callable[[], list[Array]]
Scored = tuple[str, str]
"""Digests of rows and of their class numbers."""

_NEAR = 0.06
"""How far a validation accuracy may lie from the accuracy on the test set: other rows, and fewer under quick effort."""

logger = logging.getLogger(__name__)


class TrainingUnavailableError(Exception):
    """The training was not done, by a limit or labgrade's own fault; the message says which."""


@dataclass(frozen=True)
class FinishedTraining:
    """A training as it was asked for, and what it gave."""

    spec: TrainingSpec
    start: tuple[Array, ...]
    result: TrainingResult
    train: DataUse
    validation: DataUse | None
    rows_at_once: int = 1_000
    """Rows of one batch of an evaluation."""

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return -(-self.train.used_rows // int(str(self.spec.fit["batch_size"])))


class TrainingHandler:
    """All trainings of one submission."""

    def __init__(
        self, service: TrainingService, pool: DataPool, data: DataHandler, effort: str, budget: Budget | None = None
    ) -> None:
        """`effort` names the share of the rows that trainings see; `budget` is what they may cost."""
        self._service = service
        self._pool = pool
        self._data = data
        self._effort = effort
        self._budget = budget or service.budget
        self._asked: Counter[str] = Counter()
        self._seconds = 0.0
        """That the trainer worked for this submission's trainings."""
        self._scoring_seconds = 0.0
        """The same for scorings of weights that it sent."""

    def fit(self, asked: FitAsked, fetch: Fetch, progress: Callable[[EpochProgress], None]) -> FinishedTraining:
        """The training that is asked for; `fetch` has the sandbox send its arrays.

        Raises `NotExpressibleError` when it has to be trained natively, and `TrainingUnavailableError`.
        """
        compile_arguments = canonical_compile(compile_content(asked.compile))
        fit = canonical_fit(fit_content(asked.fit))
        digests, start = self._arrays(asked, fetch)
        shape = tuple(int(size) for size in self._array(digests[0]).shape[1:])
        architecture = canonical_architecture(asked.description, shape)
        train = self._use(digests[0], digests[1], _some(asked.rows), TRAIN_ONE_IN)
        validation = None
        if len(digests) == 4:
            validation = self._use(digests[2], digests[3], _some(asked.validation_rows), VALIDATION_ONE_IN)
        at_once = self._affordable(architecture, shape, fit, digests, start)
        architecture, flat = without_leading_flatten(architecture)
        test = self._data.test_set(train)
        spec = TrainingSpec(
            architecture=architecture,
            compile=compile_arguments,
            fit=fit,
            data=DataDigests(
                *self._shared(digests[0], digests[1], flat),
                *(self._shared(digests[2], digests[3], flat) if len(digests) == 4 else (None, None)),
                *(self._shared(*test, flat) if test else (None, None)),
            ),
            effort=self._effort,
            runtime=self._service.runtime,
            start=canonical_digest([array_digest(array) for array in start]) if start else None,
        )
        spec = spec.with_replica(self._replica(spec))
        return FinishedTraining(
            spec, start, self._train(spec, start, train, progress, at_once), train, validation, at_once
        )

    def again(
        self, finished: FinishedTraining, replica: int, progress: Callable[[EpochProgress], None]
    ) -> FinishedTraining:
        """A finished training drawn anew as `replica`."""
        spec = finished.spec.with_replica(replica)
        result = self._train(spec, finished.start, finished.train, progress, finished.rows_at_once)
        return replace(finished, spec=spec, result=result)

    def _shared(self, x: str, y: str, flat: bool) -> tuple[str, str]:
        """Digests of rows and labels in the form that equal trainings share."""
        rows = self._pool.add(flat_rows(self._array(x))) if flat else x
        return rows, self._pool.add(plain_labels(self._array(y)))

    def score(self, reported: FitReported, use: DataUse, weights: Sequence[Array]) -> Score | None:
        """The host's own score of weights that were trained in the sandbox, on the test set prepared as in `use`."""
        test = self._data.test_set(use)
        return self.score_on(reported, use, test, weights) if test is not None else None

    def can_score(self, description: ModelDescription, shape: tuple[int, ...]) -> bool:
        """Whether the host can rebuild the described model for examples of `shape`."""
        try:
            return model_size(canonical_architecture(description, shape), shape).widest > 0
        except NotExpressibleError:
            return False

    def score_on(
        self, about: FitReported | ModelEvaluated, use: DataUse, rows: tuple[str, str], weights: Sequence[Array]
    ) -> Score | None:
        """The host's own score of `weights` on rows and class numbers of these digests; `None` where it cannot tell."""
        if not weights:
            return None
        try:
            architecture = canonical_architecture(about.description, use.shape)
            size = model_size(architecture, use.shape)
        except NotExpressibleError:
            return None
        try:
            loss = canonical_compile(compile_content(about.compile))["loss"]
        except NotExpressibleError:
            loss = None
        budget = self._budget
        numbers = sum(array.size for array in weights)
        if numbers > budget.parameters or (size.exact and numbers != size.parameters):
            return None
        if self._scoring_seconds > budget.scoring_seconds:
            return None
        labels = (self._data.classes(use),) if use.one_hot else ()
        began = time.monotonic()
        try:
            return self._service.score(
                architecture, loss, labels, weights, rows, use.dataset or "", rows_at_once(size, budget), budget=budget
            )
        except TrainerError:
            logger.exception("the trainer failed to score")
            return None
        finally:
            self._scoring_seconds += time.monotonic() - began

    def _affordable(
        self,
        architecture: KerasObject,
        shape: tuple[int, ...],
        fit: FitConfig,
        digests: Sequence[str],
        start: Sequence[Array],
    ) -> int:
        """Rows of one batch of an evaluation. Raises `TrainingUnavailableError` for what would cost too much."""
        budget = self._budget
        arrays = [self._array(digest) for digest in digests]
        held = sum(array.nbytes for array in [*arrays, *start])
        if sum(self._asked.values()) >= budget.trainings or self._seconds > self._budget.all_seconds:
            raise TrainingUnavailableError(
                f"the trainings of this submission passed their limit of {budget.trainings:,} trainings, or of "
                f"{self._budget.all_seconds:,.0f} seconds together"
            )
        try:
            size = model_size(architecture, shape)
            check_budget(size, fit, len(arrays[0]), held, budget)
        except OverBudgetError as error:
            raise TrainingUnavailableError(f"it is larger than labgrade trains: {error}") from error
        if start and size.exact and sum(array.size for array in start) < size.parameters:
            raise NotExpressibleError("its weights are incomplete")
        return rows_at_once(size, budget)

    def _replica(self, spec: TrainingSpec) -> int:
        self._asked[spec.key] += 1
        return self._asked[spec.key] - 1

    def _train(
        self,
        spec: TrainingSpec,
        start: tuple[Array, ...],
        train: DataUse,
        progress: Callable[[EpochProgress], None],
        at_once: int,
    ) -> TrainingResult:
        began = time.monotonic()
        try:
            return self._service.train(spec, start, train.dataset or "", progress, at_once, budget=self._budget)
        except TrainingRefusedError as error:
            raise NotExpressibleError(f"the trainer could not train it ({str(error)[:200]})") from error
        except TrainingLimitError as error:
            raise TrainingUnavailableError(str(error)[:300]) from error
        except TrainerError as error:
            logger.exception("the trainer failed")
            raise TrainingUnavailableError(f"labgrade's trainer failed ({error})") from error
        finally:
            self._seconds += time.monotonic() - began

    def _arrays(self, asked: FitAsked, fetch: Fetch) -> tuple[list[str], tuple[Array, ...]]:
        """Digests that the host computed itself, and the weights that a continued training starts from."""
        count = len(asked.digests)
        if count not in (2, 4):
            raise NotExpressibleError("its description is incomplete")
        if not asked.start and all(self._pool.get(name) is not None for name in asked.digests):
            return list(asked.digests), ()
        arrays = fetch()
        data, start = arrays[:count], arrays[count:]
        if len(data) != count or len(start) != asked.start or any(array.ndim == 0 or len(array) == 0 for array in data):
            raise NotExpressibleError("its arrays are incomplete")
        return [self._pool.add(array) for array in data], tuple(start)

    def _use(self, x: str, y: str, rows: int, one_in: Mapping[str, int]) -> DataUse:
        positions = effort_rows(rows, one_in[self._effort])
        if len(self._array(x)) != len(positions) or len(self._array(y)) != len(positions):
            raise NotExpressibleError("the number of rows sent is not the number asked for")
        return self._data.use(x, y, rows, positions)

    def _array(self, digest: str) -> Array:
        array = self._pool.get(digest)
        if array is None:
            raise NotExpressibleError("its arrays are too large to keep")
        return array


def _some(rows: int) -> int:
    if not rows:
        raise NotExpressibleError("its number of rows is missing")
    return rows


def reported_training(
    reported: FitReported,
    model: str,
    architecture: str,
    log: EventLog,
    train: DataUse | None,
    validation: DataUse | None,
) -> Trained:
    """A training that ran inside the sandbox: the sandbox's word, marked as such."""
    train = train or DataUse(split="unknown", rows=0, used_rows=0, shape=())
    if reported.train is not None and reported.train.used is not None:
        train = train.model_copy(update={"rows": reported.train.rows, "used_rows": reported.train.used})
    return Trained(
        seq=log.next_seq,
        cell=log.cell,
        model=model,
        name=reported.description.name[:100],
        architecture=architecture,
        compile=log.compiled(reported.compile),
        fit=fit_arguments(reported.fit),
        history=History(metrics=reported.history, epoch_seconds=reported.seconds),
        train=train,
        validation=validation,
        native=reported.why,
    )


def weights_digest(weights: Sequence[Array]) -> str:
    """SHA-256 (hex) of a model's weights, in the order of Keras' `get_weights`."""
    return canonical_digest([array_digest(array) for array in weights])


class EvaluationHandler:
    """All evaluations of one submission. Weights are known by their digest: those of the host's own trainings, and
    those that the sandbox sent."""

    def __init__(self, trainings: TrainingHandler, data: DataHandler) -> None:
        self._trainings = trainings
        self._data = data
        self._known: dict[tuple[str, Scored], Score | None] = {}
        self._trained: dict[str, int] = {}

    def remember(self, trained: Trained, finished: FinishedTraining) -> None:
        """Keep what the host's own training gave."""
        weights = weights_digest(finished.result.weights)
        self._trained[weights] = trained.seq
        test = self._data.test_set(finished.train)
        if test is not None and finished.result.test is not None:
            self._known[weights, test] = finished.result.test

    def remember_sent(self, trained: Trained, weights: Sequence[Array]) -> None:
        """Keep what was trained in the sandbox."""
        self._trained[weights_digest(weights)] = trained.seq

    def trained(self, evaluated: ModelEvaluated, trainings: Sequence[Trained]) -> int | None:
        """`seq` of the training that the weights come from; where the host does not know them, as it was said."""
        if evaluated.weights in self._trained:
            return self._trained[evaluated.weights]
        own = [training.seq for training in trainings if training.model == evaluated.model]
        return evaluated.trained if evaluated.trained in own else None

    def measured(
        self, evaluated: ModelEvaluated, use: DataUse, rows: Scored | None, fetch: Callable[[], list[Array]]
    ) -> Score | None:
        """What the host finds with the weights that `evaluated` names on `rows`; `fetch` has the sandbox send them.

        `None` where data, labels or model are not known well enough.
        """
        weights = evaluated.weights
        if rows is None or weights is None or not self._trainings.can_score(evaluated.description, use.shape):
            return None
        if (weights, rows) not in self._known:
            sent = fetch()
            weights = weights_digest(sent)
            if (weights, rows) not in self._known:
                self._known[weights, rows] = self._trainings.score_on(evaluated, use, rows, sent)
        return self._known[weights, rows]


def bears_out(test: Score | None, history: History) -> bool:
    """Whether the host's own score of the returned weights bears out what a sandbox says of its training.

    Some epoch's validation accuracy (without one, training accuracy) must lie near it: the weights need not be those of
    the last epoch.
    """
    if test is None:
        return False
    told = [(split_metric(name)[0], values) for name, values in history.metrics.items() if is_accuracy_of_classes(name)]
    for prefix in (VALIDATION, ""):
        claims = [values for of, values in told if of == prefix and values]
        if claims:
            return any(abs(value - test.accuracy) <= _NEAR for values in claims for value in values)
    return False
