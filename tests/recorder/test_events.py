"""What a sandbox says is checked and bounded."""

from __future__ import annotations

from typing import Any

import pytest

from grader.recorder.architectures import architecture_of, compile_arguments
from grader.recorder.events import MAX_EVENTS, EventLog, ForgedError
from grader.recorder.host import jobs
from grader.records.submission import Cell


def said(log: EventLog, **fields: Any) -> None:
    if log.cell < 0:
        log.enter({"cell": 0})
    log.said({"type": "event", "cell": 0, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "trained", "history": {}},
        {"kind": "printed", "text": 5},
        {"kind": "printed", "text": "x", "cell": 99},
        {"kind": "printed", "text": "x", "cell": True},
        {"kind": "printed", "text": "x", "more": 1},
        {"kind": "compiled", "model": "m0"},
        {"kind": "compiled", "model": "m" * 99, "description": {}},
        {"kind": "noted", "topic": "praise", "name": "a", "message": "b"},
        {"kind": "figure", "figure": {"axes": [{"lines": [{"x": "no"}]}]}},
        {"kind": None},
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
        said(log, kind="printed", text="x")
    with pytest.raises(ForgedError, match="more than"):
        said(log, kind="printed", text="x")


_LIST = [0.5] * 5_000
_MODEL = {"model": "m0", "description": {"layers": [], "config": None}}


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "function", "name": "f", "parameters": ["p" * 7_000] * 900},
        {"kind": "compiled", **_MODEL, "compile": {"loss": "mse", "optimizer": {"config": {"a" * 400_000: 1}}}},
        {"kind": "noted", "topic": "shim", "name": "n" * 7_000, "message": "m" * 7_000},
        {"kind": "summary", **_MODEL, "more": {str(n): _LIST for n in range(10)}},
        {"kind": "figure", "figure": {"axes": [{"lines": [{"x": [0], "y": [0], "points": 1}] * 500}]}},
    ],
    ids=lambda fields: fields["kind"],
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
        said(log, kind="printed", text="x" * 900_000)
        said(log, kind="figure", figure={"title": "t", "svg": "x" * 15_000_000})
    texts = [event for event in log.events if event.kind == "printed"]
    figures = [event for event in log.events if event.kind == "figure"]
    assert len(texts) == 2
    assert [bool(event.figure.svg) for event in figures] == [True, True, False, False]


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"config": 5, "layers": "no"},
        {"layers": [None, 3, {"class_name": 7, "parameters": -1, "output_shape": {"a": 1}}]},
        {"layers": [{}] * 5_000, "parameters": 10**30, "input_shape": [1] * 99},
        {"config": {"class_name": "Sequential", "module": "keras", "config": {"layers": []}}},
    ],
)
def test_odd_descriptions_become_an_architecture(description: dict[str, Any]) -> None:
    """Whatever a sandbox says of a model becomes a bounded record, never an exception."""
    architecture = architecture_of(description)
    assert architecture.kind == "subclassed"
    assert len(architecture.layers) <= 400


@pytest.mark.parametrize("raw", [None, 5, {}, {"optimizer": [], "loss": {}, "metrics": {"a": 1}}, {"loss": "x" * 9999}])
def test_odd_compile_arguments_become_a_record(raw: Any) -> None:
    """Own losses and nonsense are named `custom:` and kept short."""
    arguments = compile_arguments(raw)
    assert arguments.optimizer.startswith("custom:")
    assert arguments.loss is None or len(arguments.loss) < 100


def test_figures_are_collected_where_a_notebook_shows_them() -> None:
    """After each cell of a notebook; in a script at its last code cell alone."""
    cells = [
        Cell(index=at, kind=kind, source="", file=file, number=at + 1)
        for at, (kind, file) in enumerate([("code", "a.ipynb"), ("code", "b.py"), ("prose", "b.py"), ("code", "b.py")])
    ]
    assert [(job["index"], job["flush"]) for job in jobs(cells)] == [(0, True), (1, False), (3, True)]
