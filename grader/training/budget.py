"""What a training may cost, and whether one of a given size does. All of the budget's numbers stand here.

A framework's folder works out the `Size` of a model on its configuration, before anything is built
(`grader/training/keras/cost.py`); what a size costs is the same whoever worked it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TypeAlias

from grader.records import BudgetChoices
from grader.training.spec import FitConfig

Shape: TypeAlias = tuple[int, ...]
"""Of one example, without the batch axis."""

SINGLE_BYTES = 4
DOUBLE_BYTES = 8
"""Of one number in single and in double precision."""
_GIB = 1 << 30
_COPIES = 4
"""Weights, their gradients, and the two numbers that an optimizer such as Adam keeps of each."""
_THERE_AND_BACK = 3
"""A step forward and back costs three times the step forward."""
_ROWS_AT_ONCE = 1_000


class OverBudgetError(Exception):
    """A training that would cost more than it may; the message says what, and how much."""


@dataclass(frozen=True)
class Size:
    """The size of a layer, or of a whole model."""

    shape: Shape
    parameters: int = 0
    """Weights, those that are not trained included."""
    operations: int = 0
    """Of one example on its way forward; a multiplication and an addition count two."""
    kept: int = 0
    """Numbers of one example that a training keeps for its way back."""
    widest: int = 0
    """Numbers in the largest output of one example."""
    layers: tuple[Size, ...] = field(default=(), repr=False)
    """Of the layers in a model, in order, input layers included."""
    exact: bool = True
    """False where `shape` or `parameters` is only an estimate."""
    number_bytes: int = SINGLE_BYTES
    """Of one number that the model computes with."""


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
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"budget {item.name} must be a positive number, not {value!r}")


_FIELDS = {"memory": "memory_bytes", "time": "seconds", "all_time": "all_seconds", "scoring_time": "scoring_seconds"}
"""A choice's name, where it is not the budget's own."""


def chosen_budget(*choices: BudgetChoices) -> Budget:
    """The budget in force: of `choices` a later one stands above those before it, and all above the defaults."""
    chosen = {name: value for choice in choices for name, value in choice if value is not None}
    return Budget(**{_FIELDS.get(name, name): value for name, value in chosen.items()})


def check_budget(size: Size, fit: FitConfig, rows: int, data_bytes: int, budget: Budget) -> None:
    """Refuse to train a model of `size` on `rows` examples where that would cost more than `budget` allows.

    `data_bytes` are those of all arrays, start weights included. Raises `OverBudgetError`.
    """
    _require(size.parameters, budget.parameters, "{:,} weights")
    batch = min(fit["batch_size"], rows)
    memory = 3 * data_bytes + size.number_bytes * (_COPIES * size.parameters + 2 * batch * size.kept)
    memory += size.number_bytes * 3 * size.widest * rows_at_once(size, budget)
    _require(memory / _GIB, budget.memory_bytes / _GIB, "{:.1f} GiB of memory")
    epochs = fit["epochs"] - fit["initial_epoch"]
    operations = _THERE_AND_BACK * size.operations * rows * max(epochs, 0)
    _require(operations, budget.operations, "{:.1e} operations")


def rows_at_once(size: Size, budget: Budget) -> int:
    """Rows of one batch of an evaluation: a thousand, or fewer where their outputs would fill a quarter of the memory.

    Every number counts as one in double precision: that errs on the side of less memory.
    """
    room = budget.memory_bytes // 4
    return max(1, min(_ROWS_AT_ONCE, room // (3 * DOUBLE_BYTES * max(size.widest, 1))))


def _require(needed: float, allowed: float, words: str) -> None:
    if needed > allowed:
        many = f"{min(needed, 1e300):.3g}" if needed >= 1e15 else words.split()[0].format(needed)
        unit = words.split(" ", 1)[1]
        raise OverBudgetError(f"it needs {many} {unit}, and {words.format(allowed)} are allowed")
