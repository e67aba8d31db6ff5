"""Every message between the probe and the host, as types that both sides read.

A message travels as the header of a frame: a JSON object whose `type` names its class here, and whose other members
are that class's fields, no more and no fewer than it has. What a type does not allow is no message: `from_probe` and
`from_host` raise `MessageError` for it, and nothing else. Types bound what one message may hold; how much a whole
recording may hold is the event log's business.

The probe's side of the line is not believed. That a message is of its type says that it can be read, not that it is
true. This module is imported beside student code, so that it rests on msgspec, plain facts and the format
of frames alone.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from grader.facts.causes import Cause
from grader.probe.descriptions import (
    CompileDescription,
    Count,
    Curve,
    Curves,
    DataReference,
    Digest,
    FigureDescription,
    FitDescription,
    Json,
    Metrics,
    ModelDescription,
    NothingReturned,
    Part,
    Phrase,
    Returned,
)
from grader.sandbox.frames import JsonObject


class MessageError(ValueError):
    """A header that is no message of its side."""


class _Message(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """A message."""


class _Said(_Message, frozen=True, kw_only=True):
    """A message of the probe that belongs to a cell."""

    cell: int = -1
    """Index of the cell that runs. `Link` fills it in."""


LineNumber = Annotated[int, Meta(ge=1, lt=1 << 31)]
"""Line of a cell, from 1."""

# What the probe says happened, which nobody answers


class CellBegun(_Said, frozen=True, kw_only=True, tag="cell"):
    """A cell begins to run: whatever follows belongs to it."""


class EpochEnded(_Said, frozen=True, kw_only=True, tag="epoch"):
    """An epoch of a training inside the sandbox is over, counted from 1."""

    epoch: Count
    epochs: Count


class FiguresDrafted(_Said, frozen=True, kw_only=True, tag="drafts"):
    """What the open figures show so far: that counts if the run ends here."""

    figures: tuple[FigureDescription, ...] = ()


class CellsFinished(_Said, frozen=True, kw_only=True, tag="finished"):
    """All cells have run."""


class Printed(_Said, frozen=True, kw_only=True, tag="printed"):
    """Text appeared under the cell."""

    text: str
    stream: Literal["stdout", "stderr", "result"] = "stdout"


class FigureShown(_Said, frozen=True, kw_only=True, tag="figure"):
    """A figure was shown, or saved and closed."""

    figure: FigureDescription


class FunctionDefined(_Said, frozen=True, kw_only=True, tag="function"):
    """A function was defined at top level."""

    name: Phrase
    parameters: Annotated[tuple[Phrase, ...], Meta(max_length=1_000)] = ()


class CellFailed(_Said, frozen=True, kw_only=True, tag="failed"):
    """A statement of the cell raised, or the whole cell is no Python."""

    error: Phrase
    message: Phrase
    line: LineNumber | None = None
    """Line of the cell that the error passed last."""
    statement: tuple[LineNumber, LineNumber] | None = None
    """First and last line of the statement at the cell's top level; `None` for a cell that could not be read."""
    cause: Cause = "code"
    what: Phrase = ""
    """What was missing, where the cause is not the group's code: `the network`."""
    follows: Annotated[int, Meta(ge=0, lt=1 << 31)] | None = None
    """Number of the failure that it follows from, counted from 0 in the order in which they were told."""
    went_on: bool = False
    """The statement cost itself alone: those below it in the cell were run."""


class Noted(_Said, frozen=True, kw_only=True, tag="noted"):
    """Something was done for the student's code, or met on the way."""

    topic: Literal["shim", "skipped", "warning"]
    """`limit` is the host's own word."""
    name: Phrase
    message: Phrase


class _AboutModel(_Said, frozen=True, kw_only=True):
    model: Annotated[str, Meta(max_length=20)]
    """Identity of the model object within the recording, such as `m3`."""
    description: ModelDescription


class _AboutCompiledModel(_AboutModel, frozen=True, kw_only=True):
    compile: CompileDescription = CompileDescription()


class ModelCompiled(_AboutCompiledModel, frozen=True, kw_only=True, tag="compiled"):
    """`compile` was called."""


class SummaryShown(_AboutModel, frozen=True, kw_only=True, tag="summary"):
    """`summary` was called."""


class ModelPredicted(_AboutModel, frozen=True, kw_only=True, tag="predicted"):
    """`predict` or the model itself was called on data."""

    trained: int | None = None
    """The host's number of the training that the weights come from."""
    data: DataReference
    output_shape: Annotated[tuple[int, ...], Meta(max_length=8)] = ()


