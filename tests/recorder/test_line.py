"""The line to a student's process: nothing that comes over it stops the host or holds it up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.probe.messages import DatasetAsked
from grader.recorder.connection import Connection, ForgedError
from grader.recorder.host import Recorder
from grader.recorder.shown_data import DataHandler
from grader.recorder.trainings import TrainingHandler
from grader.records import Cell, Outcome, Recording, Silence
from grader.training.service import TrainingService
from grader.training.spec import DataPool, Runtime, TrainingStore

Message = tuple[dict[str, Any], list[Any]]


class FakeStudent:
    """A process that says what it was given, and notes when its clock runs."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = list(messages)
        self.running = True
        self.waited: list[bool] = []
        self.told: list[dict[str, Any]] = []
        self.channel = self

    def send(self, header: dict[str, Any], arrays: Sequence[Any] = ()) -> None:
        self.told.append(header)
        self.waited.append(self.running)

    def receive(self, timeout: float | None = None) -> Message:
        self.waited.append(self.running)
        if not self.messages:
            raise EOFError
        return self.messages.pop(0)

    def pause_clock(self) -> None:
        self.running = False

    def resume_clock(self) -> None:
        self.running = True

    def kill(self) -> None:
        pass

    def wait(self, timeout: float | None = None) -> Outcome:
        return Outcome(status="crashed")


class NoTrainer:
    """A trainer that never answers."""

    alive = False

    def __init__(self) -> None:
        self.channel = self

    def send(self, header: dict[str, Any], arrays: Sequence[Any] = ()) -> None:
        raise EOFError

    def receive(self, timeout: float | None = None) -> Message:
        raise EOFError

    def kill(self) -> None:
        pass


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Message]], tuple[Recording, FakeStudent]]:
    """Records what a fake process says."""
    folder: Path = tmp_path_factory.mktemp("heard")

    def hear(messages: Sequence[Message]) -> tuple[Recording, FakeStudent]:
        pool = DataPool()
        service = TrainingService(TrainingStore(folder), lambda _: NoTrainer(), pool, Runtime("cpu", 2, ()))
        data = DataHandler(pool, lambda name: None, lambda dataset: pytest.fail("no data set is at hand"))
        desk = TrainingHandler(service, pool, data, "full")
        cells = [Cell(index=at, kind="code", source="", file="a.ipynb", number=at + 1) for at in range(3)]
        student = FakeStudent(messages)
        recorded = Recorder(cells, desk, data, pool, Silence()).record(student, "full", 2)
        return recorded.recording, student

    return hear


def event(kind: str, cell: int = 0, **fields: Any) -> Message:
    return {"type": kind, "cell": cell, **fields}, []


DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3, "activation": "relu"}}
MODEL = {"module": "keras", "class_name": "Sequential", "registered_name": None, "config": {"layers": [DENSE]}}
SGD = {"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.1}, "registered_name": None}
FIT: dict[str, Any] = {
    "type": "fit",
    "cell": 0,
    "model": "m0",
    "description": {"config": MODEL, "name": "m", "layers": [], "parameters": 9, "input_shape": [None, 2]},
    "compile": {"optimizer": SGD, "loss": "mse", "metrics": ["mae"]},
    "fit": {"batch_size": 2, "epochs": 1, "initial_epoch": 0, "callbacks": [], "validation_split": 0.0},
    "rows": 4,
    "digests": ["a", "b"],
    "start": 0,
}
ARRAYS: Message = ({"type": "arrays"}, [np.zeros((4, 2), np.float32), np.zeros((4, 3), np.float32)])


def test_waiting_for_the_process_is_on_its_own_clock(heard: Any) -> None:
    """One that asks for a training and then neither sends nor reads runs into its own limit."""
    recording, student = heard([event("cell"), (FIT, []), ARRAYS])
    assert student.told[-1]["type"] == "unavailable"
    assert all(student.waited)
    assert [event.name for event in recording.events if event.kind == "noted"] == ["training"]


def test_questions_are_counted() -> None:
    """A flood of one kind of question is cut off."""
    line = Connection(FakeStudent([]))
    for _ in range(500):
        line.count(DatasetAsked(name="mnist"))
    with pytest.raises(ForgedError, match="more than"):
        line.count(DatasetAsked(name="mnist"))


@pytest.mark.parametrize(
    "messages",
    [
        [event("cell", 1), event("printed", 0, text="x")],
        [event("cell", 2), event("cell", 1)],
        [event("cell", 0), event("printed", 2, text="x")],
        [event("cell", 7)],
        [event("printed", 0, text="x")],
    ],
)
def test_cells_run_in_order(heard: Any, messages: Sequence[Message]) -> None:
    """No message can be put under a cell that was left or has not begun."""
    recording, _ = heard(messages)
    assert recording.outcome.status == "killed"
    assert not recording.events


@pytest.mark.parametrize(
    "message",
    [
        event("noted", topic="warning", name="a", message="x" * 100_000),
        event("function", name="f", parameters=["a"] * 5_000),
        event("figure", figure={"axes": [{"lines": [{"x": [0.0], "y": [1.0], "points": 1}] * 900_000}]}),
        event("compiled", model="m0", description={"layers": [[0] * 300_000]}),
    ],
)
def test_floods_inside_one_message_are_cut_off(heard: Any, message: Message) -> None:
    """Overlong texts, lists, figures and descriptions end the run before they are kept."""
    recording, _ = heard([event("cell"), message, message, message])
    assert recording.outcome.status == "killed"
    assert len(recording.events) <= 1


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([-1, 0, 10**400, -(10**400), 1e300, float("nan"), float("-inf"), "", "keras", "x" * 300, "\x00"])
    | st.integers(-3, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["class_name", "config", "a"]), inner),
    max_leaves=4,
)
PATHS = [
    (name, *rest)
    for name, value in FIT.items()
    if name != "type"
    for rest in [(), *((inner,) for inner in (value if isinstance(value, dict) else ()))]
] + [
    ("description", "config", "class_name"),
    ("description", "config", "module"),
    ("description", "config", "config"),
    ("description", "config", "config", "layers"),
    ("description", "config", "config", "layers", 0),
    ("description", "config", "config", "layers", 0, "class_name"),
    ("description", "config", "config", "layers", 0, "config"),
    ("description", "config", "config", "layers", 0, "config", "units"),
    ("compile", "optimizer", "class_name"),
    ("compile", "optimizer", "config"),
    ("compile", "optimizer", "config", "learning_rate"),
]


ASKED = ("rows", "validation_rows", "digests", "start")
MODEL_FIELDS = ("model", "description", "compile")
FIELDS = {
    "fit": (*MODEL_FIELDS, "fit", *ASKED),
    "native": (*MODEL_FIELDS, "fit", "history", "seconds", "train", "why"),
    "compiled": MODEL_FIELDS,
    "evaluated": (*MODEL_FIELDS, "metrics", "data", "trained", "weights", "plain"),
    "data": ("digests", "rows"),
}
EXTRA: dict[str, dict[str, Any]] = {
    "native": {"history": {"loss": [1.0]}, "seconds": [0.1], "train": {"rows": 4, "used": 4}, "why": "?"},
    "evaluated": {
        "metrics": {"accuracy": float("nan")},
        "trained": 7,
        "weights": "a",
        "plain": True,
        "data": {"rows": 4, "digest": "a", "labels": "b"},
    },
}
PATHS += [(name,) for fields in EXTRA.values() for name in fields]
PATHS += [("data", name) for name in ("rows", "digest", "labels")]


def changed(value: Any, path: Sequence[Any], odd: Any) -> Any:
    if not path:
        return odd
    if not isinstance(value, dict | list):
        return odd
    if isinstance(value, list):
        return [changed(item, path[1:], odd) if at == path[0] else item for at, item in enumerate(value)]
    return value | {path[0]: changed(value.get(path[0]), path[1:], odd)}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), odd=ODD, kind=st.sampled_from(["fit", "native", "compiled", "evaluated", "data"]))
def test_no_message_breaks_the_host(heard: Any, caplog: Any, path: Sequence[Any], odd: Any, kind: str) -> None:
    """Whatever stands in whatever field, the recording ends in an outcome, and no handler is surprised."""
    header = changed(FIT | {"type": kind} | EXTRA.get(kind, {}), path, odd)
    header = {name: value for name, value in header.items() if name in ("type", "cell", *FIELDS[kind])}
    caplog.clear()
    recording, _ = heard([event("cell"), (header, [np.zeros(1)] if kind == "native" else []), ARRAYS])
    assert recording.outcome.status in ("killed", "crashed")
    assert not [record for record in caplog.records if "could not be handled" in record.message]
