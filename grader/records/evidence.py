"""What a recording holds as evidence: models, the data that they saw, their trainings and scores, and figures.

A figure is kept as structure: what is plotted, and what is written around it.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import JsonValue, model_validator

from grader.facts.keras import ACCURACY, LOSS, canonical_metric
from grader.records.record import Record

_FIRST_METRICS = (ACCURACY, LOSS)
"""Of a score, in the files of the first edition."""
_SMALLEST_IMAGE = 21
"""Side in pixels from which a picture is an image: smaller ones are matrices or filters."""


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
    class_name: str = ""
    """Of the model itself, such as `Sequential` or a group's own `Net`."""
    input_steps: tuple[Layer, ...] = ()
    """Layers, and operations such as `inputs / 255`, from the input to the first weights; empty where `layers` says the
    same, of a sequential model of standard layers, and of a class that only its code tells."""
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
    """In the order given, as Keras spells them or an object is named; those of the group's own as `custom:<name>`."""


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

    def values_of(self, metric: str) -> tuple[float, ...] | None:
        """The values of `metric` in any of its spellings, one per epoch; `None` when it was not recorded."""
        if metric in self.metrics:
            return self.metrics[metric]
        wanted = canonical_metric(metric)
        return next((values for name, values in self.metrics.items() if canonical_metric(name) == wanted), None)


class Score(Record):
    """How well a model does on a data set's rows, measured by the host with the model's weights. Never the student's
    own word."""

    dataset: str
    """Name such as `mnist`; empty where the rows are of no data set that was recognised."""
    rows: int
    """Rows that were scored."""
    metrics: dict[str, float]
    """Metric -> value. Of classes `accuracy`, the share of rows whose arg-max output is the class, 0 to 1; of numbers
    `mae`, `mse` and `rmse`, in the targets' own unit (squared for `mse`). `loss` is the compiled loss without
    regularisation, where it is known. NaN is data: a diverged model."""

    @model_validator(mode="before")
    @classmethod
    def _from_first_edition(cls, given: object) -> object:
        """The first edition stored an accuracy and a loss as fields of their own."""
        if not isinstance(given, dict) or "metrics" in given or ACCURACY not in given:
            return given
        rest = {name: value for name, value in given.items() if name not in _FIRST_METRICS}
        return rest | {"metrics": {name: given[name] for name in _FIRST_METRICS if given.get(name) is not None}}

    def __hash__(self) -> int:
        # A record with a table in it has no hash of its own, and equal scores are counted in sets.
        return hash((self.dataset, self.rows, tuple(sorted(self.metrics.items()))))

    @property
    def accuracy(self) -> float:
        """The share of rows whose arg-max output is the class, 0 to 1; NaN where the targets are no classes, which is
        near no number and above none."""
        return self.metrics.get(ACCURACY, math.nan)

    @property
    def loss(self) -> float | None:
        """The compiled loss on these rows; `None` where it is not known."""
        return self.metrics.get(LOSS)


class Line(Record):
    """One plotted line. NaN stands for a gap."""

    label: str = ""
    """Text in the legend, empty when none."""
    x: tuple[float, ...]
    y: tuple[float, ...]
    points: int
    """Points that the student plotted; `x` and `y` may be cut to the first few thousand."""


class ErrorBars(Record):
    """One `errorbar` series. `error` is half the bar's height at each point."""

    label: str = ""
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...]


class Band(Record):
    """One `fill_between`: the lowest and highest drawn value at each place, in order of the places."""

    label: str = ""
    x: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class Axes(Record):
    """One set of axes."""

    title: str = ""
    x_label: str = ""
    y_label: str = ""
    x_scale: str = "linear"
    y_scale: str = "linear"
    legend: tuple[str, ...] = ()
    """Texts shown in the legend, in order; empty when none is shown."""
    lines: tuple[Line, ...] = ()
    error_bars: tuple[ErrorBars, ...] = ()
    images: tuple[tuple[int, ...], ...] = ()
    """Shapes of pictures shown with `imshow`."""
    bars: int = 0
    """Rectangles and other patches (`bar`, `hist`)."""
    heights: tuple[float, ...] = ()
    """Of its upright rectangles, in order; cut to the first few thousand."""
    matrices: tuple[tuple[tuple[float, ...], ...], ...] = ()
    """Values, row by row, of what `imshow`, `matshow` or `pcolormesh` shows of at most 20 by 20 numbers."""
    scatters: int = 0
    scattered: tuple[Line, ...] = ()
    """Points of each `scatter`, in the order in which they were given."""
    bands: tuple[Band, ...] = ()


class Figure(Record):
    """A figure as drawn, with a picture of it."""

    title: str = ""
    """The figure's own title (`suptitle`)."""
    axes: tuple[Axes, ...] = ()
    svg: str = ""
    """Vector picture, made inside the sandbox: untrusted. Empty when it was too large."""
    png: str = ""
    """Base64 PNG, made inside the sandbox: untrusted. Only where `svg` is empty."""

    @property
    def has_lines(self) -> bool:
        """Whether any line is plotted."""
        return any(axes.lines for axes in self.axes)

    @property
    def has_images(self) -> bool:
        """Whether it shows pictures that are large enough to be images."""
        return any(min(shape[:2], default=0) >= _SMALLEST_IMAGE for axes in self.axes for shape in axes.images)

    @property
    def has_bars(self) -> bool:
        """Whether it has bars, beside no picture."""
        return any(axes.bars > 2 and not axes.images for axes in self.axes)

    @property
    def has_square_matrix(self) -> bool:
        """Whether it shows a matrix with as many rows as columns."""
        return any(len(matrix) == len(matrix[0]) for axes in self.axes for matrix in axes.matrices)
