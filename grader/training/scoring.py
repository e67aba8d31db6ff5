"""How well a model's outputs agree with what is true, by the metrics that the targets allow."""

from __future__ import annotations

import numpy as np

from grader.facts.keras import ACCURACY
from grader.records import Array


def score(outputs: Array, targets: Array) -> dict[str, float] | None:
    """Metric -> value of `outputs` (n, ...) against `targets` (n, ...); `None` where the two do not fit together.

    Whole-number targets (n,) or (n, 1) are class numbers and want one output a class: `accuracy` is the share of rows
    whose arg-max output is the class. Other targets are numbers, and want as many outputs: `mae`, `mse` and `rmse` over
    all of them.
    """
    return _class_score(outputs, targets) if are_classes(targets) else _number_score(outputs, targets)


def are_classes(targets: Array) -> bool:
    """Whether targets (n, ...) are class numbers: one whole number a row."""
    return targets.dtype.kind in "iub" and targets.size == len(targets)


def _class_score(outputs: Array, targets: Array) -> dict[str, float] | None:
    classes = targets.reshape(-1).astype(np.int64)
    if outputs.ndim != 2 or not len(classes) or outputs.shape[1] <= classes.max():
        return None
    return {ACCURACY: float(np.mean(outputs.argmax(axis=1) == classes))}


def _number_score(outputs: Array, targets: Array) -> dict[str, float] | None:
    # Rows of one number come as (n,) from one side and as (n, 1) from the other: both are flattened a row.
    if not len(targets) or len(outputs) != len(targets) or outputs.size != targets.size:
        return None
    given = outputs.reshape(len(outputs), -1).astype(np.float64)
    errors = given - targets.reshape(len(targets), -1).astype(np.float64)
    squared = float(np.mean(errors**2))
    return {"mae": float(np.mean(np.abs(errors))), "mse": squared, "rmse": squared**0.5}
