"""Students' code, recorded through the real warm server, probe and trainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grader.recorder.host import Recorded

pytestmark = pytest.mark.slow

DATA = """
import numpy as np, keras
from keras.datasets import mnist
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train.reshape(-1, 784) / 255, x_test.reshape(-1, 784) / 255
y_train, y_test = keras.utils.to_categorical(y_train, 10), keras.utils.to_categorical(y_test, 10)
"""
MODEL = """
model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10, activation="softmax")])
model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
"""
FIT = "history = model.fit(x_train, y_train, epochs=3, batch_size=20, validation_data=(x_test, y_test))"


def events(recorded: Recorded, kind: str) -> list[Any]:
    return [event for event in recorded.recording.events if event.kind == kind]


def printed(recorded: Recorded) -> str:
    return "".join(event.text for event in events(recorded, "printed"))


def test_fit_is_trained_by_the_trainer_and_scored_by_the_host(record: Any) -> None:
    """The student's unmodified fit returns a history and weights whose own evaluation agrees with the host's score."""
    recorded = record(DATA, MODEL, FIT, "print(model.evaluate(x_test, y_test, verbose=0))", "len(history.epoch)")
    (trained,) = recorded.recording.trainings()
    assert trained.native is None
    assert trained.history.epochs == 3
    assert (trained.train.split, trained.validation.split) == ("train", "test")
    assert trained.train.scale == pytest.approx(1 / 255)
    assert (trained.train.one_hot, trained.train.labels_agree) == (True, 1.0)
    assert trained.compile.learning_rate == 0.1
    evaluated = events(recorded, "evaluated")[0]
    assert evaluated.metrics["accuracy"] == pytest.approx(trained.test.accuracy, abs=1e-6)
    assert evaluated.trained == trained.seq
    assert "Epoch 3/3" in printed(recorded)
    assert recorded.recording.architectures[trained.architecture].parameters == 784 * 16 + 16 + 170


def test_replicas_differ_and_repeat(record: Any) -> None:
    """Three models of one definition are three replicas; the next day they are the same three."""
    sweep = "for _ in range(3):\n" + "\n".join("    " + line for line in (MODEL + FIT).strip().splitlines())
    first, second = record(DATA, sweep), record(DATA, sweep)
    losses = [[t.history.metrics["loss"] for t in recorded.recording.trainings()] for recorded in (first, second)]
    assert len(set(losses[0])) == 3
    assert losses[0] == losses[1]
    assert [trained.replica for trained in first.recording.trainings()] == [0, 1, 2]


def test_continued_training_goes_on(record: Any) -> None:
    """A second fit of one model starts from the first one's weights and is no fresh training."""
    recorded = record(DATA, MODEL, FIT, FIT)
    first, second = recorded.recording.trainings()
    assert (first.continued, second.continued) == (False, True)
    assert second.history.metrics["loss"][0] < first.history.metrics["loss"][0]
    assert first.key != second.key


def test_loaded_weights_are_no_fresh_training(record: Any) -> None:
    """Weights that the code set itself travel to the trainer."""
    zeros = "model.build((None, 784)); model.set_weights([w * 0 for w in model.get_weights()])"
    fresh, zeroed = record(DATA, MODEL, FIT), record(DATA, MODEL, zeros, FIT)
    assert zeroed.recording.trainings()[0].continued
    losses = [recorded.recording.trainings()[0].history.metrics["loss"][0] for recorded in (fresh, zeroed)]
    assert losses[0] != losses[1]


def test_quick_effort_cuts_inside_fit_alone(record: Any) -> None:
    """A tenth of the rows is trained on; what load_data and predict return keeps its length."""
    many = "x, y = np.concatenate([x_train] * 10), np.concatenate([y_train] * 10)"
    fit = "model.fit(x, y, epochs=1, validation_split=0.25)\nprint(x_train.shape, model.predict(x_test).shape)"
    recorded = record(DATA, MODEL, many, fit, effort="quick")
    (trained,) = recorded.recording.trainings()
    assert (trained.train.rows, trained.train.used_rows) == (3000, 300)
    assert (trained.validation.rows, trained.validation.used_rows) == (1000, 256)
    assert "(400, 784) (100, 10)" in printed(recorded)


def test_own_callback_trains_in_the_sandbox(record: Any) -> None:
    """What is not plain configuration is trained by the student's process, and the recording says why."""
    own = "class Mine(keras.callbacks.Callback):\n    pass\n" + FIT.replace("epochs=3", "epochs=2, callbacks=[Mine()]")
    recorded = record(DATA, MODEL, own, "print(model.evaluate(x_test, y_test, verbose=0))")
    (trained,) = recorded.recording.trainings()
    assert "Mine" in trained.native
    assert trained.test.accuracy == pytest.approx(events(recorded, "evaluated")[0].metrics["accuracy"], abs=1e-6)
    assert trained.history.epochs == 2
    assert trained.train.split == "train"


