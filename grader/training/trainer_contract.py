"""What the trainer's process is asked by the host, and what it asks of a deep-learning framework.

The host's messages are labgrade's own, with arrays beside them: `data` brings an array under its digest; `train` and
`score` ask; `epoch` tells of one just done; `trained`, `scored`, `missing` (arrays that were let go and are to be sent
again) and `failed` answer. `ready` comes first.

A framework brings one object, made in the trainer's process. Keras' stands in `keras/engine.py`; a second framework is
a folder beside it, with an object of its own. The trainer chooses by the name that a training's specification gives
(`TrainingSpec.framework`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, TypedDict

from grader.records import Array
from grader.training.spec import CompileConfig, Configuration, FitConfig, LossConfig


class Data(TypedDict):
    """One array follows."""

    type: Literal["data"]
    digest: str


class Train(TypedDict):
    """Train this; the weights to start from follow."""

    type: Literal["train"]
    framework: str
    architecture: Configuration
    compile: CompileConfig
    fit: FitConfig
    data: dict[str, str | None]
    """Field of `DataDigests` -> digest."""
    seed: int
    limit: float
    """Wall seconds of this training."""
    rows_at_once: int


class ScoreWeights(TypedDict):
    """Score the weights that follow."""

    type: Literal["score"]
    framework: str
    architecture: Configuration
    loss: LossConfig | None
    """`None` where the student's loss is not known: no loss is measured then."""
    label_shape: list[int]
    """Of one target as the student gave it: `[10]` when one-hot, else empty."""
    data: dict[str, str | None]
    """`test_x` and `test_y`."""
    rows_at_once: int


class Ready(TypedDict):
    """The trainer has started."""

    type: Literal["ready"]
    device: str
    """`cpu`, or the GPU's name."""


class Epoch(TypedDict):
    """An epoch is done."""

    type: Literal["epoch"]
    epoch: int
    """From 1."""
    metrics: dict[str, float]


class Trained(TypedDict):
    """The result; weights follow, then the optimizer's variables."""

    type: Literal["trained"]
    history: dict[str, list[float]]
    seconds: list[float]
    """Per epoch."""
    score: dict[str, float] | None
    weights: int
    """How many of the arrays are weights."""


class Scored(TypedDict):
    """The score of weights that were sent; `None` where outputs and targets do not fit together."""

    type: Literal["scored"]
    score: dict[str, float] | None


class Missing(TypedDict):
    """These arrays are not at hand; the request is to be made again."""

    type: Literal["missing"]
    digests: list[str]


class Failed(TypedDict):
    """It could not be done: by a limit of time or memory, or by the model's own fault."""

    type: Literal["failed"]
    fault: Literal["limit", "model"]
    message: str


Request: TypeAlias = Train | ScoreWeights
Answer: TypeAlias = Trained | Scored
Reply: TypeAlias = Epoch | Trained | Scored | Missing | Failed

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
