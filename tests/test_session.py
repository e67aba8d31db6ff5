"""A session is configured once: labs differ in what their trainings may cost, the session that serves them does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import grader
from grader import session as session_module
from grader.batch import job
from grader.errors import TrainerError
from grader.options import Options
from grader.records import (
    BudgetChoices,
    CompileArguments,
    DataUse,
    FitArguments,
    History,
    Outcome,
    Recording,
    Reference,
    Rubric,
    Silence,
    Trained,
)
from grader.session import Session, session_factory
from grader.training.budget import Budget
from grader.training.spec import TrainingResult

OWN_SECONDS = 20.0
"""What the lab's own training took."""


class Elsewhere:
    """A site with a GPU, at which nothing is trained in these tests."""

    device = "a GPU"

    def compute(self, *_: object, **__: object) -> TrainingResult:
        raise TrainerError("not here")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """One that starts nothing, and with a teacher's own choice of memory."""
    options = Options(cache=tmp_path, budget=BudgetChoices(memory=2 << 30))
    with Session(options, Silence(), Elsewhere()) as opened:
        yield opened


def lab(**training: float) -> Rubric:
    return Rubric(version=1, name="lab", title="Lab", questions=(), training=BudgetChoices.model_validate(training))


def reference() -> Reference:
    """A solution with one training of `OWN_SECONDS`."""
    trained = Trained(
        seq=0,
        cell=0,
        model="m0",
        architecture="a",
        compile=CompileArguments(optimizer="SGD"),
        fit=FitArguments(batch_size=1, epochs=2),
        history=History(metrics={}, epoch_seconds=(OWN_SECONDS / 2, OWN_SECONDS / 2)),
        train=DataUse(split="train", rows=10, used_rows=10, shape=(2,)),
    )
    recording = Recording(testimony="reference", events=(trained,), outcome=Outcome(status="finished"))
    return Reference(rubric="lab", recording=recording, models={})


def test_trainings_go_where_the_session_was_told(session: Session) -> None:
    """Device and effort are the site's; no server and no trainer is started for it."""
    assert (session.device, session.effort, session.service.runtime.device) == ("a GPU", "full", "a GPU")
    assert session._server is None


def test_a_training_may_take_what_the_labs_own_ask_for(session: Session) -> None:
    """Thirty times the solution's, where nobody chose a time; the teacher's other choices stay."""
    budget = session._budget(lab(), reference())
    assert (budget.seconds, budget.memory_bytes) == (30 * OWN_SECONDS, 2 << 30)
    assert session._budget(lab()).seconds == Budget().seconds


def test_a_chosen_time_stands(session: Session) -> None:
    """A rubric that says how long a training may take is not shortened by the solution."""
    budget = session._budget(lab(time=1200.0), reference())
    assert budget.seconds == 1200.0
    assert budget.all_seconds == 1800.0, "which nobody chose: half an hour at least"


def test_one_lab_leaves_nothing_to_the_next(session: Session) -> None:
    """The shared service is the same whatever labs it has served, in whatever order."""
    before = session.service.budget
    strict, free = lab(time=60.0, memory=1 << 30), lab()
    first = session._budget(free, reference())
    session._budget(strict, reference())
    assert session._budget(free, reference()) == first
    assert session.service.budget == before


def test_a_factory_is_found_by_its_name() -> None:
    """Workers get the name, as no session travels."""
    assert session_factory("grader.session:Session") is Session


@pytest.mark.parametrize("room", sorted({*session_module._CODE, *job._READS}))
def test_recordings_and_readings_rest_on_rooms_that_exist(room: str) -> None:
    """A room that was renamed would drop out of the digest in silence, and what is stored would never be made anew."""
    assert list((Path(grader.__file__).parent / room).rglob("*.py"))
