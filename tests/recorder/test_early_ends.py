"""Runs that end early, through the real recorder: what was recorded before counts, and the limit is named."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.long]

FIRST = """
import ctypes, os, signal, keras, numpy as np, matplotlib.pyplot as plt
def answer(x): return x
print("before")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
model.compile("sgd", "mse")
plt.plot([1, 2], label="kept"); plt.show()
"""


@pytest.mark.parametrize(
    ("dies", "limits", "status", "limit"),
    [
        ("os._exit(0)", {}, "crashed", None),
        ("os._exit(7)", {}, "crashed", None),
        ("ctypes.string_at(0)", {}, "crashed", None),
        ("os.abort()", {}, "crashed", None),
        ("os.kill(os.getpid(), signal.SIGKILL)", {}, "killed", None),
        ("import time\nwhile True: time.sleep(0.01)", {"wall_seconds": 10.0}, "timed out", "wall"),
        ("while True: pass", {"cpu_seconds": 3}, "timed out", "cpu"),
        ('os.write(2, b"what():  std::bad_alloc"); os.abort()', {}, "out of memory", "memory"),
        (
            "import mmap\nx = []\nwhile True: x.append(mmap.mmap(-1, 8 << 20)); x[-1].write(b'1' * (8 << 20))",
            {"memory_bytes": 400 << 20},
            "out of memory",
            "memory",
        ),
    ],
)
def test_what_was_recorded_before_is_kept(record: Any, dies: str, limits: Any, status: str, limit: str | None) -> None:
    """However cell 2 ends the process, cell 1 is recorded in full, and the outcome names cell, limit and numbers."""
    recording = record(FIRST, dies, "print('never')", **limits).recording
    kinds = [event.kind for event in recording.events if event.cell == 0]
    assert {"printed", "built", "compiled", "figure", "function"} <= set(kinds)
    assert not [event for event in recording.events if event.cell == 2]
    outcome = recording.outcome
    assert (outcome.status, outcome.limit, outcome.last_cell) == (status, limit, 1), outcome
    if limit:
        assert outcome.observed is not None
        assert outcome.allowed is not None
        assert "allowed" in outcome.message


def test_memory_that_is_refused_fails_the_cell_alone(record: Any) -> None:
    """A request for too much memory is an error of its cell; the next cell runs."""
    source = "import numpy as np; np.ones(10**12)", "import tensorflow as tf; tf.zeros([10**6, 10**6])", "print('on')"
    recording = record(*source).recording
    failed = [event.error for event in recording.events if event.kind == "failed"]
    assert failed[0] in ("MemoryError", "_ArrayMemoryError")
    assert failed[1] == "ResourceExhaustedError"
    assert recording.outcome.status == "finished"
    assert any(event.kind == "printed" and "on" in event.text for event in recording.events)


def test_figures_left_open_in_a_script_are_kept(record: Any) -> None:
    """A script draws over several pieces and shows its figures at its end: what was drawn before counts."""
    pieces = (
        "import os, matplotlib.pyplot as plt\nplt.plot([1, 2, 4], label='loss')",
        "plt.figure(2); plt.plot([3, 1]); plt.figure(3); plt.plot([9, 9]); plt.close(3); plt.figure(1)",
        "plt.title('late'); plt.legend()",
        "os._exit(0)",
        "plt.show()",
    )
    recording = record(*pieces, file="hand_in.py").recording
    figures = [event.figure for event in recording.events if event.kind == "figure"]
    assert [figure.axes[0].title for figure in figures] == ["late", ""]
    assert figures[0].axes[0].lines[0].y == (1.0, 2.0, 4.0)
    assert figures[0].axes[0].legend == ("loss",)
    assert recording.outcome.last_cell == 3


def test_figures_that_were_shown_are_kept_once(record: Any) -> None:
    """A figure that was shown before the run ended is no draft any more."""
    pieces = ("import os, matplotlib.pyplot as plt\nplt.plot([1, 2])", "plt.title('shown'); plt.show()", "os._exit(0)")
    recording = record(*pieces, file="hand_in.py").recording
    figures = [event.figure for event in recording.events if event.kind == "figure"]
    assert [figure.axes[0].title for figure in figures] == ["shown"]
    assert figures[0].svg
