"""The values of a metric in a history, under any of its spellings."""

from __future__ import annotations

from grader.facts.keras import canonical_metric
from grader.records import History


def values_of(history: History, metric: str) -> tuple[float, ...] | None:
    """The values of `metric` in any of its spellings, one per epoch; `None` when it was not recorded."""
    if metric in history.metrics:
        return history.metrics[metric]
    wanted = canonical_metric(metric)
    return next((values for name, values in history.metrics.items() if canonical_metric(name) == wanted), None)
