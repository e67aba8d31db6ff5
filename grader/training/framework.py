"""What a deep-learning framework must bring to be trained with: one object, made in the trainer's process.

Keras' stands in `keras/engine.py`. A second framework is a folder beside it, with an object of its own; the trainer
chooses by the name that a training's specification gives (`TrainingSpec.framework`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from grader.records import Array
from grader.training.spec import CompileConfig, Configuration, FitConfig, LossConfig

Tell: TypeAlias = Callable[[int, Mapping[str, float]], None]
"""Called after each epoch with its number, from 1, and its metrics by name."""


@dataclass(frozen=True, eq=False)
class Task:
    """One training, with its arrays."""

    architecture: Configuration
    compile: CompileConfig
    fit: FitConfig
    x: Array
    """(rows, *example)."""
    y: Array
    """(rows, *target)."""
    row_weights: Array | None
    """(rows,) float32: how much each row counts in the loss; `None` when all count alike."""
    validation: tuple[Array, Array] | None
    """Rows and targets that are measured after each epoch."""
    start: Sequence[Array]
    """Weights, then the optimizer's variables where there are any, that it goes on from; empty for fresh ones."""
    seed: int
    """Of initial weights, dropout and batch order."""
    deadline: float
    """`time.monotonic` seconds."""
    rows_at_once: int
    """Rows of one batch of a validation or a prediction."""


class TrainedModel(Protocol):
    """A model with its weights, as a framework holds it."""

    def predict(self, rows: Array) -> Array:
        """The model's outputs (n, *output) for `rows` (n, *example)."""

    def weights(self) -> list[Array]:
        """All weights, in the order in which the framework takes them back."""

    def optimizer(self) -> list[Array]:
        """The optimizer's variables, in its own order; empty for a model that was not trained here."""


class Framework(Protocol):
    """A framework in the trainer's process. What it raises over a model's own fault goes back as its message."""

    def start(self, threads: int) -> str:
        """Set up `threads` threads and determinism; the device that trains: `cpu`, or the GPU's name."""

    def train(self, task: Task, tell: Tell) -> tuple[TrainedModel, dict[str, list[float]], list[float]]:
        """(model, history by metric, wall seconds per epoch). Raises `TimeoutError` past the task's deadline, and
        `MemoryError` where the memory did not do."""

    def model(self, architecture: Configuration, weights: Sequence[Array], rows_at_once: int) -> TrainedModel:
        """The model of `architecture` with `weights` that came from elsewhere."""

    def loss(self, loss: LossConfig, targets: Array, outputs: Array) -> float:
        """The mean loss of `outputs` against `targets`; NaN where the two do not fit together."""

    def forget(self) -> None:
        """Let go of every model held: after a fault the next training finds a clean process."""
