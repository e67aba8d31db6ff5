"""What the text of the code and the saved outputs tell where nothing ran: each kind with its innocent twins."""

from __future__ import annotations

import pytest
from handed_in import FIT, IMPORTS, LOAD, MODEL, SCALE, hand_in, kinds, log_text, only, unrun

START = (IMPORTS + LOAD, SCALE, MODEL)
SECOND = "model2 = Sequential([Dense(10, activation='softmax')])\nmodel2.compile(loss='categorical_crossentropy')"
FIT2 = "history2 = model2.fit(x_train, y_train, epochs=10)"
PLOT = "plt.plot(history.history['accuracy'])\nplt.plot(history.history['val_accuracy'])\nplt.show()"

GUILTY = {
    "early name": ("name_before_definition", (*START, "model1.evaluate(x_test, y_test)", "model1 = model")),
    "no such name": ("undefined_name", (*START, "relu = np.maximum(featuremaps, 0)")),
    "other model evaluated": (
        "other_model_evaluated",
        (*START, FIT, "model.evaluate(x_test, y_test)", SECOND, FIT2, "model.evaluate(x_test, y_test)"),
    ),
    "other history drawn": ("other_model_plotted", (*START, FIT, PLOT, SECOND, FIT2, PLOT)),
    "loss says accuracy": (
        "axis_label",
        (*START, FIT, "plt.plot(history.history['loss'])\nplt.ylabel('accuracy')\nplt.show()"),
    ),
    "y says epoch": ("axis_label", (*START, FIT, "plt.plot(history.history['loss'])\nplt.ylabel('epoch')\nplt.show()")),
    "unscaled": ("unscaled_input", (IMPORTS + LOAD, MODEL, FIT)),
    "reloaded": ("reloaded_data", (*START, FIT, LOAD, "model.predict(x_test)")),
    "validated on test": (
        "validation_on_test",
        (*START, "model.fit(x_train, y_train, validation_data=(x_test, y_test))"),
    ),
    "stopped by test": (
        "chosen_on_test",
        (
            *START,
            "stop = [keras.callbacks.EarlyStopping(patience=3)]\n"
            "model.fit(x_train, y_train, validation_data=(x_test, y_test), callbacks=stop)",
        ),
    ),
    "binary loss": ("loss_mismatch", (IMPORTS, MODEL.replace("categorical_", "binary_"))),
    "grown in a loop": (
        "layers_in_loop",
        (
            *START,
            "for n in (32, 64):\n    model.add(Dense(n))\n    model.compile('adam')\n    model.fit(x_train, y_train)",
        ),
    ),
    "typed list": ("typed_result", (*START, "accuracies = [0.9626, 0.9632, 0.9616]\nplt.plot(accuracies)")),
    "typed text": ("typed_result", (*START, "print('Test accuracy: 0.9926')")),
    "no seed": ("unseeded", (*START, FIT)),
    "draws": ("unseeded", (IMPORTS, "weights = np.random.rand(10, 3)")),
    "windows path": ("absolute_path", (IMPORTS, r"image = plt.imread('C:\\Users\\someone\\digit.png')")),
    "home path": ("absolute_path", (IMPORTS, "image = plt.imread('/home/someone/digit.png')")),
    "drive path": ("absolute_path", (IMPORTS, "image = plt.imread('/content/drive/MyDrive/digit.png')")),
}