def test_early_stopping_is_told_to_the_trainer(record: Any) -> None:
    """Early stopping is plain configuration: it stops the trainer."""
    stop = "keras.callbacks.EarlyStopping(monitor='loss', min_delta=100.0, patience=1)"
    fit = FIT.replace("epochs=3", f"epochs=9, callbacks=[{stop}]")
    (trained,) = record(DATA, MODEL, fit).recording.trainings()
    assert trained.native is None
    assert trained.fit.epochs == 9
    assert trained.history.epochs == 2


def test_schedule_is_worked_out_beforehand(record: Any) -> None:
    """A learning-rate schedule of the student's becomes a list of rates."""
    schedule = "keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 if epoch < 1 else 0.0)"
    fit = FIT.replace("epochs=3", f"epochs=3, shuffle=False, callbacks=[{schedule}]")
    (trained,) = record(DATA, MODEL, fit).recording.trainings()
    assert trained.native is None
    values = trained.history.metrics["val_loss"]
    assert values[0] == values[1] == values[2]


def test_diverged_loss_is_data(record: Any) -> None:
    """A loss that becomes NaN is recorded, not an error."""
    wild = MODEL.replace("SGD(0.1)", "SGD(1e30)").replace("categorical_crossentropy", "mse")
    wild = wild.replace("softmax", "linear")
    (trained,) = record(DATA, wild, FIT).recording.trainings()
    assert trained.native is None
    assert not np.isfinite(trained.history.metrics["loss"][-1])


def test_impossible_model_fails_with_keras_own_error(record: Any) -> None:
    """A model that does not fit its data fails in the student's cell, with the message that Keras gives."""
    recorded = record(DATA, MODEL, FIT.replace("y_train,", "y_train[:, :3],"), "print('after')")
    (failed,) = events(recorded, "failed")
    assert failed.cell == 2
    assert failed.error in ("ValueError", "InvalidArgumentError")
    assert "after" in printed(recorded)


def test_crashed_cell_keeps_what_was_before_and_after(record: Any) -> None:
    """A syntax error and a crash cost their own cells alone."""
    recorded = record("a = 1", "def f(:", "print('one'); 1 / 0; print('two')", "print('three', a)")
    assert [(f.error, f.cell, f.line) for f in events(recorded, "failed")] == [
        ("SyntaxError", 1, 1),
        ("ZeroDivisionError", 2, 1),
    ]
    assert "one" in printed(recorded)
    assert "two" not in printed(recorded)
    assert "three 1" in printed(recorded)
    assert recorded.recording.outcome.status == "finished"


def test_process_that_ends_itself_keeps_its_past(record: Any) -> None:
    """os._exit in a cell keeps everything recorded before it."""
    recorded = record("print('before')", "import os; os._exit(0)", "print('never')")
    assert "before" in printed(recorded)
    assert recorded.recording.outcome.status == "crashed"
    assert recorded.recording.outcome.last_cell == 1


def test_endless_loop_is_ended(record: Any) -> None:
    """The wall clock ends an endless loop; the cells before it count."""
    recorded = record("print('before')", "import time\nwhile True: time.sleep(0.01)", wall_seconds=8.0)
    assert recorded.recording.outcome.status == "timed out"
    assert "before" in printed(recorded)


def test_forged_messages_end_the_run(record: Any) -> None:
    """Code that speaks to the host itself is cut off; nothing that it claims becomes a training."""
    forge = """
import gc
from grader.sandbox.frames import Channel
channel = next(item for item in gc.get_objects() if isinstance(item, Channel))
channel.send({"type": "event", "kind": "trained", "cell": 0, "history": {"accuracy": [1.0]}})
"""
    recorded = record("print('before')", forge, "print('never')")
    assert recorded.recording.outcome.status == "killed"
    assert not recorded.recording.trainings()
    assert "before" in printed(recorded)


