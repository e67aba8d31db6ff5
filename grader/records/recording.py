"""A recording: what happened when a submission's code ran, or what its saved outputs say.

It is made of events, each at its place. `Progress` is told of a run while it goes on.
"""

from __future__ import annotations

from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import Field

from grader.facts.keras import (
    ACCURACY,
    CUSTOM,
    LOSS,
    canonical_metric,
    claims_accuracy,
    is_accuracy_of_classes,
    is_keras_metric,
)
from grader.records.evidence import Architecture, CompileArguments, DataUse, Figure, FitArguments, History, Score
from grader.records.record import Record, RecordedEvent, Scalar
from grader.records.submission import SavedImage

_LEAST_DISPUTE = 0.02


class ModelBuilt(RecordedEvent):
    """A model became complete: at its first compile, summary or fit."""

    kind: Literal["built"] = "built"
    model: str
    """Identity of the model object within the recording, such as `m3`."""
    name: str = ""
    """Keras' own `name`."""
    architecture: str


class Compiled(RecordedEvent):
    """`compile` was called."""

    kind: Literal["compiled"] = "compiled"
    model: str
    architecture: str
    arguments: CompileArguments


class Trained(RecordedEvent):
    """`fit` was called and returned."""

    kind: Literal["trained"] = "trained"
    model: str
    name: str = ""
    architecture: str
    compile: CompileArguments
    fit: FitArguments
    history: History
    train: DataUse
    validation: DataUse | None = None
    replica: int = 0
    """How many trainings of the same content stood before it in this submission."""
    continued: bool = False
    """The weights had been trained or set before."""
    key: str | None = None
    """Content key in the store; `None` when trained natively."""
    native: str | None = None
    """Why it was trained inside the sandbox instead of by the trainer; `None` when the trainer did it."""
    test: Score | None = None
    """`None` when the data set could not be recognised or the weights could not be had."""
    vouched: bool = True
    """Whether labgrade stands for the history: it trained itself, or its own score of the returned weights agrees."""


class Evaluated(RecordedEvent):
    """`evaluate` was called. The metrics are the student process's word; `Trained.test` is the host's."""

    kind: Literal["evaluated"] = "evaluated"
    model: str
    architecture: str
    trained: int | None = None
    """`seq` of the training whose weights it had; `None` when untrained."""
    data: DataUse
    metrics: dict[str, float]
    measured: Score | None = None
    """What the host itself finds with the same weights on the same rows, or on the first of them; `None` where it
    knows neither the model nor what the labels are."""

    meanings: dict[str, str] = {}
    """Name in `metrics` -> what `compile` was given for it: Keras' own spelling, or `custom` for the group's own code.
    A name that is not in it means what it says."""

    def meaning(self, name: str) -> str:
        """The canonical name of one of `metrics`; `custom` for one that is none of Keras'."""
        known = self.meanings.get(name, name)
        return canonical_metric(known) if is_keras_metric(known) else CUSTOM

    @property
    def claimed_accuracy(self) -> float | None:
        """The accuracy that the student's process says: that of Keras, else what code of its own calls one."""
        names = [name for name in self.metrics if is_accuracy_of_classes(self.meanings.get(name, name))]
        names += [name for name in self.metrics if self.meaning(name) == CUSTOM and claims_accuracy(name)]
        return self.metrics[names[0]] if names else None

    @property
    def own_values(self) -> dict[str, float]:
        """Values of metrics that are code of the group's own, whatever they are called, by name."""
        return {name: value for name, value in self.metrics.items() if name != LOSS and self.meaning(name) == CUSTOM}

    def agrees(self, value: float) -> bool:
        """Whether `value` is the accuracy that the host itself measured, as far as its sample of rows tells."""
        if self.measured is None or ACCURACY not in self.measured.metrics:
            return True
        # A sample of n rows strays by its standard error, at most 0.5 / sqrt(n): four of them are no chance.
        sampled = 0.0 if self.measured.rows == self.data.rows else 2.0 / max(self.measured.rows, 1) ** 0.5
        return abs(value - self.measured.accuracy) <= max(_LEAST_DISPUTE, sampled)

    @property
    def disputed(self) -> bool:
        """Whether the host's own evaluation contradicts the accuracy that was said."""
        return self.claimed_accuracy is not None and not self.agrees(self.claimed_accuracy)


