"""What a training may cost. All of its numbers stand here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from grader.records.limits import BudgetChoices
from grader.training.budget.graph import model_size
from grader.training.budget.size import Shape, Size

_GIB = 1 << 30
_NUMBER_BYTES = 4
_WIDE_BYTES = 8
"""Of one number in single and in double precision."""
_COPIES = 4
"""Weights, their gradients, and the two numbers that an optimizer such as Adam keeps of each."""
_THERE_AND_BACK = 3
"""A step forward and back costs three times the step forward."""
_ROWS_AT_ONCE = 1_000


class OverBudgetError(Exception):
    """A training that would cost more than it may; the message says what, and how much."""


@dataclass(frozen=True)
class Budget:
    """What one training may cost, checked on its configuration before anything is built."""

    parameters: int = 100_000_000
    """Weights of the model."""
    operations: float = 2e16
    """Additions and multiplications of the whole training: some days of two processor cores, minutes of a large GPU."""
    memory_bytes: int = 8 * _GIB
    """Of the trainer's process beyond the warm image: data, weights, and what a batch leaves for the way back."""
    seconds: float = 1800.0
    """Wall time of one training. A lab's own time, found on its reference solution, may shorten it."""
    all_seconds: float = 14_400.0
    """Wall time of all trainings that one submission has the trainer run. A lab's own time may shorten it."""
    scoring_seconds: float = 1_800.0
    """Wall time of all scorings of weights that one submission sends: its own clock stands still meanwhile."""
    trainings: int = 1_000
    """Trainings of one submission."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"budget {field.name} must be a positive number, not {value!r}")


_CHOSEN = {"memory": "memory_bytes", "time": "seconds", "all_time": "all_seconds", "scoring_time": "scoring_seconds"}


def chosen_budget(*choices: BudgetChoices) -> Budget:
    """The budget in force: of `choices` a later one stands above those before it, and all above the defaults."""
    chosen = {name: value for choice in choices for name, value in choice if value is not None}
    return Budget(**{_CHOSEN.get(name, name): value for name, value in chosen.items()})


def training_size(
    model: Mapping[str, Any],
    input_shape: Shape | None,
    fit: Mapping[str, Any],
    rows: int,
    data_bytes: int,
    budget: Budget,
) -> Size:
    """The size of a canonical model that is to be trained on `rows` examples.

    `fit` holds canonical fit arguments, `data_bytes` the bytes of all arrays. Raises `OverBudgetError`, and
    `NotExpressibleError` where the size cannot be worked out.
    """
    size = model_size(model, input_shape)
    _within(size.parameters, budget.parameters, "{:,} weights")
    number = _WIDE_BYTES if _is_wide(model) else _NUMBER_BYTES
    batch = min(fit["batch_size"], rows)
    memory = 3 * data_bytes + number * (_COPIES * size.parameters + 2 * batch * size.kept)
    memory += number * 3 * size.widest * rows_at_once(size, budget)
    _within(memory / _GIB, budget.memory_bytes / _GIB, "{:.1f} GiB of memory")
    epochs = fit["epochs"] - fit["initial_epoch"]
    operations = _THERE_AND_BACK * size.operations * rows * max(epochs, 0)
    _within(operations, budget.operations, "{:.1e} operations")
    return size


def rows_at_once(size: Size, budget: Budget) -> int:
    """Rows of one batch of an evaluation: a thousand, or fewer where their outputs would fill the memory."""
    room = budget.memory_bytes // 4
    return max(1, min(_ROWS_AT_ONCE, room // (3 * _WIDE_BYTES * max(size.widest, 1))))


def _within(needed: float, allowed: float, words: str) -> None:
    if needed > allowed:
        many = f"{min(needed, 1e300):.3g}" if needed >= 1e15 else words.split()[0].format(needed)
        unit = words.split(" ", 1)[1]
        raise OverBudgetError(f"it needs {many} {unit}, and {words.format(allowed)} are allowed")


def _is_wide(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("dtype") == "float64" or any(_is_wide(item) for item in value.values())
    return isinstance(value, list) and any(_is_wide(item) for item in value)