INNOCENT = {
    "order within a cell": ("name_before_definition", (*START, "net = model\nnet.summary()")),
    "in a function": ("name_before_definition", (*START, "def f():\n    return later\n", "later = 1\nf()")),
    "comprehension": ("undefined_name", (IMPORTS, "a = [i * j for i in range(3) for j in range(i)]")),
    "walrus and with": ("undefined_name", ("with open('f') as f:\n    if (n := f.read()):\n        print(n)",)),
    "star import": ("undefined_name", ("from tensorflow.keras.layers import *", "Dense(3)")),
    "magic": ("undefined_name", ("%pylab inline\nplot([1])", "!pip install x")),
    "timed cell": ("undefined_name", (*START, "%%time\nhistory = model.fit(x_train, y_train)", "print(history)")),
    "shell cell": ("undefined_name", ("%%bash\nls $HOME", "%%writefile a.py\nx = y", "1")),
    "numbered outputs": ("undefined_name", ("1 + 1", "_1 + _")),
    "except": ("undefined_name", ("try:\n    import tf\nexcept ImportError as error:\n    print(error)",)),
    "display": ("undefined_name", ("display(1)\nIn\n_",)),
    "global in a function": ("undefined_name", ("def f():\n    global g\n    g = 1\n", "f()", "print(g)")),
    "class body": ("undefined_name", ("class A:\n    n = 3\n    m = n + 1\n",)),
    "del and again": ("undefined_name", ("a = 1\ndel a\na = 2\nprint(a)",)),
    "loop name": ("undefined_name", ("for i in range(3):\n    pass\nprint(i)",)),
    "both evaluated": (
        "other_model_evaluated",
        (*START, FIT, SECOND, FIT2, "model.evaluate(x_test, y_test)", "model2.evaluate(x_test, y_test)"),
    ),
    "compared again": (
        "other_model_evaluated",
        (
            *(*START, FIT, "model.evaluate(x_test, y_test)", SECOND, FIT2),
            "for net in (model, model2):\n    print(net.evaluate(x_test, y_test))",
            "model.evaluate(x_test, y_test)",
        ),
    ),
    "evaluated by an alias": (
        "other_model_evaluated",
        (
            *(*START, FIT, "model.evaluate(x_test, y_test)", SECOND, FIT2, "best = model2"),
            "best.evaluate(x_test, y_test)\nmodel.evaluate(x_test, y_test)",
        ),
    ),
    "predicted instead": (
        "other_model_evaluated",
        (
            *(*START, FIT, "model.evaluate(x_test, y_test)", SECOND, FIT2),
            "model2.predict(x_test)\nmodel.evaluate(x_test, y_test)",
        ),
    ),
    "train and test": (
        "other_model_evaluated",
        (*START, FIT, "model.evaluate(x_test, y_test)", SECOND, FIT2, "model.evaluate(x_train, y_train)"),
    ),
    "compared histories": (
        "other_model_plotted",
        (*START, FIT, PLOT, SECOND, FIT2, PLOT, "plt.plot(history2.history['accuracy'])"),
    ),
    "same name": ("other_model_plotted", (*START, FIT, PLOT, FIT, PLOT)),
    "loss says loss": (
        "axis_label",
        (*START, FIT, "plt.plot(history.history['loss'])\nplt.ylabel('Loss')\nplt.show()"),
    ),
    "both in one": (
        "axis_label",
        (
            *(*START, FIT),
            "plt.plot(history.history['loss'])\nplt.plot(history.history['accuracy'])\nplt.ylabel('accuracy')\nplt.show()",
        ),
    ),
    "accuracy, then loss": (
        "axis_label",
        (
            *(*START, FIT),
            "plt.plot(history.history['accuracy'])\nplt.ylabel('accuracy')\nplt.show()\n"
            "plt.plot(history.history['loss'])\nplt.ylabel('loss')\nplt.show()",
        ),
    ),
    "label in a variable": (
        "axis_label",
        (*START, FIT, "plt.plot(history.history['loss'])\nplt.ylabel(name)\nplt.show()"),
    ),
    "subplots": (
        "axis_label",
        (
            *(*START, FIT),
            "fig, (a, b) = plt.subplots(1, 2)\na.plot(history.history['loss'])\na.set_ylabel('loss')\n"
            "b.plot(history.history['accuracy'])\nb.set_ylabel('accuracy')\nplt.show()",
        ),
    ),
    "scaled": ("unscaled_input", (*START, FIT)),
    "scaled in place": ("unscaled_input", (IMPORTS + LOAD, "x_train /= 255", MODEL, FIT)),
    "scaled by a function": (
        "unscaled_input",
        (IMPORTS + LOAD, "def norm(a):\n    return a / 255\nx_train = norm(x_train)", MODEL, FIT),
    ),
    "scaled by rows": ("unscaled_input", (IMPORTS + LOAD, "x_train[:] = x_train / 255", MODEL, FIT)),
    "scaled by out": ("unscaled_input", (IMPORTS + LOAD, "np.divide(x_train, 255, out=x_train)", MODEL, FIT)),
    "scaled by the model": (
        "unscaled_input",
        (IMPORTS + LOAD, MODEL.replace("model.add", "model.add(keras.layers.Rescaling(1 / 255))\nmodel.add"), FIT),
    ),
    "scaled by a generator": (
        "unscaled_input",
        (IMPORTS + LOAD, "g = keras.preprocessing.image.ImageDataGenerator(rescale=1 / 255)", MODEL, FIT),
    ),
    "own data": ("unscaled_input", (IMPORTS, "x_train = np.load('x.npy')\ny_train = np.load('y.npy')", MODEL, FIT)),
    "reloaded and scaled": ("reloaded_data", (*START, FIT, LOAD, SCALE, "model.predict(x_test)")),
    "reloaded to look": ("reloaded_data", (*START, FIT, LOAD, "plt.imshow(x_test[0])")),
    "split off": (
        "validation_on_test",
        (
            *START,
            "from sklearn.model_selection import train_test_split\n"
            "x_train, x_val, y_train, y_val = train_test_split(x_train, y_train)",
            "model.fit(x_train, y_train, validation_data=(x_val, y_val))",
        ),
    ),
    "test set split in two": (
        "validation_on_test",
        (
            *START,
            "model.fit(x_train, y_train, epochs=2, validation_data=(x_test[:5000], y_test[:5000]))",
            "model.evaluate(x_test[5000:], y_test[5000:])",
        ),
    ),
    "test by name alone": (
        "validation_on_test",
        (*START, "x_test, y_test = make_validation()", "model.fit(x_train, y_train, validation_data=(x_test, y_test))"),
    ),
    "rows of the training part": (
        "validation_on_test",
        (*START, "model.fit(x_train[:50000], y_train, validation_data=(x_train[50000:], y_train))"),
    ),
    "stopped by a split": (
        "chosen_on_test",
        (
            *START,
            "model.fit(x_train, y_train, validation_split=0.1, callbacks=[keras.callbacks.EarlyStopping(patience=3)])",
        ),
    ),
    "stopped by the training loss": (
        "chosen_on_test",
        (
            *START,
            "stop = [keras.callbacks.EarlyStopping(monitor='loss')]\n"
            "model.fit(x_train, y_train, validation_data=(x_test, y_test), callbacks=stop)",
        ),
    ),
    "binary loss for two": (
        "loss_mismatch",
        (IMPORTS, "model = Sequential([Dense(1, activation='sigmoid')])\nmodel.compile(loss='binary_crossentropy')"),
    ),
    "layers, then fit": (
        "layers_in_loop",
        (
            *START,
            "for n in (32, 64):\n    model.add(Dense(n))\nmodel.compile('adam', 'mse')\nmodel.fit(x_train, y_train)",
        ),
    ),
    "made in the loop": (
        "layers_in_loop",
        (
            *START,
            "for n in (32, 64):\n    model = Sequential()\n    model.add(Dense(n))\n    model.compile('adam', 'mse')\n"
            "    model.fit(x_train, y_train)",
        ),
    ),
    "settings": (
        "typed_result",
        (*START, "learning_rates = [0.125, 0.0125, 0.00125]\nfactors = [1.25e-6, 0.000255, 0.001]"),
    ),
    "a filter": ("typed_result", (*START, "kernel = [[0.125, 0.625, 0.375], [0.255, 0.505, 0.255]]")),
    "a threshold": ("typed_result", (*START, "print('accuracy above 0.985 reached')")),
    "a format": ("typed_result", (*START, "print('accuracy: {:.4f}'.format(0.5))\nprint(f'accuracy {1:.3f}')")),
    "empty results": ("typed_result", (*START, "accuracies = []\nlosses = [0.0, 0.0, 0.0]")),
    "numpy seed": ("unseeded", (*START, "np.random.seed(1)", FIT)),
    "keras seed": ("unseeded", (*START, "keras.utils.set_random_seed(1)", FIT)),
    "generator": ("unseeded", (IMPORTS, "rng = np.random.default_rng(7)\nrng.random(3)")),
    "a scaler": ("unseeded", (IMPORTS + LOAD, "scaler = MinMaxScaler()\nscaler.fit(x_train)")),
    "a generator's own fit": ("unseeded", (IMPORTS + LOAD, "gen = ImageDataGenerator()\ngen.fit(x_train)")),
    "nothing random": ("unseeded", (IMPORTS, "print(np.zeros(3))")),
    "relative path": ("absolute_path", (IMPORTS, "plt.imread('images/digit.png')\nplt.imread('./home/x.png')")),
    "address": ("absolute_path", (IMPORTS, "url = 'https://example.org/home/x'\nd = '/'\nratio = 'a:b'")),
    "remark": ("absolute_path", (IMPORTS, "'''/home/someone/notes'''\n# C:\\Users\\someone")),
}