@pytest.mark.parametrize(
    ("source", "shim"),
    [
        ("from keras.utils import np_utils; np_utils.to_categorical([1], 3)", "keras.utils.np_utils"),
        ("import keras; keras.utils.np_utils.to_categorical([1], 3)", "keras.utils.np_utils"),
        ("from tensorflow.keras.utils import np_utils", "keras.utils.np_utils"),
        ("from tensorflow.python.keras.layers import Dense; Dense(3)", "tensorflow.python.keras.layers"),
        ("from keras.layers.convolutional import Conv2D; Conv2D(3, 3)", "keras.layers.convolutional"),
        ("import keras; keras.optimizers.SGD(lr=0.1)", "lr="),
        ("import keras; keras.optimizers.Adadelta(learning_rate=1)", "whole learning rate"),
        ("import keras; keras.optimizers.RMSprop(lr=1e-4, decay=1e-6)", "decay="),
        ("from keras.optimizers import adam; adam(lr=0.1)", "lr="),
        ("from tensorflow.keras.optimizers.legacy import SGD; SGD(lr=0.1)", "lr="),
        (MODEL.replace("['accuracy']", "'accuracy'").replace('["accuracy"]', "'accuracy'"), "metrics as text"),
        (MODEL + "model.compile('sgd', 'mse', ['accuracy'])", "metrics in third place"),
        ("import tensorflow as tf; tf.keras.optimizers.legacy.Adam(lr=0.1)", "lr="),
        ("import numpy as np; np.zeros(2, np.int)", "np.int"),
        ("from google.colab import drive; drive.mount('/content/drive')", "google.colab"),
    ],
)
def test_keras_2_code_runs_and_is_noted(record: Any, source: str, shim: str) -> None:
    """A Keras 2 idiom runs under Keras 3, through a shim with a name."""
    recorded = record("import keras", source)
    assert not events(recorded, "failed")
    assert shim in [note.name for note in events(recorded, "noted")]


@pytest.mark.parametrize(
    "source",
    [
        "import tensorflow as tf; mnist = tf.keras.datasets.mnist",
        "from tensorflow.keras.datasets import mnist",
        "from keras.datasets import mnist",
        "import keras; mnist = keras.datasets.mnist",
        "from tensorflow.python.keras.datasets import mnist",
        "import tensorflow.keras as K; mnist = K.datasets.mnist",
    ],
)
def test_every_name_of_a_data_set_is_served(record: Any, source: str) -> None:
    """Whatever Keras calls the module, load_data is answered by the host."""
    recorded = record(source, "print(mnist.load_data()[0][0].shape)")
    assert "(400, 28, 28)" in printed(recorded)


def test_saved_folder_is_loaded_again(record: Any) -> None:
    """A model saved to a folder, as Keras 2 did, comes back as it was."""
    load = "from tensorflow.keras.models import load_model\nprint(load_model('folder').count_params())"
    recorded = record(DATA, MODEL, FIT, "model.save('folder')", load)
    assert not events(recorded, "failed")
    assert str(784 * 16 + 16 + 170) in printed(recorded)


def test_decay_means_inverse_time_decay(record: Any) -> None:
    """The old decay argument becomes the schedule that Keras 2 computed."""
    old = MODEL.replace("SGD(0.1)", "SGD(lr=0.1, decay=0.5)")
    new = MODEL.replace("SGD(0.1)", "SGD(keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 0.5))")
    trained = [record(DATA, source, FIT).recording.trainings()[0] for source in (old, new)]
    assert trained[0].key == trained[1].key
    assert trained[0].compile.learning_rate == 0.1


def test_old_names_of_history_and_methods_answer(record: Any) -> None:
    """history['acc'] and predict_classes work as they did."""
    recorded = record(DATA, MODEL, FIT, "print(len(history.history['acc']), model.predict_classes(x_test).shape)")
    assert "3 (100,)" in printed(recorded)


def test_installs_are_skipped_and_commands_run(record: Any) -> None:
    """Bare and shell pip do nothing and are noted; magics do no harm."""
    recorded = record("pip install tensorflow", "!pip install x", "%matplotlib inline", "%%time\nb = 2", "print(b)")
    assert not events(recorded, "failed")
    assert [note.topic for note in events(recorded, "noted")] == ["skipped", "skipped"]
    assert "2" in printed(recorded)


def test_figures_are_structure_and_picture(record: Any) -> None:
    """A plot is recorded with its data, labels and legend, and as SVG; error bars keep their heights."""
    plot = """
import matplotlib.pyplot as plt
plt.plot([1, 2, 3], label='loss'); plt.title('T'); plt.xlabel('X'); plt.ylabel('Y'); plt.legend(); plt.show()
plt.errorbar([1e-3, 1e-2], [0.5, 0.6], yerr=[0.1, 0.2], capsize=3); plt.xscale('log')
"""
    first, second = events(record(plot), "figure")
    (axes,) = first.figure.axes
    assert (axes.title, axes.x_label, axes.y_label, axes.legend) == ("T", "X", "Y", ("loss",))
    assert axes.lines[0].y == (1.0, 2.0, 3.0)
    assert first.figure.svg.lstrip().startswith("<?xml")
    (bars,) = second.figure.axes[0].error_bars
    assert bars.error == pytest.approx((0.1, 0.2))
    assert len(second.figure.axes[0].lines) == 1


