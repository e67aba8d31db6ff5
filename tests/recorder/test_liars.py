"""Student code that lies: what it replaces, forges or digs up earns it nothing that the host knows better."""

from __future__ import annotations

from typing import Any

import pytest

from grader.recorder.host import Recorded

pytestmark = pytest.mark.slow

DATA = """
import numpy as np, keras
(x, y), (t, u) = keras.datasets.mnist.load_data()
x, t = x.reshape(-1, 784) / 255, t.reshape(-1, 784) / 255
"""
MODEL = """
model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
"""
FIT = "history = model.fit(x, y, epochs=2, verbose=0)"
CHANNEL = """
import gc
from grader.sandbox.frames import Channel
from grader.probe.link import Link
channel = next(item for item in gc.get_objects() if isinstance(item, Channel))
link = next(item for item in gc.get_objects() if isinstance(item, Link))
"""


def events(recorded: Recorded, kind: str) -> list[Any]:
    return [event for event in recorded.recording.events if event.kind == kind]


def test_true_evaluation_is_confirmed(record: Any) -> None:
    """The host's own evaluation agrees with an honest one, on the test set and on parts of it that it was shown."""
    whole = (
        "model.evaluate(t, u, verbose=0); model.evaluate(t[:50], u[:50], verbose=0); model.evaluate(x, y, verbose=0)"
    )
    recorded = record(DATA, MODEL, FIT, whole)
    (trained,) = recorded.recording.trainings()
    for evaluated, rows in zip(events(recorded, "evaluated"), (100, 50, 400), strict=True):
        assert evaluated.measured.rows == rows
        assert evaluated.measured.accuracy == pytest.approx(evaluated.claimed_accuracy, abs=1e-6)
        assert not evaluated.disputed
        assert evaluated.trained == trained.seq
    assert events(recorded, "evaluated")[0].measured == trained.test


@pytest.mark.parametrize(
    "lie",
    [
        # the method that Keras itself calls
        "from keras.src.backend.tensorflow.trainer import TensorFlowTrainer as T\n"
        "from grader.probe.keras import hooks\n"
        "from grader.probe.messages import ModelEvaluated, with_fields\n"
        "hooks.sendable_weights, real = (lambda m: real(m)), hooks.sendable_weights\n"
        "link.ask, ask = (lambda h, a=(): ask(with_fields(h, metrics={'loss': 0.0, 'accuracy': 0.99}) "
        "if isinstance(h, ModelEvaluated) else h, a)), link.ask",
        # a metric that is always right
        "keras.metrics.SparseCategoricalAccuracy.result = lambda self: 0.99\n"
        "keras.metrics.MeanMetricWrapper.result = lambda self: np.float32(0.99)",
    ],
    ids=["forged answer", "patched metric"],
)
def test_false_evaluation_is_recognised(record: Any, lie: str) -> None:
    """An accuracy of 0.99 for weights that have a tenth of it is seen for what it is."""
    recorded = record(DATA, MODEL, CHANNEL, lie, "model.build((None, 784)); model.evaluate(t, u, verbose=0)")
    (evaluated,) = events(recorded, "evaluated")
    assert evaluated.claimed_accuracy == pytest.approx(0.99)
    assert evaluated.measured.accuracy < 0.6
    assert evaluated.disputed


def test_weights_of_another_model_cannot_be_named(record: Any) -> None:
    """Naming the digest of well-trained weights gives those weights' score, with the training that made them."""
    lie = (
        "from grader.probe.keras import hooks\n"
        "good = [w.copy() for w in model.get_weights()]\n"
        "hooks.sendable_weights = lambda m: good"
    )
    fit = FIT.replace("epochs=2", "epochs=20, batch_size=4")
    recorded = record(DATA, MODEL, fit, lie, MODEL + "model.build((None, 784)); model.evaluate(t, u, verbose=0)")
    (trained,) = recorded.recording.trainings()
    (evaluated,) = events(recorded, "evaluated")
    assert trained.test.accuracy > 0.8
    assert evaluated.disputed
    assert evaluated.trained == trained.seq


def test_forged_native_training_is_not_vouched_for(record: Any) -> None:
    """A training that never was, with a perfect history, is kept as the process's word alone."""
    forge = """
from grader.probe.keras import describe
from grader.probe.descriptions import (DataReference, FitDescription)
from grader.probe.messages import (FitReported)
model.build((None, 784))
link.ask(FitReported(why="x", model="m9", description=describe.describe_model(model),
    compile=describe.describe_compile(model), fit=FitDescription(epochs=2), seconds=(1.0, 1.0),
    history={"accuracy": (0.98, 0.99), "val_accuracy": (0.98, 0.99)}, train=DataReference(rows=400, used=400)),
    WEIGHTS)
"""
    recorded = record(
        DATA, MODEL, CHANNEL, forge.replace("WEIGHTS", "()"), forge.replace("WEIGHTS", "model.get_weights()")
    )
    assert [trained.vouched for trained in recorded.recording.trainings()] == [False, False]


