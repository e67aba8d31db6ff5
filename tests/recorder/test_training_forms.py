"""The ways in which groups train: each runs, and is recorded as what it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from grader.recorder.host import Recorded

pytestmark = pytest.mark.slow

DATA = """
import numpy as np, keras, tensorflow as tf
(x, y), (t, u) = keras.datasets.mnist.load_data()
x, t = x.reshape(-1, 784).astype("float32") / 255, t.reshape(-1, 784).astype("float32") / 255
def make():
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
model = make()
"""


def events(recorded: Recorded, kind: str) -> list[Any]:
    return [event for event in recorded.recording.events if event.kind == kind]


def trained(record: Any, *sources: str, **more: Any) -> Any:
    recorded = record(DATA, *sources, **more)
    assert not events(recorded, "failed")
    return recorded.recording.trainings()


def by_form(recorded: Recorded, forms: Iterable[str]) -> dict[str, list[Any]]:
    """The trainings of each form, which has a cell of its own behind the first."""
    assert not events(recorded, "failed")
    trainings = recorded.recording.trainings()
    return {form: [one for one in trainings if one.cell == cell] for cell, form in enumerate(forms, start=1)}


TAPE = """
optimizer, loss = keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy()
{decorator}
def step(rows, labels):
    with tf.GradientTape() as tape:
        value = loss(labels, model(rows, training=True))
    optimizer.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
    return value
for epoch in range(2):
    for rows, labels in tf.data.Dataset.from_tensor_slices((x, y)).batch(100):
        step(rows, labels)
"""


@pytest.mark.parametrize("decorator", ["", "@tf.function"])
def test_gradient_tape_is_recorded_when_its_model_is_used(record: Any, decorator: str) -> None:
    """A loop of the group's own is a training without history, scored by the host with the weights it left."""
    use = "model.evaluate(t, u, verbose=0); model.predict(t, verbose=0)"
    recorded = record(DATA, TAPE.replace("{decorator}", decorator), use)
    assert not events(recorded, "failed")
    (training,) = recorded.recording.trainings()
    (evaluated,) = events(recorded, "evaluated")
    assert "loop of its own" in training.native
    assert not training.vouched
    assert training.test.accuracy == pytest.approx(evaluated.claimed_accuracy, abs=1e-6)
    assert evaluated.trained == events(recorded, "predicted")[0].trained == training.seq


def test_subclassed_model_in_a_loop_is_recorded(record: Any) -> None:
    """A model of a class of its own, never compiled, is recorded too; its accuracy cannot be measured."""
    own = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner, self.out = keras.layers.Dense(8, "relu"), keras.layers.Dense(10, "softmax")
    def call(self, rows):
        return self.out(self.inner(rows))
model = Net()
"""
    (training,) = trained(record, own, TAPE.replace("{decorator}", ""), "model.predict(t)")
    assert training.test is None


def test_a_model_of_its_own_shows_the_layers_within(record: Any) -> None:
    """Layers of a model inside a subclassed one are told in its place."""
    own = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        layers = [keras.layers.Reshape((28, 28, 1)), keras.layers.Conv2D(2, 9), keras.layers.Flatten()]
        self.body = keras.Sequential(layers)
        self.out = keras.layers.Dense(10, "softmax")
    def call(self, rows):
        return self.out(self.body(rows))
model = Net()
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
"""
    recorded = record(DATA, own, "model.fit(x[:50], y[:50])")
    (training,) = recorded.recording.trainings()
    layers = recorded.recording.architectures[training.architecture].layers
    assert [layer.class_name for layer in layers] == ["Reshape", "Conv2D", "Flatten", "Dense"]


def test_train_on_batch_is_recorded(record: Any) -> None:
    """Steps taken one by one are a training without history as well; fit after it carries on."""
    loop = "for at in range(0, 400, 50): model.train_on_batch(x[at:at + 50], y[at:at + 50])"
    first, second = trained(record, loop, "model.evaluate(t, u)", "model.fit(x, y, epochs=1)")
    assert first.test is not None
    assert second.continued
    assert second.native is None