@pytest.mark.parametrize("name", GUILTY)
def test_faults_are_seen_once(name: str) -> None:
    """A fault that stands in the text is seen, once, with a message and a proof."""
    kind, code = GUILTY[name]
    found = only(kind, unrun(hand_in(*code)))
    assert len(found) == 1
    assert found[0].message.endswith(".")
    assert found[0].proof


@pytest.mark.parametrize("name", INNOCENT)
def test_innocent_twins_are_left_alone(name: str) -> None:
    """What looks like a fault and is none is not held against anybody."""
    kind, code = INNOCENT[name]
    assert only(kind, unrun(hand_in(*code))) == []


def test_a_clean_script() -> None:
    """A script in which all is well raises nothing at all."""
    code = (*START, "np.random.seed(3)", FIT, PLOT, "model.evaluate(x_test, y_test)")
    assert kinds(unrun(hand_in(*code, file="lab.py"))) == []


def test_counts_explain_the_order() -> None:
    """Execution counts that tell that the name existed when the cell ran keep it from being called early."""
    code = (IMPORTS, "net.summary()", "net = Sequential()")
    assert "name_before_definition" in kinds(unrun(hand_in(*code)))
    assert "name_before_definition" not in kinds(unrun(hand_in(*code, counts={0: 1, 1: 3, 2: 2})))
    told = only("name_before_definition", unrun(hand_in(*code, outputs={1: "Model: sequential"})))
    assert "may have been run in another order" in told[0].message


