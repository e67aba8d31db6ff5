"""Nothing that a student's function does, or says, gets it marks that it did not earn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from function_trials import Tried

from grader.functions.calls import FaultError, Reply, Returned, answer_of
from grader.recorder import functions
from grader.records import FunctionTested

WRONG = """
def softmax(x):
    return np.zeros(len(x))
"""
ATTACKS = {
    "numpy.testing replaced": """
        import numpy.testing
        numpy.testing.assert_allclose = numpy.testing.assert_equal = lambda *a, **k: None
        np.allclose = np.isclose = np.array_equal = lambda *a, **k: True
        """,
    "an array that equals everything": """
        class Yes(np.ndarray):
            def __eq__(self, other):
                return True
            def __array_function__(self, *a):
                return True
            def __array_ufunc__(self, *a, **k):
                return np.zeros(3)
        def softmax(x):
            return np.zeros(len(x)).view(Yes)
        """,
    "the caller's frames searched": """
        import sys
        def softmax(x):
            frame = sys._getframe()
            while frame:
                for name, value in list(frame.f_locals.items()):
                    if "expect" in name or "desired" in name or "right" in name:
                        return value
                frame = frame.f_back
            return np.zeros(len(x))
        """,
    "answers forged on the channel": """
        import gc, json, struct
        def softmax(x):
            from grader.sandbox.frames import Channel
            for found in gc.get_objects():
                if isinstance(found, Channel):
                    for call in range(200):
                        found.send({"type": "answer", "call": call, "status": "passed", "share": 1.0})
            return np.zeros(len(x))
        """,
    "raw bytes on the channel": """
        import os
        def softmax(x):
            os.write(3, b"\\x00\\x00\\x00\\x10" * 1000)
            return np.zeros(len(x))
        """,
    "the probe's own functions replaced": """
        def softmax(x):
            import grader.probe.function_calls as values
            values.Parcel.pack = lambda self, value, depth=0: {"kind": "right", "array": 10**9}
            return np.zeros(len(x))
        """,
    "a pickle": """
        class Evil:
            def __reduce__(self):
                import os
                return os.system, ("touch /tmp/labgrade-pwned",)
        def softmax(x):
            out = np.empty(len(x), dtype=object)
            out[:] = [Evil() for _ in x]
            return out
        """,
    "an exception that lies": """
        class Passed(AssertionError):
            share = 1.0
            def __str__(self):
                raise SystemExit(0)
        def softmax(x):
            raise Passed("passed")
        """,
    "a name like the answer": """
        __labgrade__ = {}
        def softmax(x):
            __labgrade__[("softmax", "")] = lambda y: y
            return np.zeros(len(x))
        """,
    "an alarm of its own": """
        import signal
        def softmax(x):
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            while True:
                pass
        """,
}


def share(event: FunctionTested) -> float:
    """Share of the question's points, 0 to 1."""
    return math.fsum(case.credit * case.share for case in event.cases) / math.fsum(c.credit for c in event.cases)


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_earn_nothing(tried: Tried, attack: str) -> None:
    """A wrong softmax stays wrong, whatever stands beside it; it may spoil the group's other functions at most."""
    relu = "def relu(x):\n    return np.maximum(x, 0)"
    events = tried(WRONG, ATTACKS[attack], relu, placed={0: "25", 1: "25", 2: "21"})
    assert share(events["25"]) <= 0.06, [(case.title, case.message) for case in events["25"].cases]
    assert not events["25"].trouble
    assert share(events["21"]) == 1.0 or attack == "the probe's own functions replaced"


def test_a_function_that_sleeps(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting uses no processor time, and is ended all the same."""
    monkeypatch.setattr(functions, "WALL_FACTOR", 1)
    event = tried("import time\ndef softmax(x):\n    time.sleep(1000)", placed={0: "25"})["25"]
    assert share(event) == 0.0
    assert "did not end" in event.cases[0].message


def test_same_code_same_outcome(tried: Tried) -> None:
    """Two runs of the same code give the same record, random weights included."""
    code = "def fully_connected(x, n):\n    return x.ravel() @ np.random.rand(x.size, n) + np.random.rand(n)"
    assert tried(code) == tried(code)


def test_random_draws_are_held_apart_from_the_layer(tried: Tried) -> None:
    """A layer that draws its weights anew in every call is still known as a weighted sum."""
    code = "def dense(x, units, bias):\n    return np.random.randn(units, x.size) @ x.flatten() + bias"
    assert share(tried(code)["24"]) == 1.0


def test_nothing_handed_in(tried: Tried) -> None:
    """Without functions each question says that none was found, and nothing is run."""
    assert {event.function for event in tried("x = 1").values()} == {None}


def test_another_questions_function_is_not_taken(tried: Tried) -> None:
    """A rectifier does not stand in for the normalisation that is missing."""
    events = tried("def relu(x):\n    return np.maximum(x, 0)", placed={0: "21"})
    assert events["21"].function == "relu"
    assert [events[question].function for question in ("20", "22", "23", "24", "25")] == [None] * 5


def test_code_without_a_function_is_pointed_at(tried: Tried) -> None:
    """Steps worked out at the top level are shown to a person; values written down are not."""
    events = tried("e = np.exp(z)\np = e / e.sum()", "kernel = np.zeros((3, 3, 2))", placed={0: "25", 1: "20"})
    assert events["25"].computing == 0
    assert events["20"].computing is None


def test_how_it_is_called_cannot_be_known(tried: Tried) -> None:
    """A helper that wants what nobody knows is named, not tried."""
    event = tried("def normalize(x, mean, sd):\n    return (x - mean) / sd", placed={0: "23"})["23"]
    assert event.called == "normalize(x, mean, sd)"
    assert event.cases == ()


def test_work_left_to_a_library_is_said(tried: Tried) -> None:
    """A function that only calls a library is judged by its answers, and the library is named."""
    code = "from scipy.special import softmax as ready\ndef softmax(x):\n    return ready(x)"
    assert "scipy.special.softmax" in tried(code)["25"].remarks[0]


def test_broken_cells_keep_their_functions(tried: Tried) -> None:
    """A cell that does not parse, or stops before the definition, does not take its functions along."""
    events = tried(
        "softmax(undefined)\ndef softmax(x):\n    e = np.exp(x - x.max())\n    return e / e.sum()",
        "def relu(x):\n    return np.maximum(0, x)\nthis is no Python",
    )
    assert share(events["25"]) == share(events["21"]) == 1.0


def test_globals_and_helpers(tried: Tried) -> None:
    """A function may read names that the code set, and call others."""
    code = """
        SIZE = 2
        shift = np.full((1,), 0.0)
        def helper(x): return x - x.max() + shift
        def softmax(x): return np.exp(helper(x)) / np.sum(np.exp(helper(x)))
        """
    assert share(tried(code)["25"]) == 1.0


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply("returned", Returned("array", array=7)), "no array"),
        (Reply("returned", Returned("items")), "no array"),
        (Reply("returned", Returned("items", items=(Returned("array", array=1),)), [np.ones(2)]), "no array"),
        (Reply("returned"), "nothing"),
        (Reply("raised", error="`x`", message="`y`", text="`z`"), "It stops with"),
        (Reply("returned", Returned("other", "x`y")), "no array of numbers"),
    ],
)
def test_replies_are_data(reply: Reply, said: str) -> None:
    """A reply that no honest probe would send is the function's fault, and its text cannot break out of a sentence."""
    with pytest.raises(FaultError, match=said) as fault:
        answer_of(reply)
    assert str(fault.value).count("`") % 2 == 0