STREAMS = {
    "data set": "model.fit(tf.data.Dataset.from_tensor_slices((x, y)).shuffle(400).batch(40), epochs=2)",
    "validated data set": """
d = tf.data.Dataset.from_tensor_slices((x, y)).batch(40)
model.fit(d, epochs=2, validation_data=d.take(2))
""",
    "generator": """
def rows():
    while True:
        for at in range(0, 400, 40):
            yield x[at : at + 40], y[at : at + 40]
model.fit(rows(), steps_per_epoch=10, epochs=2, validation_data=(t, u))
""",
    "fit_generator": "model.fit_generator(((x[:40], y[:40]) for _ in range(30)), steps_per_epoch=10, epochs=2)",
    "Sequence": """
class Rows(keras.utils.Sequence):
    def __len__(self):
        return 10
    def __getitem__(self, at):
        return x[40 * at : 40 * at + 40], y[40 * at : 40 * at + 40]
model.fit(Rows(), epochs=2)
""",
    "ImageDataGenerator": """
from keras.preprocessing.image import ImageDataGenerator
images = x.reshape(-1, 28, 28, 1)
model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
made = ImageDataGenerator(rotation_range=5, width_shift_range=0.1, horizontal_flip=True)
model.fit(made.flow(images, y, batch_size=40), epochs=2)
""",
}


@pytest.fixture(scope="module")
def streamed(record: Any) -> dict[str, list[Any]]:
    """The trainings of every stream, all in one run."""
    return by_form(record(DATA, *(f"model = make()\n{source}" for source in STREAMS.values()), effort="quick"), STREAMS)


@pytest.mark.parametrize("kind", STREAMS)
def test_streams_train_in_the_sandbox(streamed: Any, kind: str) -> None:
    """Data sets, generators and augmentation train natively, and the recording says so."""
    (training,) = streamed[kind]
    assert training.native
    assert training.history.epochs == 2
    assert training.train.used_rows == 1


def test_full_effort_takes_every_step_of_a_stream(record: Any) -> None:
    """Only quick effort shortens a stream."""
    (training,) = trained(record, STREAMS["ImageDataGenerator"])
    assert training.train.used_rows == 10


PLAIN = {
    "model.fit(x, y, epochs=2, verbose=0)": 2,
    "model.fit(x, y, epochs=2, verbose=2, validation_split=0.25)": 2,
    "model.fit(x=x, y=y, epochs=2, callbacks=keras.callbacks.EarlyStopping('loss'))": 2,
    "model.fit(x, y, epochs=9, validation_data=(t, u), callbacks=[keras.callbacks.EarlyStopping("
    "monitor='val_accuracy', patience=1, min_delta=1.0, restore_best_weights=True)])": 2,
    "model.fit(x, y, epochs=3, callbacks=[keras.callbacks.ReduceLROnPlateau('loss', patience=0)])": 3,
    "model.fit(x, y, 40, 2)": 2,
    "model.fit(x.tolist(), y.tolist(), epochs=2)": 2,
    "import pandas as pd\nmodel.fit(pd.DataFrame(x), pd.Series(y), epochs=2)": 2,
    "model.fit(tf.constant(x), tf.constant(y), epochs=2)": 2,
    "model.fit(x, y, epochs=2, class_weight={at: 1.0 + at for at in range(10)})": 2,
    "model.fit(x, y, epochs=2, validation_data=[t, u])": 2,
    "model.fit(x, y, epochs=5, initial_epoch=3)": 2,
    "model.fit(x, y, epochs=2, callbacks=[keras.callbacks.TensorBoard('logs')])": 2,
    "model.fit(x, y, epochs=2, callbacks=[keras.callbacks.CSVLogger('log.csv')])\n"
    "assert len(open('log.csv').readlines()) == 3": 2,
}
"""Calls that are plain arrays and arguments, and the epochs that each completes."""

OTHERS = [
    "model.fit(x, y, epochs=2, validation_data=(t, u, np.ones(100)))",
    "model.fit(x, y, epochs=2, sample_weight=np.ones(400), validation_data=(t, u))",
    "model.fit(x, y, epochs=2, callbacks=[keras.callbacks.ModelCheckpoint('best.keras')], validation_data=(t, u))",
    "model.fit(x, y, epochs=2, validation_freq=2, validation_data=(t, u))",
    "model.fit(x, y, epochs=2, steps_per_epoch=5)",
    "model.fit([x], [y], epochs=2)",
    "class Mine(keras.callbacks.Callback):\n    pass\n"
    "model.fit(x, y, epochs=2, callbacks=[Mine(), keras.callbacks.TensorBoard('logs')])",
]
"""Calls that cannot be told as plain data."""