def test_a_name_torn_by_a_document() -> None:
    """In code taken out of a PDF a piece of a known name, or one misread, is no name of its own."""
    for torn in ("historv = 1\nprint(history)", "x_train = 1\nprint(x_trai)"):
        assert "undefined_name" in kinds(unrun(hand_in(torn, file="lab.py")))
        assert "undefined_name" not in kinds(unrun(hand_in(torn, file="lab.pdf")))


def test_code_of_a_report() -> None:
    """In code taken out of a PDF a name that the prose mentions may be made in a part that was lost."""
    code = (IMPORTS, "relu = np.maximum(featuremaps, 0)", "")
    prose = {2: "featuremaps = convolution(img, filters)"}
    assert "undefined_name" in kinds(unrun(hand_in(*code, file="report.pdf")))
    assert "undefined_name" not in kinds(unrun(hand_in(*code, file="report.pdf", prose=prose)))


@pytest.mark.parametrize(
    ("fit", "log", "kind"),
    [
        (FIT, log_text(10), None),
        (FIT, log_text(4), "stale_log"),
        (FIT, log_text(1, steps=375), "stale_log"),
        (FIT.replace("128", "32"), log_text(10), "stale_batch_size"),
        ("epochs = 4\n" + FIT.replace("=10", "=epochs"), log_text(4), None),
        ("epochs = int(input())\n" + FIT.replace("=10", "=epochs"), log_text(4), None),
        ("for n in range(3):\n    " + FIT, "\n".join([log_text(10)] * 3), None),
        (FIT.replace("x_train,", "x_train[:6000],"), log_text(10, steps=38), None),
    ],
)
def test_saved_logs_against_the_text(fit: str, log: str, kind: str | None) -> None:
    """Epochs and batch size in the text are held against the log; what the text leaves open is not."""
    found = kinds(unrun(hand_in(*START, fit, outputs={3: log})))
    assert [k for k in found if k.startswith("stale")] == ([kind] if kind else [])


@pytest.mark.parametrize(("file", "is_seen"), [("lab.ipynb", True), ("lab.pdf", False)])
def test_a_line_without_its_header(file: str, is_seen: bool) -> None:
    """One progress line without `Epoch 1/n` is of one epoch in a notebook; in a PDF the header may have been lost."""
    found = kinds(unrun(hand_in(*START, FIT, outputs={3: log_text(1)}, file=file)))
    assert ("stale_log" in found) is is_seen