def test_honest_native_training_is_vouched_for(record: Any) -> None:
    """A callback of the group's own trains inside; the host's score of the weights bears its history out."""
    own = "class Mine(keras.callbacks.Callback):\n    pass\n"
    fit = "model.fit(x, y, epochs=3, batch_size=8, verbose=0, validation_data=(t, u), callbacks=[Mine()])"
    (trained,) = record(DATA, MODEL, own + fit).recording.trainings()
    assert trained.native is not None
    assert trained.vouched
    assert trained.test is not None


@pytest.fixture(scope="module")
def honest(record: Any) -> Any:
    """The training of an honest group."""
    return record(DATA, MODEL, FIT).recording.trainings()[0]


@pytest.mark.parametrize(
    "patch",
    [
        "import numpy; numpy.allclose = lambda *a, **k: True; numpy.array_equal = numpy.allclose",
        "import builtins; builtins.isinstance = lambda *a: True",
        "import builtins; builtins.len = lambda *a: 10",
        "import json; json.dumps = lambda *a, **k: '{}'; json.loads = lambda *a, **k: {}",
        "import sys; sys.settrace(lambda *a: (_ for _ in ()).throw(SystemExit()))",
        "import sys, io; sys.stdout = io.StringIO(); sys.stderr = None",
        "keras.Model.fit = lambda self, *a, **k: type('H', (), {'history': {'accuracy': [0.99, 0.99]}})()",
        "keras.Model.evaluate = lambda self, *a, **k: [0.0, 0.99]",
        "import hashlib; hashlib.sha256 = lambda *a: type('D', (), {'hexdigest': lambda s: '0' * 64})()",
        "from grader.probe.keras import fitting; fitting.digest = lambda a: '0' * 64",
        "from grader.probe.keras import objects; objects.are_weights_touched = lambda m: False",
        "import time; time.time = time.perf_counter = time.monotonic = lambda: 0.0",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    ],
)
def test_patched_pieces_change_no_measurement(record: Any, honest: Any, patch: str) -> None:
    """Whatever is replaced inside: a history and a score that the host gives are those of its own training."""
    recorded = record(DATA, MODEL, patch, FIT, "model.evaluate(t, u)", wall_seconds=30.0)
    trainings = recorded.recording.trainings()
    assert len(trainings) <= 1
    assert all(trained.history.metrics == honest.history.metrics for trained in trainings)
    assert all(trained.test == honest.test for trained in trainings)
    scores = [event.measured for event in events(recorded, "evaluated") if event.trained is not None]
    assert all(score in (None, honest.test) for score in scores)


@pytest.mark.parametrize(
    "forged",
    [
        '{"type": "trained", "cell": 3, "history": {"accuracy": [1.0]}, "seconds": [], "seq": 0, "steps": 1}',
        '{"type": "evaluated", "cell": 3, "metrics": {"accuracy": 1.0}}',
        '{"type": "printed", "cell": 0, "text": "Epoch 1/1"}',
        '{"type": "cell", "cell": 1}',
        '{"type": "log", "cell": 3, "epochs": [], "declared_epochs": 1}',
        '{"type": "picture", "cell": 3, "image": {"media_type": "image/png", "data": ""}}',
        '{"type": "verdict", "cell": 3, "points": 100}',
        '{"type": "trained", "cell": 3, "history": {}}',
        '{"cell": 3}',
    ],
)
def test_forged_frames_end_the_run(record: Any, forged: str) -> None:
    """What the probe never says, under whatever cell, ends the run; what was before it counts."""
    recorded = record(DATA, MODEL, CHANNEL, f"channel.send({forged})", "print('never')")
    assert recorded.recording.outcome.status == "killed"
    assert not recorded.recording.trainings()
    assert "never" not in "".join(event.text for event in events(recorded, "printed"))
    assert events(recorded, "compiled")


def test_process_that_stops_listening_is_ended_by_its_own_clock(record: Any) -> None:
    """One that asks for a training and then neither sends nor reads does not hold the host up."""
    stall = "channel.send({'type': 'load_data', 'cell': 3, 'name': 'mnist'}); import time; time.sleep(600)"
    fit = "link.ask = lambda *a, **k: time.sleep(600)"
    for source in (stall, "import time\n" + fit + "\n" + FIT):
        recorded = record(DATA, MODEL, CHANNEL, source, wall_seconds=3.0)
        assert recorded.recording.outcome.status == "timed out"


def test_invisible_lines_are_not_drawn(record: Any) -> None:
    """A curve that nobody can see is not in the figure."""
    plot = """
import matplotlib.pyplot as plt
plt.plot([1, 2], visible=False); plt.plot([1, 2], alpha=0); plt.plot([1, 2], linestyle="None"); plt.plot([3, 4], "o")
plt.show()
"""
    (figure,) = events(record(plot), "figure")
    assert [line.y for line in figure.figure.axes[0].lines] == [(3.0, 4.0)]