class Predicted(RecordedEvent):
    """`predict` or a direct call on data."""

    kind: Literal["predicted"] = "predicted"
    model: str
    architecture: str
    trained: int | None = None
    data: DataUse
    output_shape: tuple[int, ...]


class ModelSaved(RecordedEvent):
    """A model or its weights were saved to a file."""

    kind: Literal["model_saved"] = "model_saved"
    model: str
    architecture: str
    trained: int | None = None
    """`seq` of the training whose weights it had; `None` when untrained."""
    what: Literal["model", "weights"]
    ending: str = ""
    """Of the file's name, such as `.keras`."""
    written: bool = True
    """False when the call raised: a folder that is not there, say."""


class SummaryShown(RecordedEvent):
    """`summary()` was called."""

    kind: Literal["summary"] = "summary"
    model: str
    architecture: str


class Printed(RecordedEvent):
    """Text that appeared under a cell."""

    kind: Literal["printed"] = "printed"
    text: str
    stream: Literal["stdout", "stderr", "result"] = "stdout"


class FigureDrawn(RecordedEvent):
    """A figure was shown."""

    kind: Literal["figure"] = "figure"
    figure: Figure


class PictureSaved(RecordedEvent):
    """A picture stored in a saved output: it can be looked at, its data cannot be read."""

    kind: Literal["picture"] = "picture"
    image: SavedImage


class FunctionDefined(RecordedEvent):
    """A function was defined at top level."""

    kind: Literal["function"] = "function"
    name: str
    parameters: tuple[str, ...] = ()


class CaseOutcome(Record):
    """How a function did in one case. The texts are made by the host, of arrays and of the student's messages."""

    title: str
    credit: float
    """Weight among the question's cases."""
    status: Literal["passed", "partial", "failed", "errored"]
    """`errored`: the case itself or labgrade failed."""
    share: float = Field(ge=0.0, le=1.0)
    """Of its credit."""
    message: str = ""
    """One or two sentences: what is wrong. Empty when it passed."""
    given: str = ""
    """The arguments of the call that went wrong, each under its name."""
    answer: str = ""
    """What came back."""
    expected: str = ""
    """What should have come back."""


class FunctionTested(RecordedEvent):
    """The host tried a question's function on the lab's cases, after the last cell; `cell` is the function's."""

    kind: Literal["function_tested"] = "function_tested"
    question: str
    function: str | None = None
    """Its name; `None` when no function was found for the question."""
    line: int | None = None
    """Line in the cell, from 1."""
    called: str = ""
    """How its arguments were given, such as `pool(fmap, size, stride)`."""
    reason: str = ""
    """What speaks for this function, as the end of a sentence."""
    remarks: tuple[str, ...] = ()
    """One sentence each: conventions of its own, work left to a library."""
    cases: tuple[CaseOutcome, ...] = ()
    computing: int | None = None
    """Where no function was found: index of a cell under the question whose code may answer it all the same."""
    trouble: str = ""
    """Why labgrade could not try it, which is no fault of the submission; else empty."""


class CellFailed(RecordedEvent):
    """A cell raised. The next one ran all the same."""

    kind: Literal["failed"] = "failed"
    error: str
    """Exception class, such as `NameError`."""
    message: str
    line: int | None = None
    """Line in the cell, from 1."""