def test_renumbered_models() -> None:
    """`sequential_15` above which one model stands tells of cells that ran repeatedly; made in a loop, it does not."""
    summary = (
        'Model: "sequential_15"\n_____\n Layer (type)    Output Shape    Param #\n=====\n'
        " dense_45 (Dense)    (None, 10)    7850\n=====\nTotal params: 7,850\nTrainable params: 7,850\n"
    )
    assert "run_before" in kinds(unrun(hand_in(*START, "model.summary()", outputs={3: summary})))
    looped = "for _ in range(20):\n    net = Sequential()"
    assert "run_before" not in kinds(unrun(hand_in(*START, looped, "model.summary()", outputs={4: summary})))
    first = summary.replace("_15", "")
    assert "run_before" not in kinds(unrun(hand_in(*START, "model.summary()", outputs={3: first})))


COUNTS = "9702 classified correctly\n298 classified incorrectly"


@pytest.mark.parametrize(
    ("accuracy", "counted", "is_seen"),
    [
        ("0.9635", COUNTS, True),
        ("0.9702", COUNTS, False),
        ("0.97020000", COUNTS, False),
        ("0.9635", "9702 classified correctly", False),
        ("0.9635", "12 of 25 correct\n13 wrong", False),
        ("0.9635", "correct: 9702\nwrong: 298", True),
    ],
)
def test_counts_that_contradict(accuracy: str, counted: str, is_seen: bool) -> None:
    """Counts over a whole test set that give no accuracy that was printed are seen; of 25 pictures they are not."""
    work = hand_in(
        *START, "model.evaluate(x_test, y_test)", "count()", outputs={3: f"Test accuracy: {accuracy}", 4: counted}
    )
    assert ("counts_contradict" in kinds(unrun(work))) is is_seen
    silent = hand_in(*START, FIT, "count()", outputs={4: f"Test accuracy: {accuracy}\n{counted}"})
    assert "counts_contradict" not in kinds(unrun(silent))


@pytest.mark.parametrize(
    ("answer", "is_seen"),
    [
        ("Each epoch took about 41 seconds.", True),
        ("Every epoch takes 2 s.", False),
        ("An epoch took 3 seconds.", False),
        ("It starts at 5ms for the first epoch.", True),
        ("It takes 5ms for each step of an epoch.", False),
        ("The epochs took 165 seconds in total.", False),
        ("An epoch takes 12 seconds longer than before.", False),
        ("We trained 41 epochs.", False),
        ("It took 41 seconds.", False),
    ],
)
def test_times_that_no_log_shows(answer: str, is_seen: bool) -> None:
    """Seconds per epoch that no log shows are seen; totals, differences and rounded times are not."""
    work = hand_in(*START, FIT, outputs={3: log_text(10)})
    assert ("unfounded_time" in kinds(unrun(work, answer))) is is_seen
    silent = hand_in(*START, FIT)
    assert "unfounded_time" not in kinds(unrun(silent, answer))
    # Of three trainings one log was kept: the time may be another's.
    most_lost = hand_in(*START, FIT, FIT, FIT, outputs={3: log_text(10)})
    assert "unfounded_time" not in kinds(unrun(most_lost, answer)) or "ms" in answer


def test_typed_copies_of_logged_values() -> None:
    """A list whose numbers all stand in a log is seen whatever its name; one that only resembles them is not."""
    log = log_text(3, final=0.9712)
    copied = "y = [0.9579, 0.9645, 0.9712]\nplt.plot(y)"
    assert "typed_result" in kinds(unrun(hand_in(*START, FIT, copied, outputs={3: log})))
    assert "typed_result" not in kinds(unrun(hand_in(*START, FIT, copied.replace("712", "713"), outputs={3: log})))


GROWING = "    model.add(Dense(8))\n    model.compile('adam')\n    model.fit(x_train, y_train)"


