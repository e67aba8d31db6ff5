"""Answers a sandbox's `fit`: checks what it asks for, and has it trained by the trainer."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from numpy.typing import NDArray

from grader.errors import TrainerError
from grader.recorder.architectures import canonical_architecture
from grader.recorder.data import DataDesk
from grader.recorder.probe.rows import TRAIN_ONE_IN, VALIDATION_ONE_IN, kept_rows
from grader.records.models import DataUse, FitArguments, TestScore
from grader.training.arguments import canonical_compile, canonical_fit
from grader.training.budget.graph import model_size
from grader.training.budget.limits import OverBudgetError, rows_at_once, training_size
from grader.training.plain import NotExpressibleError, canonical_digest, mapping
from grader.training.pool import DataPool, array_digest
from grader.training.service import EpochProgress, TrainingLimitError, TrainingRefusedError, TrainingService
from grader.training.shared_form import flat_rows, plain_labels, without_leading_flatten
from grader.training.spec import DataDigests, TrainingSpec
from grader.training.store import TrainingResult

Array = NDArray[Any]
Fetch = Callable[[], list[Array]]

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


class TrainingDesk:
    """All trainings of one submission."""

    def __init__(self, service: TrainingService, pool: DataPool, data: DataDesk, effort: str) -> None:
        self._service = service
        self._pool = pool
        self._data = data
        self._effort = effort
        self._asked: Counter[str] = Counter()
        self._seconds = 0.0
        """That the trainer worked for this submission's trainings."""
        self._scoring_seconds = 0.0
        """The same for scorings of weights that it sent."""

    def fit(
        self, header: Mapping[str, Any], fetch: Fetch, progress: Callable[[EpochProgress], None]
    ) -> FinishedTraining:
        """The training that `header` asks for; `fetch` has the sandbox send its arrays.

        Raises `NotExpressibleError` when it has to be trained natively, and `TrainingUnavailableError`.
        """
        compile_arguments, fit = canonical_compile(header.get("compile")), canonical_fit(header.get("fit"))
        description = mapping(header.get("description"), "the model's description")
        digests, start = self._arrays(header, fetch)
        shape = tuple(int(size) for size in self._array(digests[0]).shape[1:])
        architecture = canonical_architecture(description, shape)
        train = self._use(digests[0], digests[1], _rows(header, "rows"), TRAIN_ONE_IN)
        validation = None
        if len(digests) == 4:
            validation = self._use(digests[2], digests[3], _rows(header, "validation_rows"), VALIDATION_ONE_IN)
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

    def score(self, header: Mapping[str, Any], use: DataUse, weights: Sequence[Array]) -> TestScore | None:
        """The host's own score of weights that were trained in the sandbox, on the test set prepared as in `use`."""
        test = self._data.test_set(use)
        return self.score_on(header, use, test, weights) if test is not None else None

    def scores(self, header: Mapping[str, Any], shape: tuple[int, ...]) -> bool:
        """Whether the host can rebuild the model of `header` for examples of `shape`."""
        try:
            return model_size(canonical_architecture(header["description"], shape), shape).widest > 0
        except NotExpressibleError:
            return False

    def score_on(
        self, header: Mapping[str, Any], use: DataUse, rows: tuple[str, str], weights: Sequence[Array]
    ) -> TestScore | None:
        """The host's own score of `weights` on rows and class numbers of these digests; `None` where it cannot tell."""
        if not weights:
            return None
        try:
            architecture = canonical_architecture(header["description"], use.shape)
            size = model_size(architecture, use.shape)
        except NotExpressibleError:
            return None
        try:
            loss = canonical_compile(header.get("compile"))["loss"]
        except NotExpressibleError:
            loss = None
        budget = self._service.budget
        numbers = sum(array.size for array in weights)
        if numbers > budget.parameters or (size.exact and numbers != size.parameters):
            return None
        if self._scoring_seconds > budget.scoring_seconds:
            return None
        labels = (self._data.classes(use),) if use.one_hot else ()
        began = time.monotonic()
        try:
            return self._service.score(
                architecture, loss, labels, weights, rows, use.dataset or "", rows_at_once(size, budget)
            )
        except TrainerError:
            logger.exception("the trainer failed to score")
            return None
        finally:
            self._scoring_seconds += time.monotonic() - began

    def _affordable(
        self,
        architecture: Mapping[str, Any],
        shape: tuple[int, ...],
        fit: Mapping[str, Any],
        digests: Sequence[str],
        start: Sequence[Array],
    ) -> int:
        """Rows of one batch of an evaluation. Raises `TrainingUnavailableError` for what would cost too much."""
        budget = self._service.budget
        arrays = [self._array(digest) for digest in digests]
        held = sum(array.nbytes for array in [*arrays, *start])
        if sum(self._asked.values()) >= budget.trainings or self._seconds > self._service.all_seconds:
            raise TrainingUnavailableError(
                f"the trainings of this submission passed their limit of {budget.trainings:,} trainings, or of "
                f"{self._service.all_seconds:,.0f} seconds together"
            )
        try:
            size = training_size(architecture, shape, fit, len(arrays[0]), held, budget)
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
            return self._service.train(spec, start, train.dataset or "", progress, at_once)
        except TrainingRefusedError as error:
            raise NotExpressibleError(f"the trainer could not train it ({str(error)[:200]})") from error
        except TrainingLimitError as error:
            raise TrainingUnavailableError(str(error)[:300]) from error
        except TrainerError as error:
            logger.exception("the trainer failed")
            raise TrainingUnavailableError(f"labgrade's trainer failed ({error})") from error
        finally:
            self._seconds += time.monotonic() - began

    def _arrays(self, header: Mapping[str, Any], fetch: Fetch) -> tuple[list[str], tuple[Array, ...]]:
        """Digests that the host computed itself, and the weights that a continued training starts from."""
        asked, starts = header.get("digests"), header.get("start")
        if not isinstance(asked, list) or len(asked) not in (2, 4) or not isinstance(starts, int) or starts < 0:
            raise NotExpressibleError("its description is incomplete")
        if not starts and all(isinstance(name, str) and self._pool.get(name) is not None for name in asked):
            return [str(name) for name in asked], ()
        arrays = fetch()
        if len(arrays) != len(asked) + starts or any(len(array) == 0 for array in arrays[: len(asked)] if array.ndim):
            raise NotExpressibleError("its arrays are incomplete")
        if any(array.ndim == 0 for array in arrays[: len(asked)]):
            raise NotExpressibleError("its arrays are incomplete")
        return [self._pool.add(array) for array in arrays[: len(asked)]], tuple(arrays[len(asked) :])

    def _use(self, x: str, y: str, rows: int, one_in: Mapping[str, int]) -> DataUse:
        positions = kept_rows(rows, one_in[self._effort])
        if len(self._array(x)) != len(positions) or len(self._array(y)) != len(positions):
            raise NotExpressibleError("the number of rows sent is not the number asked for")
        return self._data.use(x, y, rows, positions)

    def _array(self, digest: str) -> Array:
        array = self._pool.get(digest)
        if array is None:
            raise NotExpressibleError("its arrays are too large to keep")
        return array