def test_bars_and_matrices_keep_their_values(record: Any) -> None:
    """Counts of a histogram and the numbers of a small matrix are kept; the pixels of a picture are not."""
    plot = """
import matplotlib.pyplot as plt, numpy as np
plt.hist([1, 1, 2], bins=2); plt.show()
figure, (left, middle, right) = plt.subplots(1, 3)
left.imshow([[1, 2], [3, 4]]); middle.pcolormesh(np.arange(6).reshape(2, 3)); right.imshow(np.ones((28, 28)))
"""
    bars, pictures = events(record(plot), "figure")
    assert bars.figure.axes[0].heights == (2.0, 1.0)
    left, middle, right = pictures.figure.axes
    assert left.matrices == (((1.0, 2.0), (3.0, 4.0)),)
    assert middle.matrices == (((0.0, 1.0, 2.0), (3.0, 4.0, 5.0)),)
    assert right.matrices == ()
    assert right.images == ((28, 28),)


SAVING = """
import keras
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="kept")
model.save("kept")
keras.models.save_model(model, "kept.keras")
model.save_weights("kept.weights.h5")
"""


def test_saving_is_said_without_its_path(record: Any) -> None:
    """Each way to save a model is one event; a folder that is not there is no less said."""
    recorded = record(SAVING, "model.save('/no/such/folder/model.keras')")
    found = [(event.what, event.ending, event.written) for event in events(recorded, "model_saved")]
    assert found == [
        ("model", "", True),
        ("model", ".keras", True),
        ("weights", ".h5", True),
        ("model", ".keras", False),
    ]


def test_script_draws_one_figure_over_several_pieces(record: Any) -> None:
    """In a script a figure that is drawn piece by piece stays open until it is shown."""
    pieces = ("import matplotlib.pyplot as plt\nplt.plot([1, 2])", "plt.title('late')", "plt.show()")
    (figure,) = events(record(*pieces, file="hand_in.py"), "figure")
    assert figure.figure.axes[0].title == "late"
    assert len(events(record(*pieces), "figure")) == 2


def test_saved_and_closed_figure_is_seen(record: Any) -> None:
    """A figure that is written to a file and closed was drawn all the same."""
    source = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.savefig('a.png'); plt.close()"
    assert len(events(record(source), "figure")) == 1


def test_unseeded_code_repeats(record: Any) -> None:
    """Unseeded random numbers are the same at each grading."""
    source = "import numpy as np, random; print(np.random.rand(), random.random())"
    assert printed(record(source)) == printed(record(source))


def test_missing_data_set_fails_in_the_cell(record: Any) -> None:
    """A data set that cannot be had is an error in the cell that asks for it, with a note."""
    recorded = record("from keras.datasets import cifar100; cifar100.load_data()", "print('on')")
    assert events(recorded, "failed")[0].cell == 0
    assert "on" in printed(recorded)


def test_functions_are_listed(record: Any) -> None:
    """A function defined at top level is recorded with its parameters."""
    (function,) = events(record("def relu(x, slope=0):\n    return x"), "function")
    assert (function.name, function.parameters) == ("relu", ("x", "slope"))


def test_functional_model_is_trained_by_the_trainer(record: Any) -> None:
    """Branches, activation objects and functions of TensorFlow's own are plain configuration."""
    source = """
from keras import layers
import tensorflow as tf
given = keras.Input((784,))
left = layers.Dense(8, activation=tf.nn.relu)(given)
right = layers.Dense(8, activation=layers.LeakyReLU())(given)
model = keras.Model(given, layers.Dense(10, activation="softmax")(layers.concatenate([left, right])))
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
"""
    (trained,) = record(DATA, source, FIT).recording.trainings()
    assert trained.native is None
    assert trained.test is not None


def test_same_network_on_other_shapes_is_one_training(record: Any) -> None:
    """Images flattened by the code or by a Flatten layer, labels of any whole-number type: one training, one result."""
    start = "import numpy as np, keras\nfrom keras import layers\n(x, y), (t, u) = keras.datasets.mnist.load_data()\n"
    end = "model.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])\nmodel.fit(x, y, epochs=1)"
    dense = "layers.Dense(12, activation='relu'), layers.Dense(10, activation='softmax')"
    forms = (
        f"x = x.reshape(-1, 784) / 255\nmodel = keras.Sequential([{dense}])\n",
        f"x = x / 255\nmodel = keras.Sequential([layers.Flatten(input_shape=(28, 28)), {dense}])\n",
        f"x, y = x[..., None] / 255, y.astype('int32')\nmodel = keras.Sequential([layers.Flatten(), {dense}])\n",
    )
    trained = [record(start + form + end).recording.trainings()[0] for form in forms]
    assert len({training.key for training in trained}) == 1
    assert len({training.test for training in trained}) == 1
    assert len({training.architecture for training in trained}) == 3


def test_messages_carry_no_terminal_colours(record: Any) -> None:
    """Keras colours its errors; the recording keeps the words alone."""
    recorded = record(DATA, "keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])(x_train[:2])")
    (failed,) = events(recorded, "failed")
    assert "\x1b" not in failed.message
