"""The host's own evaluation of weights, beside what a student's `evaluate` says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grader.facts.metrics import VALIDATION, is_accuracy_of_classes, split_metric
from grader.probe.messages import ModelEvaluated
from grader.recorder.shown_data import DataHandler
from grader.recorder.trainings import FinishedTraining, TrainingHandler
from grader.records import DataUse, History, Score, Trained
from grader.sandbox.frames import Array
from grader.training.spec import array_digest, canonical_digest

Scored = tuple[str, str]
"""Digests of rows and of their class numbers."""

_NEAR = 0.06
"""How far a validation accuracy may lie from the accuracy on the test set: other rows, and fewer under quick effort."""


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