class ModelSaved(_AboutModel, frozen=True, kw_only=True, tag="model_saved"):
    """A model or its weights were saved to a file."""

    trained: int | None = None
    what: Literal["model", "weights"] = "model"
    ending: Annotated[str, Meta(max_length=12)] = ""
    written: bool = False


# What the probe asks


class FitAsked(_AboutCompiledModel, frozen=True, kw_only=True, tag="fit"):
    """`fit` was called: is the host to train? Answers: `Send`, `FitDone`, `FitHere`, `FitUnavailable`."""

    fit: FitDescription
    rows: Annotated[int, Meta(ge=0, lt=1 << 31)]
    """Rows of training before the effort cut. A split may leave none."""
    validation_rows: Annotated[int, Meta(ge=0, lt=1 << 31)] = 0
    digests: Annotated[tuple[Digest, ...], Meta(min_length=2, max_length=4)]
    """Of rows and labels, and of those of the validation."""
    start: Count = 0
    """Arrays (weights, variables of the optimizer) that a continued training begins with."""


class FitReported(_AboutCompiledModel, frozen=True, kw_only=True, tag="native"):
    """A training ran inside the sandbox; its weights come along. Answer: `Kept`."""

    why: Annotated[str, Meta(max_length=300)]
    fit: FitDescription
    history: Curves
    seconds: Curve
    train: DataReference | None = None
    validation: DataReference | None = None
    shown: DataReference | None = None
    """Data that the model is used on now, where it was trained in a loop of its own code."""


class DataOffered(_Said, frozen=True, kw_only=True, tag="data"):
    """Does the host know these arrays? Answers: `Known`, `Send`."""

    digests: Annotated[tuple[Digest, ...], Meta(max_length=2)]
    rows: Count


class ModelEvaluated(_AboutCompiledModel, frozen=True, kw_only=True, tag="evaluated"):
    """`evaluate` was called. Answers: `Kept`, `Send` for the weights."""

    trained: int | None = None
    data: DataReference
    metrics: Metrics
    plain: bool = False
    """Whether all rows counted alike."""
    weights: Digest | None = None


class DatasetAsked(_Said, frozen=True, kw_only=True, tag="load_data"):
    """A data set of the framework's own was asked for. Answers: `ArraysSent`, `DatasetMissing`."""

    name: Annotated[str, Meta(max_length=100)]


class ArraysSent(_Message, frozen=True, kw_only=True, tag="arrays"):
    """Arrays that were asked for, in either direction."""

    cell: int = -1


class WeightsSent(_Said, frozen=True, kw_only=True, tag="weights"):
    """A model's weights, which the host asked for."""


class FunctionsReady(_Message, frozen=True, tag="functions"):
    """Functions can be called."""


class CallAnswered(_Message, frozen=True, kw_only=True, tag="answer"):
    """What a call did. Its arrays: those of `value`, then the array arguments as they were afterwards."""

    call: int
    status: Literal["returned", "raised", "too long", "too large"]
    value: Returned = NothingReturned()
    after: Annotated[int, Meta(ge=0, lt=1 << 16)] = 0
    """How many array arguments come along."""
    error: Annotated[str, Meta(max_length=60)] = ""
    message: Annotated[str, Meta(max_length=300)] = ""
    text: Annotated[str, Meta(max_length=120)] = ""
    """The line that raised."""


class Done(_Message, frozen=True, tag="done"):
    """The probe has nothing more to say."""


Event: TypeAlias = (
    CellBegun
    | EpochEnded
    | FiguresDrafted
    | CellsFinished
    | Printed
    | FigureShown
    | FunctionDefined
    | CellFailed
    | Noted
    | ModelCompiled
    | SummaryShown
    | ModelPredicted
    | ModelSaved
)
Question: TypeAlias = FitAsked | FitReported | DataOffered | ModelEvaluated | DatasetAsked
AboutModel: TypeAlias = (
    ModelCompiled | SummaryShown | ModelPredicted | ModelSaved | FitAsked | FitReported | ModelEvaluated
)
FromProbe: TypeAlias = Event | Question | ArraysSent | WeightsSent | FunctionsReady | CallAnswered | Done


# What the host asks for and answers


class CellJob(Part, frozen=True, kw_only=True):
    """A cell to run."""

    index: int
    source: str
    flush: bool
    """Whether figures are collected after it."""


class CandidateJob(Part, frozen=True, kw_only=True):
    """A function that may be called."""

    name: str
    source: str
    last: bool
    """Whether the name means this definition in the end."""


