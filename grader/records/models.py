"""What a recording says of models, data and trainings."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from grader.records.base import Record


class Layer(Record):
    """One layer of a built model."""

    class_name: str
    """Keras' class name, such as `Dense`."""
    name: str
    config: dict[str, JsonValue] = {}
    """Constructor arguments without the name. Nested objects are flat: `{"class_name": "L2", "l2": 1e-06}`."""
    output_shape: tuple[int | None, ...] | None = None
    parameters: int | None = None
    """Number of weights; `None` when the layer was never built."""


class Architecture(Record):
    """A model's layers at one moment. Two models with the same layers share one architecture id."""

    id: str
    """First 12 hex digits of the SHA-256 of the canonical configuration (layer names dropped)."""
    kind: Literal["sequential", "functional", "subclassed"]
    layers: tuple[Layer, ...]
    """In order, input layers left out."""
    input_shape: tuple[int | None, ...] | None = None
    """Per example, without the batch axis."""
    parameters: int | None = None
    """Total number of weights; `None` when never built."""
    trainable_parameters: int | None = None


class CompileArguments(Record):
    """Arguments of `compile`, spelled the way Keras 3 spells them."""

    optimizer: str
    """Keras' class name, such as `SGD`."""
    optimizer_config: dict[str, JsonValue] = {}
    learning_rate: float | None = None
    """The initial rate; of a schedule, its rate at step 0."""
    loss: str | None = None
    """Snake-case name, such as `categorical_crossentropy`; a student's own function as `custom:<name>`."""
    from_logits: bool = False
    metrics: tuple[str, ...] = ()


class FitArguments(Record):
    """Arguments of `fit` as the student wrote them, before any effort cut."""

    batch_size: int
    epochs: int
    initial_epoch: int = 0
    shuffle: bool = True
    verbose: int = 1
    validation: Literal["none", "split", "data"] = "none"
    validation_split: float = 0.0
    callbacks: tuple[dict[str, JsonValue], ...] = ()
    """Each with `class_name` and its arguments."""
    class_weight: dict[str, float] | None = None


class DataUse(Record):
    """Which data a model was trained, evaluated or asked on, found by content on the host."""

    split: Literal["train", "test", "mixed", "unknown"]
    """`mixed` when rows of both stand in it; `unknown` when rows of neither could be recognised."""
    dataset: str | None = None
    """Name such as `mnist`."""
    rows: int
    """Rows that the student gave."""
    used_rows: int
    """Rows left after the effort cut."""
    shape: tuple[int, ...]
    """Per example."""
    scale: float | None = None
    offset: float | None = None
    """`given = scale * original + offset`, when one such pair fits all rows."""
    one_hot: bool | None = None
    labels_agree: float | None = None
    """Share of rows whose label is the data set's own, 0 to 1; `None` when unknown."""


class History(Record):
    """What a training returned, epoch by epoch. NaN is data: a diverged loss."""

    metrics: dict[str, tuple[float, ...]]
    """Keras' names, such as `loss`, `accuracy`, `val_loss`, `val_accuracy`; one value per epoch."""
    epoch_seconds: tuple[float, ...] = ()
    """Wall seconds per epoch, on labgrade's machine, after any effort cut."""

    @property
    def epochs(self) -> int:
        """Epochs completed."""
        return max((len(values) for values in self.metrics.values()), default=0)


class TestScore(Record):
    """Measured by the host with the returned weights on the data set's own test rows and labels."""

    __test__ = False  # pytest would otherwise collect it

    dataset: str
    rows: int
    accuracy: float
    """Share of rows whose arg-max class is the label, 0 to 1."""
    loss: float | None = None
    """The compiled loss (without regularisation) on those rows."""
