"""What the host and the trainer's process say to each other. Both sides are labgrade's own; arrays travel beside.

`data` brings an array under its digest; `train` and `score` ask; `epoch` tells of one just done; `trained`, `scored`,
`missing` (arrays that were let go and are to be sent again) and `failed` answer. `ready` comes first.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

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
