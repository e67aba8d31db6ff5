"""Which models a class built, how often, and how many trainings they had in common."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from grader.records.result import ModelSummary, Result
from grader.reports.pages.layers import layer_words

MOST_MODELS = 20


@dataclass(frozen=True)
class Definition:
    """A model as several submissions define it."""

    layers: str
    """In words, from the first to the last."""
    parameters: int | None
    matched: str | None
    """The reference model it was held against, where all agree."""
    groups: int
    """Submissions that have it."""
    accuracy: float | None
    """Median over the groups of the last validation accuracy (training where none was measured), 0 to 1."""


@dataclass(frozen=True)
class Sharing:
    """Trainings that a class asked for, and how many different ones there were."""

    asked: int
    distinct: int
    epochs_asked: int
    epochs_distinct: int


def definitions(results: Mapping[str, Result]) -> tuple[Definition, ...]:
    """The most frequent first."""
    found: dict[tuple[str, int | None], dict[str, list[ModelSummary]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(results):
        for model in results[name].models:
            words = " – ".join(layer_words(layer, varied=True) for layer in model.layers)
            found[words or "layers unknown", model.parameters][name].append(model)
    rows = [
        Definition(words, parameters, _agreed(groups), len(groups), _accuracy(groups))
        for (words, parameters), groups in found.items()
    ]
    rows.sort(key=lambda row: (-row.groups, row.matched or "~", row.layers))
    return tuple(rows[:MOST_MODELS])


def sharing(results: Mapping[str, Result]) -> Sharing:
    """Trainings with equal histories were one training."""
    asked, epochs = 0, 0
    distinct: dict[tuple[object, ...], int] = {}
    for result in results.values():
        for model in result.models:
            for history in model.histories:
                length = max((len(values) for values in history.values()), default=0)
                asked, epochs = asked + 1, epochs + length
                distinct[tuple(sorted((name, tuple(map(repr, values))) for name, values in history.items()))] = length
    return Sharing(asked, len(distinct), epochs, sum(distinct.values()))


def _agreed(groups: Mapping[str, list[ModelSummary]]) -> str | None:
    names = {model.matched for models in groups.values() for model in models}
    return names.pop() if len(names) == 1 else None


def _accuracy(groups: Mapping[str, list[ModelSummary]]) -> float | None:
    last = [value for models in groups.values() if (value := _last(models)) is not None]
    return median(last) if last else None


def _last(models: list[ModelSummary]) -> float | None:
    for model in models:
        for history in model.histories:
            for name in ("val_accuracy", "val_acc", "accuracy", "acc"):
                values = history.get(name, ())
                if values and math.isfinite(values[-1]):
                    return values[-1]
    return None
