"""What a sandbox says is checked and bounded."""

from __future__ import annotations

from typing import Any

import pytest

from grader.probe.descriptions import CompileDescription
from grader.probe.messages import CellBegun, FromProbe
from grader.recorder.connection import ForgedError, receive_message
from grader.recorder.event_log import MAX_EVENTS, EventLog
from grader.recorder.host import cell_jobs
from grader.recorder.keras.architectures import architecture_of
from grader.recorder.keras.settings import compile_arguments
from grader.records import Cell


class Frames:
    """A channel with one frame in it."""

    def __init__(self, header: dict[str, Any]) -> None:
        self.header = header

    def send(self, header: dict[str, Any], arrays: Any = (), timeout: float | None = None) -> None:
        """Nothing is sent."""

    def receive(self, timeout: float | None = None) -> tuple[dict[str, Any], list[Any]]:
        """The frame."""
        return self.header, []


def received(header: dict[str, Any]) -> FromProbe:
    return receive_message(Frames(header))[0]


def said(log: EventLog, **fields: Any) -> None:
    if log.cell < 0:
        log.enter(CellBegun(cell=0))
    log.said(received({"cell": 0, **fields}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "trained", "history": {}},
        {"type": "printed", "text": 5},
        {"type": "printed", "text": "x", "cell": 99},
        {"type": "printed", "text": "x", "cell": True},
        {"type": "printed", "text": "x", "more": 1},
        {"type": "compiled", "model": "m0"},
        {"type": "compiled", "model": "m" * 99, "description": {}},
        {"type": "noted", "topic": "praise", "name": "a", "message": "b"},
        {"type": "figure", "figure": {"axes": [{"lines": [{"x": "no"}]}]}},
        {"type": None},
    ],
)
def test_what_the_probe_never_says_is_forged(fields: dict[str, Any]) -> None:
    """Unknown kinds, wrong types, cells that do not exist and trainings told as events are refused."""
    with pytest.raises(ForgedError):
        said(EventLog(1), **fields)


def test_number_of_events_is_bounded() -> None:
    """A flood of events ends the run."""
    log = EventLog(1)
    for _ in range(MAX_EVENTS):
        said(log, type="printed", text="x")
    with pytest.raises(ForgedError, match="more than"):
        said(log, type="printed", text="x")


_LIST = [0.5] * 5_000
_MODEL = {"model": "m0", "description": {"layers": [], "config": None}}


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "function", "name": "f", "parameters": ["p" * 7_000] * 900},
        {"type": "compiled", **_MODEL, "compile": {"loss": "mse", "optimizer": {"config": {"a" * 400_000: 1}}}},
        {"type": "noted", "topic": "shim", "name": "n" * 7_000, "message": "m" * 7_000},
        {"type": "compiled", **_MODEL, "compile": {"metrics": {str(n): _LIST for n in range(10)}}},
        {"type": "figure", "figure": {"axes": [{"lines": [{"x": [0], "y": [0], "points": 1}] * 500}]}},
    ],
    ids=["function", "compile keys", "noted", "compile numbers", "figure"],
)
def test_all_that_is_said_is_bounded_together(fields: dict[str, Any]) -> None:
    """However a run spreads it over events, no more is kept of it than fits a small part of the memory."""

    def spread() -> None:
        log = EventLog(1)
        for _ in range(MAX_EVENTS):
            said(log, **fields)

    with pytest.raises(ForgedError, match=r"more .*than can be kept"):
        spread()


def test_text_and_pictures_are_bounded() -> None:
    """Past the bounds, text is dropped and figures keep their structure alone."""
    log = EventLog(1)
    for _ in range(4):
        said(log, type="printed", text="x" * 900_000)
        said(log, type="figure", figure={"title": "t", "svg": "x" * 15_000_000})
    texts = [event for event in log.events if event.kind == "printed"]
    figures = [event for event in log.events if event.kind == "figure"]
    assert len(texts) == 2
    assert [bool(event.figure.svg) for event in figures] == [True, True, False, False]


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"config": 5},
        {"config": [[]], "layers": [{"class_name": ""}] * 400, "parameters": 0, "input_shape": [None] * 16},
        {"config": {"class_name": "Sequential", "module": "keras", "config": {"layers": []}}},
    ],
)
def test_odd_descriptions_become_an_architecture(description: dict[str, Any]) -> None:
    """Whatever a sandbox may say of a model becomes a bounded record, never an exception."""
    message: Any = received({"type": "summary", "model": "m0", "description": description})
    architecture = architecture_of(message.description)
    assert architecture.kind == "subclassed"
    assert len(architecture.layers) <= 400


@pytest.mark.parametrize(
    "description",
    [
        {"layers": "no"},
        {"layers": [None]},
        {"layers": [{"class_name": 7}]},
        {"layers": [{"class_name": "Dense", "parameters": -1}]},
        {"layers": [{"class_name": "Dense", "output_shape": {"a": 1}}]},
        {"layers": [{"class_name": "Dense"}] * 401},
        {"parameters": 10**30},
        {"input_shape": [1] * 99},
        {"name": "n" * 201},
        {"colour": "blue"},
    ],
)
def test_impossible_descriptions_are_forged(description: dict[str, Any]) -> None:
    """What the probe never says of a model is refused before anybody looks at it."""
    with pytest.raises(ForgedError):
        received({"type": "summary", "model": "m0", "description": description})


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"optimizer": 5, "loss": 5, "metrics": 5},
        {"optimizer": [], "loss": {}, "metrics": {"a": 1}},
        {"loss": "x" * 9999},
    ],
)
def test_odd_compile_arguments_become_a_record(raw: dict[str, Any]) -> None:
    """Own losses and nonsense are named `custom:` and kept short."""
    arguments = compile_arguments(CompileDescription(**raw))
    assert arguments.optimizer.startswith("custom:")
    assert arguments.loss is None or len(arguments.loss) < 100


def test_own_metrics_are_named_beside_those_of_keras() -> None:
    """A metric of the group's own is told as its own, and costs those beside it nothing."""
    own = {"class_name": "custom:hits", "module": "other", "config": {}}
    wide: Any = {"class_name": "AUC", "module": "keras.metrics", "config": {"num_thresholds": 10**6}}
    given: list[Any] = ["acc", own, ["mae"], wide]
    assert compile_arguments(CompileDescription(metrics=given)).metrics == ("acc", "custom:hits", "mae", "AUC")
    assert len(compile_arguments(CompileDescription(metrics=[own] * 60)).metrics) == 32


def test_figures_are_collected_where_a_notebook_shows_them() -> None:
    """After each cell of a notebook; in a script at its last code cell alone."""
    cells = [
        Cell(index=at, kind=kind, source="", file=file, number=at + 1)
        for at, (kind, file) in enumerate([("code", "a.ipynb"), ("code", "b.py"), ("prose", "b.py"), ("code", "b.py")])
    ]
    assert [(job.index, job.flush) for job in cell_jobs(cells)] == [(0, True), (1, False), (3, True)]