class RunCells(_Message, frozen=True, kw_only=True, tag="run"):
    """Run the cells, then serve calls of `functions` if there are any. The contents of `files` come along as bytes."""

    effort: str
    """Which share of the rows trainings see: a key of `rows.TRAIN_ONE_IN`."""
    threads: int
    cells: tuple[CellJob, ...]
    files: tuple[str, ...] = ()
    functions: tuple[CandidateJob, ...] = ()
    redraw: int = 0
    """Added to every seed, also to those that the code sets: a lab's solution, run again, draws other numbers."""


class RunDefinitions(_Message, frozen=True, kw_only=True, tag="define"):
    """Run definitions alone, then serve calls."""

    definitions: tuple[str, ...]
    functions: tuple[CandidateJob, ...]


class CallArgument(Part, frozen=True, kw_only=True):
    """One argument of a call: an array of the frame, or a plain value."""

    name: str
    place: Literal["constructor", "call"]
    keyword: bool
    array: int | None = None
    value: Json = None


class Call(_Message, frozen=True, kw_only=True, tag="call"):
    """Call a function. Answer: `CallAnswered`."""

    call: int
    """Number of the call, which its answer repeats."""
    candidate: int
    arguments: tuple[CallArgument, ...]
    seed: int
    seconds: float
    """Of processor time."""
    wall: float
    most_bytes: int


class Enough(_Message, frozen=True, tag="enough"):
    """No more calls."""


class Send(_Message, frozen=True, tag="send"):
    """Send the arrays that were named."""


class Known(_Message, frozen=True, tag="known"):
    """The host knows the data."""


class Kept(_Message, frozen=True, kw_only=True, tag="kept"):
    """Taken note of, under the number `seq` where it is a training."""

    seq: int | None = None


class FitDone(_Message, frozen=True, kw_only=True, tag="trained"):
    """The host has trained; weights and variables of the optimizer come along."""

    history: dict[str, tuple[float, ...]]
    seconds: tuple[float, ...]
    seq: int
    steps: int
    """Batches an epoch."""


class FitHere(_Message, frozen=True, kw_only=True, tag="train_here"):
    """The training cannot be told as configuration: train inside."""

    why: str


class FitUnavailable(_Message, frozen=True, kw_only=True, tag="unavailable"):
    """The training is not to be had."""

    why: str


class DatasetMissing(_Message, frozen=True, kw_only=True, tag="missing"):
    """The data set is not to be had."""

    why: str


FromHost: TypeAlias = (
    RunCells
    | RunDefinitions
    | Call
    | Enough
    | Send
    | Known
    | Kept
    | FitDone
    | FitHere
    | FitUnavailable
    | DatasetMissing
    | ArraysSent
)

_Some = TypeVar("_Some", bound=Struct)

# Bound now: student code may replace what these modules offer, but not what is held here.
_convert, _to_builtins, _replace = msgspec.convert, msgspec.to_builtins, msgspec.structs.replace
_InvalidError = msgspec.ValidationError
_MOST_OF_AN_ERROR = 160
_convert({"type": "enough"}, FromHost)
"""Resolves the types of fields, which msgspec does at first use: not among what student code has left of `typing`."""


def from_probe(header: JsonObject) -> FromProbe:
    """The message in the header of a frame that the probe sent. Raises `MessageError`."""
    try:
        message: FromProbe = _convert(header, FromProbe, strict=True)
    except (_InvalidError, RecursionError) as error:
        raise MessageError(_printable(error)) from None
    return message


def from_host(header: JsonObject) -> FromHost:
    """The message in the header of a frame that the host sent. Raises `MessageError`."""
    try:
        message: FromHost = _convert(header, FromHost, strict=True)
    except (_InvalidError, RecursionError) as error:
        raise MessageError(_printable(error)) from None
    return message


def header_of(message: FromProbe | FromHost) -> JsonObject:
    """The message as the header of a frame. Raises `TypeError` for a value that is no JSON."""
    header: JsonObject = _to_builtins(message, str_keys=True, enc_hook=_plain_value)
    return header


def with_fields(message: _Some, **fields: object) -> _Some:
    """A message, or a part of one, with other values in these fields."""
    return _replace(message, **fields)


def _plain_value(value: object) -> Json:
    """Subclasses of numbers and texts, such as NumPy's, as what they are."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"a {type(value).__name__} is no part of a message")


def _printable(error: BaseException) -> str:
    """What is wrong, without what a sandbox might write to a terminal: the names of unknown fields are its own."""
    text = str(error)[:_MOST_OF_AN_ERROR]
    return "".join(sign if sign.isprintable() else "?" for sign in text)