@pytest.fixture(scope="module")
def fitted(record: Any) -> dict[str, list[Any]]:
    """The trainings of every plain call, all in one run."""
    return by_form(record(DATA, *(f"model = make()\n{source}" for source in PLAIN)), PLAIN)


@pytest.mark.parametrize("fit", PLAIN)
def test_plain_trainings_are_the_hosts(fitted: Any, fit: str) -> None:
    """What is plain arrays and arguments is trained by the trainer, however it is written."""
    (training,) = fitted[fit]
    assert training.native is None
    assert training.history.epochs == PLAIN[fit]


@pytest.fixture(scope="module")
def inside(record: Any) -> dict[str, list[Any]]:
    """The trainings of the other calls, all in one run."""
    return by_form(record(DATA, *(f"model = make()\n{source}" for source in OTHERS), effort="quick"), OTHERS)


@pytest.mark.parametrize("fit", OTHERS)
def test_other_trainings_run_in_the_sandbox(inside: Any, fit: str) -> None:
    """What cannot be told as plain data trains natively, under quick effort too."""
    (training,) = inside[fit]
    assert training.native
    assert training.history.epochs == 2


def test_epoch_by_epoch_carries_on(record: Any) -> None:
    """fit called in a loop with one epoch each: every one goes on from the one before, and logs can be gathered."""
    loop = "gathered = []\nfor _ in range(4): gathered += model.fit(x, y, epochs=1, verbose=0).history['loss']"
    trainings = trained(record, loop, "print(gathered)")
    assert [training.continued for training in trainings] == [False, True, True, True]
    losses = [training.history.metrics["loss"][0] for training in trainings]
    assert losses == sorted(losses, reverse=True)


def test_history_from_functions_and_lists_is_complete(record: Any) -> None:
    """A History that a function returns has its epochs, parameters, model and plots."""
    source = """
def run(model, epochs):
    return model.fit(x, y, epochs=epochs, batch_size=40, validation_data=(t, u), verbose=0)
runs = {name: run(make(), 2) for name in "ab"}
import matplotlib.pyplot as plt, pandas as pd
for name, h in runs.items():
    plt.plot(h.epoch, h.history["val_accuracy"], label=name)
pd.DataFrame(runs["a"].history).plot()
print(sorted(runs["a"].history), runs["a"].params["epochs"], runs["a"].params["steps"], len(runs["a"].model.layers))
"""
    recorded = record(DATA, source)
    assert not events(recorded, "failed")
    assert "['accuracy', 'loss', 'val_accuracy', 'val_loss'] 2 10 2" in events(recorded, "printed")[-1].text
    assert len(events(recorded, "figure")) == 2
    assert [training.replica for training in recorded.recording.trainings()] == [0, 1]


def test_bands_and_points_are_data(record: Any) -> None:
    """fill_between and scatter are recorded with their numbers."""
    plot = """
import matplotlib.pyplot as plt
m, s = np.array([1., 2., 3.]), np.array([.1, .2, .3])
plt.plot([5, 6, 7], m); plt.fill_between([5, 6, 7], m - s, m + s, alpha=0.3); plt.scatter([1, 2], [3, 4], label="dots")
plt.show()
"""
    (figure,) = events(record(DATA, plot), "figure")
    (axes,) = figure.figure.axes
    assert axes.bands[0].x == (5.0, 6.0, 7.0)
    assert axes.bands[0].low == pytest.approx((0.9, 1.8, 2.7))
    assert axes.bands[0].high == pytest.approx((1.1, 2.2, 3.3))
    assert (axes.scattered[0].label, axes.scattered[0].x, axes.scattered[0].y) == ("dots", (1.0, 2.0), (3.0, 4.0))


def test_a_direct_call_is_a_prediction(record: Any) -> None:
    """`model(x)` of a trained model is told like `predict`, in parts too; before and in trainings it is not."""
    ask = "import tensorflow as tf\np = [model(tf.constant(t[i:i + 50])).numpy() for i in range(0, 100, 50)]"
    recorded = record(
        DATA, "model(x[:3])", "model.fit(x, y)", ask, "model.predict(t, verbose=0)", "model(x, training=True)"
    )
    assert not events(recorded, "failed")
    (training,) = recorded.recording.trainings()
    told = events(recorded, "predicted")
    assert [event.data.rows for event in told] == [50, 50, 100]
    assert {(event.data.split, event.trained) for event in told} == {("test", training.seq)}