class Noted(RecordedEvent):
    """Something labgrade did or met on the way, which the report lists."""

    kind: Literal["noted"] = "noted"
    topic: Literal["shim", "skipped", "limit", "warning"]
    name: str
    """Short and stable, such as `np_utils` or `pip install`."""
    message: str
    """One sentence for the reader."""


class LoggedEpoch(Record):
    """One epoch line of a training log."""

    number: int
    """From 1."""
    of: int | None = None
    """`10` in `Epoch 3/10`; `None` when the line is missing."""
    steps: int | None = None
    seconds: float | None = None
    ms_per_step: float | None = None
    metrics: dict[str, float] = {}


class LoggedTraining(RecordedEvent):
    """A training log found in text."""

    kind: Literal["log"] = "log"
    epochs: tuple[LoggedEpoch, ...]
    declared_epochs: int
    """`n` of `Epoch k/n`; 1 when no such line stands there, as Keras omits it only then."""


class LoggedSummary(RecordedEvent):
    """A `model.summary()` found in text."""

    kind: Literal["logged_summary"] = "logged_summary"
    name: str = ""
    layers: tuple[tuple[str, str, int], ...] = ()
    """(class name, output shape as written, parameters)."""
    parameters: int | None = None


class LoggedScore(RecordedEvent):
    """An evaluation found in text: a progress line of `evaluate`, or a printed loss or accuracy."""

    kind: Literal["logged_score"] = "logged_score"
    metrics: dict[str, float]
    text: str
    """The line it stands in."""


Event: TypeAlias = Annotated[
    ModelBuilt
    | Compiled
    | Trained
    | Evaluated
    | Predicted
    | ModelSaved
    | SummaryShown
    | Printed
    | FigureDrawn
    | PictureSaved
    | FunctionDefined
    | FunctionTested
    | CellFailed
    | Noted
    | LoggedTraining
    | LoggedSummary
    | LoggedScore,
    Field(discriminator="kind"),
]


class Outcome(Record):
    """How the run as a whole ended."""

    status: Literal["finished", "timed out", "out of memory", "killed", "crashed", "not run"]
    """`finished` also when cells failed; `not run` for saved testimonies."""
    message: str = ""
    last_cell: int = -1
    """Index of the cell that was running when it ended early."""
    seconds: float = 0.0
    limit: Literal["wall", "cpu", "memory", "processes", "scratch", "files"] | None = None
    """The limit that ended it, by its name in a rubric's `limits:`."""
    observed: float | None = None
    """What was seen of it, in seconds, bytes or a count."""
    allowed: float | None = None
    """What was allowed, in the same unit."""


class Recording(Record):
    """Everything that one run, or the saved outputs, of a submission testifies."""

    version: Literal[1] = 1
    testimony: Literal["saved", "rerun", "reference"]
    events: tuple[Event, ...] = ()
    architectures: dict[str, Architecture] = {}
    data_sources: dict[str, str] = {}
    """Data set -> where it came from, as the report words it."""
    environment: dict[str, Scalar] = {}
    """Versions, device, threads, sandbox provider, effort."""
    outcome: Outcome = Outcome(status="not run")

    @property
    def is_reduced(self) -> bool:
        """Whether its accuracies are lower than the group's own may have been: less data, or stand-in data."""
        return self.environment.get("effort") == "quick" or self.environment.get("standin") is True

    def trainings(self) -> tuple[Trained, ...]:
        """All trainings, in order."""
        return tuple(event for event in self.events if isinstance(event, Trained))


class Progress(Protocol):
    """Told what happens; shows it, or not."""

    def stage(self, name: str) -> None:
        """A stage of the pipeline begins."""

    def cell(self, number: int, of: int) -> None:
        """A cell begins to run; `number` counts from 1."""

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """An epoch of a training was finished."""


class Silence:
    """Progress that nobody watches."""

    def stage(self, name: str) -> None:
        """Say nothing."""

    def cell(self, number: int, of: int) -> None:
        """Say nothing."""

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """Say nothing."""
