"""Frames: what arrives is what was sent, and nothing else gets in."""

from __future__ import annotations

import json
import math
import socket
import struct
import threading

import numpy as np
import pytest

from grader.sandbox.frames import DTYPES, Caps, Channel, FrameError


@pytest.fixture
def ends():
    left, right = socket.socketpair()
    channels = Channel(left), Channel(right, Caps(header_bytes=5000, array_bytes=4096, message_bytes=6000, arrays=4))
    yield (*channels, left)
    for channel in channels:
        channel.close()


def raw(header: object, arrays: object = ()) -> bytes:
    encoded = json.dumps({"header": header, "arrays": list(arrays)}).encode()
    return struct.pack(">I", len(encoded)) + encoded


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (2, 3, 4)])
def test_arrays_round_trip(ends, dtype, shape):
    """Every dtype and shape arrives as it was sent, zero-sized and zero-dimensional ones too."""
    sender, receiver, _ = ends
    sent = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    sender.send({"n": 1}, [sent])
    header, (got,) = receiver.receive(5)
    assert header == {"n": 1}
    assert got.dtype == sent.dtype
    assert got.shape == sent.shape
    assert np.array_equal(got, sent)
    assert got.flags.writeable


def test_strided_and_big_endian_arrays_travel(ends):
    """Views and foreign byte orders arrive with the same values."""
    sender, receiver, _ = ends
    sent = [np.arange(24).reshape(4, 6)[::2, ::-1], np.arange(5, dtype=">f8").astype(">f4"), np.eye(3, order="F")]
    sender.send({}, sent)
    assert all(np.array_equal(got, want) for got, want in zip(receiver.receive(5)[1], sent, strict=True))


def test_not_a_number_survives(ends):
    """A diverged loss is data: NaN and infinities arrive in headers."""
    sender, receiver, _ = ends
    sender.send({"loss": [math.nan, math.inf, -math.inf], "text": "é\n😀"})
    header, _ = receiver.receive(5)
    assert math.isnan(header["loss"][0])
    assert header["loss"][1:] == [math.inf, -math.inf]
    assert header["text"] == "é\n😀"


def test_lone_surrogates_are_replaced_on_the_way_out(ends):
    """Text that no file takes does not stop a message."""
    sender, receiver, _ = ends
    sender.send({"text": "a\ud800b"})
    assert receiver.receive(5)[0] == {"text": "a?b"}


def test_a_large_message_travels(ends):
    """A training set goes through although it is larger than any socket buffer."""
    sender, _, _ = ends
    big = np.random.default_rng(0).integers(0, 255, (3000, 28, 28), np.uint8)
    far = Channel(ends[1]._socket)
    thread = threading.Thread(target=sender.send, args=({}, [big]))
    thread.start()
    assert np.array_equal(far.receive(20)[1][0], big)
    thread.join()


def array(dtype: object = "uint8", shape: object = (1,)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape}


@pytest.mark.parametrize(
    "forged",
    [
        struct.pack(">I", 1 << 31),
        struct.pack(">I", 3) + b"{}}",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 2) + b"\xff\xff",
        struct.pack(">I", 4000) + b"[" * 4000,
        struct.pack(">I", 4900) + b"1" * 4900,
        raw([1]),
        raw({}, [array("object")]),
        raw({}, [array("V8")]),
        raw({}, [array(["uint8"])]),
        raw({}, [array(shape=[-1])]),
        raw({}, [array(shape=[2.0])]),
        raw({}, [array(shape=[True])]),
        raw({}, [array(shape="5")]),
        raw({}, [array(shape=[4097])]),
        raw({}, [array(shape=[2**40, 2**40])]),
        raw({}, [array(shape=[2**80, 0])]),
        raw({}, [array(shape=[0, 2**48, 2**48])]),
        raw({}, [array(shape=[1] * 40)]),
        raw({}, [array(shape=[4000]), array(shape=[4000])]),
        raw({}, [array()] * 5),
        raw({}, [{"dtype": "uint8"}]),
        raw({}, [{**array(), "more": 1}]),
        raw({}, [7]),
    ],
)
def test_forged_frames_are_refused(ends, forged):
    """Whatever is no frame within the caps raises FrameError before anything of its size is made."""
    _, receiver, left = ends
    left.sendall(forged)
    with pytest.raises(FrameError):
        receiver.receive(5)


def test_an_escaped_lone_surrogate_is_refused(ends):
    """A forged string that cannot be encoded would fail much later, in a report."""
    _, receiver, left = ends
    text = rb'{"header":{"a":"\ud800"},"arrays":[]}'
    left.sendall(struct.pack(">I", len(text)) + text)
    with pytest.raises(FrameError):
        receiver.receive(5)


def test_booleans_are_made_clean(ends):
    """A Boolean byte that is neither 0 nor 1 arrives as true."""
    _, receiver, left = ends
    left.sendall(raw({}, [array("bool", [3])]) + bytes([0, 1, 77]))
    (got,) = receiver.receive(5)[1]
    assert got.view(np.uint8).tolist() == [0, 1, 1]


def test_a_time_out_in_the_middle_of_a_frame_loses_nothing(ends):
    """After TimeoutError the next call goes on where the first stopped."""
    _, receiver, left = ends
    frame = raw({"n": 2}, [array("int16", [2])]) + np.array([5, 6], "<i2").tobytes()
    for cut in range(1, len(frame)):
        left.sendall(frame[:cut])
        with pytest.raises(TimeoutError):
            receiver.receive(0.001)
        left.sendall(frame[cut:])
        header, (got,) = receiver.receive(5)
        assert header == {"n": 2}
        assert got.tolist() == [5, 6]


def test_the_end_is_eof(ends):
    """A closed channel raises EOFError, in the middle of a frame too."""
    sender, receiver, left = ends
    left.sendall(b"\0\0")
    sender.close()
    with pytest.raises(EOFError):
        receiver.receive(5)


def test_sending_to_one_who_does_not_read_times_out(ends):
    """A student's process that does not read cannot hold the host for ever."""
    sender, _, _ = ends
    with pytest.raises(TimeoutError):
        sender.send({}, [np.zeros(50_000_000, np.uint8)], timeout=0.2)


def test_what_cannot_travel_is_refused_before_sending(ends):
    """Objects, texts and non-JSON headers raise FrameError, and the channel stays usable."""
    sender, receiver, _ = ends
    for header, arrays in (({}, [np.array([object()])]), ({}, [np.array(["a"])]), ({"x": object()}, [])):
        with pytest.raises(FrameError):
            sender.send(header, arrays)
    sender.send({"ok": True})
    assert receiver.receive(5)[0] == {"ok": True}


def test_a_process_sends_no_more_than_it_may_hold():
    """Arrays beyond the sender's memory limit are refused when they are declared, before any of them is taken."""
    caps = Caps().within(1 << 20)
    assert caps.array_bytes == caps.message_bytes == 1 << 20
    assert Caps().within(1 << 50) == Caps(array_bytes=Caps().array_bytes, message_bytes=Caps().message_bytes)
