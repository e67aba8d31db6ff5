"""Messages between labgrade's own processes: each kind travels whole, and what is none is refused by its type."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import get_args

import pytest

from grader.sandbox import control
from grader.sandbox.contract import Ended, Limits
from grader.sandbox.control import (
    ConditionAnswer,
    ConditionRequest,
    ContainerRequest,
    Failed,
    Forked,
    Left,
    Message,
    MessageError,
    Order,
    Ready,
    Refused,
    Running,
    Setup,
    StudentRequest,
    TrainerRequest,
    Unavailable,
    control_pair,
    decode,
    encode,
    receive_message,
    send_message,
)

MESSAGES: list[Message] = [
    Setup("a:main", "", ["numpy"], "auto"),
    StudentRequest(Limits(wall_seconds=7.0), 2),
    TrainerRequest({"A": "b", "C": None}, None),
    TrainerRequest({}, 1 << 30),
    ConditionRequest(),
    ContainerRequest("a:main", [], Limits(), 1),
    Ready("landlock", {"namespaces": "user id map: no"}, 1.5),
    Unavailable({"landlock": "too old"}),
    Forked(77),
    ConditionAnswer("abc"),
    Running(),
    Left(-9),
    Refused("Landlock: no"),
    Failed("OSError: no"),
    Ended("timed out", "It ran for 7 s.", "wall", 7.1, 7.0, False, 7.2, 3.0, 1 << 20),
    Ended("finished", ""),
    Order("pause"),
]


def test_every_kind_travels_whole():
    """What is sent is what arrives, kind by kind."""
    assert {type(message) for message in MESSAGES} == set(get_args(control.Message))
    ours, theirs = control_pair()
    with ours, theirs:
        for message in MESSAGES:
            send_message(ours, message)
            assert receive_message(theirs, 5.0) == (message, [])


@pytest.mark.parametrize("wrong", [None, "x", -1.5, True, [], {}, [["x"]], {"a": {"b": 1}}], ids=repr)
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_field_of_another_type_is_refused_or_fits(message, wrong):
    """Whatever stands in a field: either the message is refused, or the field holds what its type says."""
    for field in fields(message):
        content = json.loads(encode(message)) | {field.name: wrong}
        try:
            arrived = decode(json.dumps(content).encode())
        except MessageError:
            continue
        assert type(arrived) is type(message)
        assert encode(arrived) == json.dumps(content).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b'{"kind": "Nothing"}',
        b'{"kind": ["Running"]}',
        b'{"kind": "Left"}',
        b'{"kind": "Left", "code": true}',
        b'{"kind": "Running", "more": 1}',
        b'{"kind": "Order", "what": "dance"}',
        b'{"kind": "StudentRequest", "limits": {"wall_seconds": -1}, "threads": 2}',
        b'{"kind": "StudentRequest", "limits": {"walls": 1}, "threads": 2}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=lambda data: repr(data[:40]),
)
def test_what_is_no_message_is_refused(data):
    """Other kinds, missing, foreign and wrong fields, limits out of bounds, and what is no JSON."""
    with pytest.raises(MessageError):
        decode(data)
