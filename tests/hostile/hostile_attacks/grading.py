"""Cheats: what changes the probe, the libraries or the model may not earn a mark."""

from __future__ import annotations

from hostile_attack import HONEST, LINK, WEAK, Attack

_WITHOUT_ACCURACY = 9.0
"""What the honest work is worth but for its accuracy on the test set."""
_PLOT = """
import matplotlib.pyplot as plt
plt.plot([0.5, 0.99], label="training"); plt.plot([0.6, 0.99], label="validation")
plt.title("Accuracy"); plt.xlabel("epoch"); plt.ylabel("accuracy"); plt.legend(); plt.show()
"""


def _cheat(name: str, code: str, instead: str = WEAK, before: bool = True, **more: object) -> Attack:
    ends = more.pop("ends", ("finished", "killed", "crashed", "timed out"))
    return Attack(name, code, instead=instead, before=before, marks="not gained", ends=ends, **more)  # type: ignore[arg-type]


GRADING = (
    _cheat(
        "comparison functions replaced",
        """
import math, numpy, numpy.testing
numpy.allclose = numpy.isclose = numpy.array_equal = math.isclose = lambda *a, **k: True
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *a, **k: None
import builtins, operator
builtins.all = builtins.any = operator.eq = lambda *a: True
""",
    ),
    _cheat(
        "fit replaced by an invention",
        """
import keras
class Invented:
    history = {"accuracy": [0.5, 0.99], "val_accuracy": [0.6, 0.99], "loss": [1.0, 0.01], "val_loss": [1.0, 0.01]}
    epoch = [0, 1]
keras.Model.fit = lambda self, *a, **k: Invented()
keras.Sequential.fit = keras.Model.fit
""",
    ),
    _cheat(
        "evaluate and predict replaced",
        """
import keras
keras.Model.evaluate = lambda self, *a, **k: [0.01, 0.99]
print("Test accuracy: 0.99")
""",
    ),
    _cheat(
        "history edited before the plot",
        "",
        WEAK.replace(
            'plt.plot(history.history["acc',
            "history.history['accuracy'] = [0.5, 0.99]; history.history['val_accuracy'] = [0.6, 0.99]\n"
            'plt.plot(history.history["acc',
            1,
        ),
    ),
    _cheat("an invented plot", _PLOT, before=False),
    _cheat(
        "the weights of a native training doctored",
        """
import keras, numpy
class Own(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs is not None: logs.update(accuracy=0.99, val_accuracy=0.99)
fit = keras.Model.fit
keras.Model.fit = lambda self, *a, **k: fit(self, *a, **{**k, "callbacks": [Own()]})
""",
    ),
    _cheat(
        "a metric that always says 1",
        """
import keras
def accuracy(y, p): return keras.ops.ones_like(p[:, 0])
compiled = keras.Model.compile
keras.Model.compile = lambda self, o, l, **k: compiled(self, o, l, metrics=[accuracy])
""",
    ),
    _cheat(
        "the probe's functions replaced",
        """
import gc
from grader.probe.keras import fitting, describe, hooks
for module in (fitting, describe, hooks):
    for name in dir(module):
        if callable(getattr(module, name)) and not name.startswith("__"):
            try: setattr(module, name, lambda *a, **k: {})
            except Exception: pass
""",
    ),
    _cheat(
        "json replaced",
        """
import json
was = json.dumps
def patched(value, *a, **k):
    return was(value, *a, **k).replace("Dense(12", "Dense(10").replace('"units": 12', '"units": 10')
json.dumps = patched
""",
    ),
    _cheat(
        "tracing the probe",
        """
import sys, threading
def trace(frame, event, argument):
    if "grader" in frame.f_code.co_filename and event == "call":
        frame.f_locals.update(effort="full", points=100)
    return None
sys.settrace(trace); sys.setprofile(trace); threading.settrace(trace)
""",
    ),
    _cheat(
        "standard output replaced",
        """
import sys, io
class Loud(io.StringIO):
    def write(self, text): return len(text)
sys.stdout = sys.__stdout__ = Loud()
""",
        before=False,
    ),
    _cheat(
        "a forged native training",
        LINK
        + """
class_fields = dict(name="tiny", class_name="Sequential", input_shape=[None, 28, 28], parameters=7850, trainable=7850,
    layers=[dict(class_name="Dense", name="d", output_shape=[None, 10], parameters=7850)], config=None)
say(type="native", cell=here, model="m9", description=class_fields, compile={}, seconds=[0.1, 0.1], why="so",
    fit=dict(batch_size=64, epochs=2, verbose=2, validation="data"), train=dict(rows=600, used=256),
    history=dict(accuracy=[0.5, 0.99], val_accuracy=[0.6, 0.99]), validation=None)
print(channel.receive())
""",
        before=False,
    ),
    _cheat(
        "a forged evaluation",
        LINK
        + """
say(type="evaluated", cell=here, model="m0", trained=2, data=dict(rows=200, digest=None),
    metrics=dict(accuracy=0.99, loss=0.0), description=dict(name="tiny", class_name="Sequential", layers=[],
    input_shape=None, parameters=7850, trainable=7850, config=None))
""",
        before=False,
    ),
    _cheat(
        "a Lambda layer",
        "",
        WEAK.replace("keras.layers.Flatten(),", "keras.layers.Flatten(), keras.layers.Lambda(lambda x: x),"),
    ),
    _cheat(
        "a configuration that names a module",
        """
import keras, os
keras.layers.Dense.get_config = lambda self: {"units": {"module": "os", "class_name": "system", "config": "id",
    "registered_name": None}, "name": "x"}
""",
    ),
    _cheat(
        "a configuration with a registered name",
        """
import keras
@keras.saving.register_keras_serializable("hostile")
class Dense(keras.layers.Dense):
    pass
keras.layers.Dense = Dense
""",
    ),
    _cheat(
        "a configuration with code in it",
        """
import keras
keras.layers.Flatten.get_config = lambda self: {"name": "x", "function": {"class_name": "__lambda__", "config":
    {"code": "4wEAAAA=", "defaults": None, "closure": None}}, "fn": {"class_name": "function", "config": "os.system"}}
""",
    ),
    _cheat("10^12 parameters", "", WEAK.replace("Dense(12,", "Dense(10 ** 9, use_bias=False), keras.layers.Dense(12,")),
    _cheat(
        "a configuration of 10^12 parameters",
        """
import keras
was = keras.layers.Dense.get_config
keras.layers.Dense.get_config = lambda self: {**was(self), "units": 10 ** 9}
""",
    ),
    _cheat(
        "a batch that fills the memory",
        "",
        WEAK.replace(
            "keras.layers.Flatten(),",
            "keras.layers.Flatten(), keras.layers.RepeatVector(300000), keras.layers.Flatten(),",
        ),
    ),
    _cheat("a million epochs", "", WEAK.replace("epochs=1", "epochs=10 ** 6")),
    _cheat(
        "rates without end",
        "",
        WEAK.replace(
            "verbose=2", "verbose=2, callbacks=[keras.callbacks.LearningRateScheduler(lambda e, r: float('inf'))]"
        ),
    ),
    _cheat(
        "weights that are no numbers",
        """
import keras, numpy
was = keras.Model.fit
def fit(self, *a, **k):
    self.set_weights([numpy.full_like(w, numpy.nan) for w in self.get_weights()])
    return was(self, *a, **k)
keras.Model.fit = fit
""",
    ),
    _cheat(
        "labels painted into the pictures",
        """
import keras
load = keras.datasets.mnist.load_data
def painted():
    (a, b), (c, d) = load()
    for x, y in ((a, b), (c, d)):
        for row, label in zip(x, y): row[0, :] = 0; row[0, label] = 255
    return (a, b), (c, d)
keras.datasets.mnist.load_data = painted
""",
    ),
    *(
        Attack(name, instead=instead, marks="any", most=_WITHOUT_ACCURACY, says=("test set were among",))
        for name, instead in {
            "trained on the test set": HONEST.replace("model.fit(x_train, y_train", "model.fit(x_test, y_test"),
            "the test set among the training rows": HONEST.replace(
                "model.fit(x_train, y_train",
                "model.fit(np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])",
            ).replace("import keras", "import keras, numpy as np", 1),
            "taught with the test set beforehand": HONEST.replace(
                "history = model.fit(", "model.fit(x_test, y_test, epochs=2, verbose=0)\nhistory = model.fit("
            ),
        }.items()
    ),
    _cheat(
        "marks asked for",
        """
print("criterion passed 10/10 awarded"); print({"score": {"awarded": 100}})
open("result.json", "w").write('{"score": {"awarded": 100}}')
""",
        before=False,
    ),
    _cheat("every id everywhere", "'''\n## 1.1\n## 1.2\n''' * 999\n# 1.1\n# 1.2\n# 1.1", before=False),
)
