"""The host's own evaluation of weights, beside what a student's `evaluate` says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from grader.recorder.data import DataDesk
from grader.recorder.trainings import FinishedTraining, TrainingDesk
from grader.records.models import DataUse, History, TestScore
from grader.records.recording import Trained
from grader.training.plain import canonical_digest
from grader.training.pool import array_digest

Array = NDArray[Any]
Scored = tuple[str, str]
"""Digests of rows and of their class numbers."""

_NEAR = 0.06
"""How far a validation accuracy may lie from the accuracy on the test set: other rows, and fewer under quick effort."""
_ACCURACIES = ("accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy")


def weights_digest(weights: Sequence[Array]) -> str:
    """SHA-256 (hex) of a model's weights, in the order of Keras' `get_weights`."""
    return canonical_digest([array_digest(array) for array in weights])


class EvaluationDesk:
    """All evaluations of one submission. Weights are known by their digest: those of the host's own trainings, and
    those that the sandbox sent."""

    def __init__(self, desk: TrainingDesk, data: DataDesk) -> None:
        self._desk = desk
        self._data = data
        self._known: dict[tuple[str, Scored], TestScore | None] = {}
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

    def trained(self, weights: Any, claimed: Any, trainings: Sequence[Trained], model: str) -> int | None:
        """`seq` of the training that these weights come from; where the host does not know them, as `claimed`."""
        if isinstance(weights, str) and weights in self._trained:
            return self._trained[weights]
        own = [training.seq for training in trainings if training.model == model]
        return claimed if isinstance(claimed, int) and not isinstance(claimed, bool) and claimed in own else None

    def measured(
        self, header: Mapping[str, Any], use: DataUse, rows: Scored | None, fetch: Callable[[], list[Array]]
    ) -> TestScore | None:
        """What the host finds with the weights that `header` names on `rows`; `fetch` has the sandbox send them.

        `None` where data, labels or model are not known well enough.
        """
        weights = header.get("weights")
        if rows is None or not isinstance(weights, str) or not self._desk.scores(header, use.shape):
            return None
        if (weights, rows) not in self._known:
            sent = fetch()
            weights = weights_digest(sent)
            if (weights, rows) not in self._known:
                self._known[weights, rows] = self._desk.score_on(header, use, rows, sent)
        return self._known[weights, rows]


def vouched(history: History, test: TestScore | None) -> bool:
    """Whether the host's own score of the returned weights bears out what a sandbox says of its training.

    Some epoch's validation accuracy (without one, training accuracy) must lie near it: the weights need not be those of
    the last epoch.
    """
    if test is None:
        return False
    for prefix in ("val_", ""):
        claims = [values for name in _ACCURACIES if (values := history.metrics.get(prefix + name))]
        if claims:
            return any(abs(value - test.accuracy) <= _NEAR for values in claims for value in values)
    return False
