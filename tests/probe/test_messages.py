"""Every message is of its type, or none: what is of its type arrives as it was sent, what is not is refused as such."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_strategies import JSON, headers

from grader.probe import descriptions, messages
from grader.probe.messages import FromHost, FromProbe, MessageError, from_host, from_probe, header_of
from grader.records import Axes, Band, ErrorBars, Figure, Line
from grader.sandbox.frames import Caps, Channel, FrameError

PROBE, HOST = get_args(FromProbe), get_args(FromHost)


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ways to every value inside `value`, itself included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(spot for key, item in inner for spot in spots(item, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """`value` with `new` at the end of `path`."""
    if not path:
        return new
    if isinstance(value, list):
        return [put(item, path[1:], new) if at == path[0] else item for at, item in enumerate(value)]
    return {key: put(item, path[1:], new) if key == path[0] else item for key, item in value.items()}


ODD = JSON | st.sampled_from(
    [
        *(True, -1, 1 << 31, 1 << 53, 1 << 64, 10**400, -(10**400), 1.0, 1e400, float("nan"), "x" * 9_000, "", "done"),
        *(
            [],
            {},
            [[]],
            [None],
            {"type": "cell"},
            {"kind": "none"},
            [0] * 401,
            {"": 0},
            {str(n): 0.0 for n in range(41)},
        ),
    ]
)


def tried(header: Any) -> tuple[FromProbe | None, str]:
    """The message in a header, and why there is none."""
    try:
        return from_probe(header), ""
    except MessageError as error:
        return None, str(error)


def same(first: Any, second: Any) -> bool:
    """Whether two messages are equal, where NaN equals itself."""
    return repr(first) == repr(second)


@pytest.mark.parametrize("kind", PROBE, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_the_probe_says_arrives_as_it_was_said(kind: type, data: st.DataObject) -> None:
    """Any message of its type is read as that type, and written and read again it is the same."""
    message = from_probe(data.draw(headers(kind)))
    assert type(message) is kind
    assert same(from_probe(json.loads(json.dumps(header_of(message)))), message)


@pytest.mark.parametrize("kind", HOST, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_the_host_says_arrives_as_it_was_said(kind: type, data: st.DataObject) -> None:
    """The same for the other direction."""
    message = from_host(data.draw(headers(kind)))
    assert type(message) is kind
    assert same(from_host(json.loads(json.dumps(header_of(message)))), message)


@pytest.mark.parametrize("kind", PROBE, ids=lambda kind: kind.__name__)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_changed_message_is_read_or_refused(kind: type, data: st.DataObject) -> None:
    """Whatever stands wherever in it, no other exception comes out; and what is read keeps to its type's bounds."""
    header = data.draw(headers(kind))
    changed = put(header, data.draw(st.sampled_from(spots(header))), data.draw(ODD))
    message, refusal = tried(changed)
    assert refusal.isprintable()
    assert len(refusal) <= 200
    if message is not None:
        assert same(from_probe(json.loads(json.dumps(header_of(message)))), message)


@pytest.mark.parametrize("kind", PROBE, ids=lambda kind: kind.__name__)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_no_field_is_missing_or_too_many(kind: type, data: st.DataObject) -> None:
    """A field that the type does not know is refused, and so is a message without one that it must have."""
    header = data.draw(headers(kind))
    with pytest.raises(MessageError, match="unknown field"):
        from_probe(header | {"more": 1})
    for field in msgspec.structs.fields(kind):
        if field.required:
            with pytest.raises(MessageError, match="missing"):
                from_probe({name: value for name, value in header.items() if name != field.name})


@pytest.mark.parametrize(
    "header", [{}, {"type": None}, {"type": "event", "kind": "cell"}, {"type": "verdict"}, [], None]
)
def test_what_has_no_type_is_no_message(header: Any) -> None:
    """Neither an unknown type nor none, nor what is no object."""
    with pytest.raises(MessageError):
        from_probe(header)


def test_the_host_does_not_take_its_own_words_for_the_probes() -> None:
    """Only arrays travel in both directions under one name."""
    tags = [{kind.__struct_config__.tag for kind in side} for side in (PROBE, HOST)]
    assert tags[0] & tags[1] == {"arrays"}


def test_deep_nesting_is_refused() -> None:
    """A description that never ends is no message."""
    value: dict[str, Any] = {"kind": "none"}
    for _ in range(50_000):
        value = {"kind": "items", "items": [value]}
    with pytest.raises(MessageError):
        from_probe({"type": "answer", "call": 1, "status": "returned", "value": value})


@pytest.mark.parametrize(
    ("described", "record"),
    [
        (descriptions.LineDrawn, Line),
        (descriptions.ErrorBarsDrawn, ErrorBars),
        (descriptions.BandDrawn, Band),
        (descriptions.AxesDrawn, Axes),
        (descriptions.FigureDescription, Figure),
    ],
)
def test_figures_are_described_field_by_field(described: type[msgspec.Struct], record: Any) -> None:
    """A described figure has the fields of the record that it becomes, and leaves out what the record does."""
    assert set(described.__struct_fields__) == set(record.model_fields)
    for field in msgspec.structs.fields(described):
        assert field.required == record.model_fields[field.name].is_required()


@settings(max_examples=40, deadline=None)
@given(figure=headers(descriptions.FigureDescription))
def test_any_described_figure_becomes_a_record(figure: dict[str, Any]) -> None:
    """What the type allows, the record takes."""
    described = msgspec.convert(figure, descriptions.FigureDescription)
    assert same(Figure.model_validate(described, from_attributes=True), Figure.model_validate(figure))


def test_subclasses_of_numbers_and_texts_travel() -> None:
    """What NumPy makes of a number is told as that number; what is no JSON is refused before it is sent."""
    import numpy as np

    description = descriptions.CompileDescription(loss=np.str_("mse"), optimizer=np.float64(0.5))  # type: ignore[arg-type]
    said = messages.ModelCompiled(cell=0, model="m0", description=descriptions.ModelDescription(), compile=description)
    assert header_of(said)["compile"] == {"loss": "mse", "optimizer": 0.5, "metrics": None}
    with pytest.raises(TypeError, match="no part of a message"):
        header_of(messages.ModelCompiled(cell=0, model="m0", description=said.description, compile=object()))  # type: ignore[arg-type]


def test_messages_fit_frames() -> None:
    """The largest description that the types allow is far below the cap of a frame's header."""
    import socket

    layers = tuple(descriptions.LayerDescription(class_name="n" * 200, name="n" * 200) for _ in range(400))
    said = messages.SummaryShown(cell=0, model="m0", description=descriptions.ModelDescription(layers=layers))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Channel(ours).send(header_of(said))
        header, _ = Channel(theirs).receive(timeout=5)
        assert from_probe(header) == said
        with pytest.raises(FrameError, match="over the cap"):
            Channel(ours, Caps(header_bytes=100)).send(header_of(said))
