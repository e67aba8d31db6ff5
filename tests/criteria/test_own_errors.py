"""Whose fault an error is: the machine's on which labgrade runs, or one that the group had as well."""

from __future__ import annotations

from fictional_recordings import Stage, matched, mlp, question_of, reference_lab, submission

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.records import CellFailed, SavedOutput

REFERENCE = reference_lab()
MESSAGE = "module 'keras.layers' has no attribute 'Dens'"


def status(stored: str) -> str:
    """The status of a criterion on a model whose cell stops, where `stored` is the error saved under it."""
    stage, work = Stage(), submission()
    stage.add(CellFailed, 4, error="AttributeError", message=MESSAGE)
    cell = work.cells[4].model_copy(update={"outputs": (SavedOutput(kind="error", text=stored),)})
    work = work.model_copy(update={"cells": (*work.cells[:4], cell, *work.cells[5:])})
    asked = question_of("1", {"kind": "trained", "points": 1}, model="small_mlp")
    answered, match = matched(asked, stage, cells=(4,), work=work)
    return verdict_of(asked.criteria[0], Case(answered, match, REFERENCE)).status


def test_an_error_that_the_group_had_too_is_its_own() -> None:
    """A name that Keras does not have may be another version's; not where the group's own run stopped with it."""
    assert status(f"AttributeError: {MESSAGE}") == "failed"
    assert status("ValueError: shapes don't fit") == "errored"


def test_a_class_of_its_own_may_hide_layers() -> None:
    """A subclassed model without the layer asked for goes to a person."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    known = stage.architectures[training.architecture]
    asked = question_of("1", {"kind": "architecture", "points": 1, "must_have": ["Conv2D"]}, model="conv_net")
    found = []
    for kind in ("sequential", "subclassed"):
        stage.architectures[training.architecture] = known.model_copy(update={"kind": kind})
        answered, match = matched(asked, stage, [training])
        found.append(verdict_of(asked.criteria[0], Case(answered, match, REFERENCE)).status)
    assert found == ["failed", "review"]