@pytest.mark.parametrize(
    ("loop", "is_seen"),
    [
        (f"for n in range(3):\n{GROWING}", True),
        (f"sizes = [8, 16]\nfor n in sizes:\n{GROWING}", True),
        (f"for n in range(1):\n{GROWING}", False),
        (f"for n in range(4, 5):\n{GROWING}", False),
        (f"for n in [64]:\n{GROWING}", False),
        (f"sizes = (32,)\nfor n in sizes:\n{GROWING}", False),
        (f"for n in range(3):\n    model = Sequential()\n{GROWING}", False),
        (f"for n in range(3):\n{GROWING}\n    break", False),
        (f"for n in given():\n{GROWING}", False),
    ],
)
def test_layers_added_from_turn_to_turn(loop: str, is_seen: bool) -> None:
    """A loop is accused where its second turn is certain; not of one turn, one entry, or a number nobody can tell."""
    assert ("layers_in_loop" in kinds(unrun(hand_in(*START, loop)))) is is_seen


@pytest.mark.parametrize(
    "code",
    [
        "[[0.9631, 0.9642], [0.9653, 0.9664]]",
        "array([0.9631, 0.9642, 0.9653])",
        "[0.1523, 0.9642, 0.9631]",
        "(0.9631, 0.9642, 0.9653)",
        "np.array([0.9631, 0.9642, 0.9653])",
    ],
)
def test_printed_arrays_are_not_typed(code: str) -> None:
    """An array that stands alone is what a cell printed: nothing is done with it."""
    log = log_text(3, final=0.9653)
    assert "typed_result" not in kinds(unrun(hand_in(*START, FIT, code, outputs={3: log})))


def test_rows_of_one_array_are_one() -> None:
    """A table that is typed in is said once, however many rows it has."""
    rows = ", ".join(f"[0.96{n}1, 0.96{n}2, 0.96{n}3]" for n in range(5))
    assert len(only("typed_result", unrun(hand_in(*START, f"accs = np.array([{rows}])\nplt.plot(accs)")))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "The training needed 41 s, which is 2 s per epoch.",
        "41 seconds for the training and 2 s for each epoch.",
        "With 2 s per epoch, training should take 41 s.",
        "I estimate that one epoch takes 41 seconds on a slower machine.",
        "Alle 10 Epochen brauchten 41 Sekunden.",
        "It ran for 41 s; the accuracy rose in every epoch.",
    ],
)
def test_totals_and_estimates_are_no_times_of_an_epoch(answer: str) -> None:
    """Only a time that is said of one epoch can be held against the logs."""
    assert "unfounded_time" not in kinds(unrun(hand_in(*START, FIT, outputs={3: log_text(10)}), answer))


@pytest.mark.parametrize("given", ["nb_epoch=10", "epochs=given()", "epochs=args.epochs", "**options", "epochs=n()[0]"])
def test_epochs_as_old_keras_calls_them_or_unknown(given: str) -> None:
    """A number of epochs under its old name is read, and one that cannot be read contradicts no log."""
    fit = f"model.fit(x_train, y_train, {given})"
    assert "stale_log" not in kinds(unrun(hand_in(*START, fit, outputs={3: log_text(10)})))
    other = fit.replace(given, "nb_epoch=4")
    assert "stale_log" in kinds(unrun(hand_in(*START, other, outputs={3: log_text(10)})))


@pytest.mark.parametrize(
    "text",
    [
        "scale = 3.5",
        "def scale(x):\n    return x",
        "from helpers import scale",
        "for scale in range(3):\n    pass",
        "first, scale = 1, 2",
    ],
)
def test_names_made_in_a_cell_of_text(text: str) -> None:
    """Code that stands in a cell of text makes names; the same word in a sentence makes none."""
    made = hand_in(IMPORTS, text, "print(scale)", prose={1: text})
    assert "undefined_name" not in kinds(unrun(made))
    told = hand_in(IMPORTS, "The scale is what counts.", "print(scale)", prose={1: "The scale is what counts."})
    assert "undefined_name" in kinds(unrun(told))


def test_no_model_seen_is_no_proof_of_earlier_runs() -> None:
    """Where no model is seen above a summary, not even its own, its number says nothing."""
    summary = (
        'Model: "sequential_4"\n_____\n Layer (type)    Output Shape    Param #\n=====\n'
        " dense_9 (Dense)    (None, 10)    7850\n=====\nTotal params: 7,850\nTrainable params: 7,850\n"
    )
    work = hand_in(IMPORTS, "from helpers import net\nnet.summary()", outputs={1: summary})
    assert "run_before" not in kinds(unrun(work))
