"""Any messages of the right types, in any order: the host ends up with a recording, and no handler is surprised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from message_strategies import headers
from test_line import heard

from grader.functions.calls import Answer, FaultError, answer_of
from grader.probe.messages import AboutModel, CallAnswered, FromProbe, from_probe
from grader.recorder.connection import ForgedError
from grader.recorder.functions import reply_of

__all__ = ["heard"]

Message = tuple[dict[str, Any], list[Any]]

ARRAYS = st.lists(
    st.sampled_from(
        [
            *(np.zeros((4, 2), np.float32), np.zeros((4, 3)), np.zeros(4, np.int64), np.zeros((0, 2)), np.float64(1)),
            *(np.full((4, 2), np.nan), np.ones((2, 2), bool), np.zeros((3, 3), np.complex128), np.zeros((1,) * 32)),
        ]
    ).map(np.array),
    max_size=5,
)
LIVELY = [kind for kind in get_args(FromProbe) if kind.__struct_config__.tag not in ("cell", "done", "functions")]


@st.composite
def conversations(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Message]:
    """A cell that begins, and messages under it; those about models tell of some models again and again."""
    about = [
        draw(headers(kind)) for kind in draw(st.lists(st.sampled_from(get_args(AboutModel)), min_size=1, max_size=2))
    ]
    said: list[Message] = [({"type": "cell", "cell": 0}, [])]
    for kind in draw(st.lists(st.sampled_from(LIVELY), max_size=6)):
        header = draw(headers(kind)) | {"cell": 0}
        if "description" in header:
            known = draw(st.sampled_from(about))
            header |= {"model": known["model"], "description": known["description"]}
        said.append((header, draw(ARRAYS)))
        if draw(st.booleans()):
            said.append(({"type": draw(st.sampled_from(["arrays", "weights"])), "cell": 0}, draw(ARRAYS)))
    return said


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(messages=conversations())
def test_any_messages_make_a_recording(heard: Any, caplog: Any, messages: Sequence[Message]) -> None:
    """Whatever the process says, answers or sends, its run ends in an outcome that is its own."""
    caplog.clear()
    recording, _ = heard(messages)
    assert recording.outcome.status in ("killed", "crashed")
    assert not [record for record in caplog.records if "could not be handled" in record.message]
    assert recording.model_validate_json(recording.model_dump_json()).outcome == recording.outcome


@settings(max_examples=150, deadline=None)
@given(header=headers(CallAnswered), arrays=ARRAYS, in_place=st.booleans())
def test_any_answer_is_an_array_or_the_functions_fault(header: Any, arrays: list[Any], in_place: bool) -> None:
    """What a call may answer is taken as an array, told as a fault, or refused as what no probe sends."""
    message = from_probe(header)
    assert isinstance(message, CallAnswered)
    try:
        answer = answer_of(reply_of(message, arrays, 1.0), in_place)
    except (ForgedError, FaultError):
        return
    assert isinstance(answer, Answer)
    assert any(answer.array is array for array in arrays)


def test_an_answer_needs_its_arrays() -> None:
    """One that counts more arrays than came, or brings more than a call may, is forged."""
    answered = CallAnswered(call=1, status="returned", after=2)
    with pytest.raises(ForgedError, match="wrong arrays"):
        reply_of(answered, [np.zeros(1)], 1.0)
    with pytest.raises(ForgedError, match="wrong arrays"):
        reply_of(CallAnswered(call=1, status="returned"), [np.zeros(5 << 20)], 1.0)
