"""Names of metrics: one meaning has several spellings in Keras."""

from __future__ import annotations

from grader.records.models import History

_ACCURACIES = (
    "accuracy",
    "acc",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "binary_accuracy",
)
_READABLE = {
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
    "loss": "training loss",
    "val_loss": "validation loss",
}


def plain_metric(name: str) -> str:
    """`accuracy` or `val_accuracy` for every spelling of an accuracy; other names as they are."""
    prefix, stem = ("val_", name[4:]) if name.startswith("val_") else ("", name)
    # Keras numbers the metrics of models that are made one after another: accuracy_3.
    head, _, tail = stem.rpartition("_")
    stem = head if tail.isdigit() and head else stem
    return prefix + ("accuracy" if stem in _ACCURACIES else stem)


def values_of(history: History, metric: str) -> tuple[float, ...] | None:
    """The values of `metric` in any of its spellings, one per epoch; `None` when it was not recorded."""
    if metric in history.metrics:
        return history.metrics[metric]
    wanted = plain_metric(metric)
    return next((values for name, values in history.metrics.items() if plain_metric(name) == wanted), None)


def readable_metric(name: str) -> str:
    """Words for a metric, such as `validation accuracy`."""
    return _READABLE.get(plain_metric(name), name.replace("_", " "))