def _rows(header: Mapping[str, Any], name: str) -> int:
    rows = header.get(name)
    if not isinstance(rows, int) or isinstance(rows, bool) or not 0 < rows < 1 << 31:
        raise NotExpressibleError("its number of rows is missing")
    return rows


def fit_arguments(raw: Any) -> FitArguments:
    """Fit arguments as a record, from the sandbox's description."""
    given: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    return FitArguments(
        batch_size=_number(given.get("batch_size"), 32),
        epochs=_number(given.get("epochs"), 1),
        initial_epoch=_number(given.get("initial_epoch"), 0),
        shuffle=given.get("shuffle") is not False,
        verbose=_number(given.get("verbose"), 1),
        validation=_validation_kind(given.get("validation")),
        validation_split=_share(given.get("validation_split")),
        callbacks=tuple(_callback(item) for item in _items(given.get("callbacks"))[:32]),
        class_weight=None,
    )


def _validation_kind(value: Any) -> Literal["none", "split", "data"]:
    return "split" if value == "split" else "data" if value == "data" else "none"


def _share(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and 0.0 <= value < 1.0 else 0.0


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31 else default


def _callback(item: Any) -> dict[str, Any]:
    fields = item if isinstance(item, dict) else {}
    kept = {
        str(key)[:40]: value
        for key, value in fields.items()
        if value is None or isinstance(value, str | bool | float) or (isinstance(value, int) and abs(value) < 1 << 53)
    }
    return {key: value[:100] if isinstance(value, str) else value for key, value in list(kept.items())[:20]}
