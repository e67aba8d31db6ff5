from __future__ import annotations

import time

import pytest

from grader.formats.keras_logs import read_logs
from grader.records import Event, LoggedScore, LoggedSummary, LoggedTraining

BAR = "[==============================]"


def logs(text: str, source: str = "model.fit(x, y)") -> tuple[Event, ...]:
    return read_logs(text, source, cell=4, first_seq=10)


def trainings(text: str, source: str = "model.fit(x, y)") -> list[LoggedTraining]:
    return [event for event in logs(text, source) if isinstance(event, LoggedTraining)]


def scores(text: str, source: str = "model.evaluate(x, y)") -> list[dict[str, float]]:
    return [event.metrics for event in logs(text, source) if isinstance(event, LoggedScore)]


OLD = "loss: 0.29 - acc: 0.91 - val_loss: 0.2 - val_acc: 0.94"
MIDDLE = "loss: 0.29 - accuracy: 0.91 - val_loss: 0.2 - val_accuracy: 0.94"
NEW = "accuracy: 0.91 - loss: 0.29 - val_accuracy: 0.94 - val_loss: 0.2"
COLOURED = "\x1b[1m469/469\x1b[0m \x1b[32m━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m5s\x1b[0m 10ms/step"


@pytest.mark.parametrize(
    ("line", "seconds", "ms", "steps"),
    [
        (f"60000/60000 {BAR} - 3s 54us/step - {OLD}", 3, 0.054, 60000),
        (f"469/469 {BAR} - 5s 10ms/step - {MIDDLE}", 5, 10, 469),
        (f"469/469 ━━━━━━━━━━━━ 71s 2s/step - {NEW}", 71, 2000, 469),
        (f"{COLOURED} - {NEW}", 5, 10, 469),
        (f"60000/60000 - 3s - {OLD}", 3, None, 60000),
        (f" - 3s - {OLD}", 3, None, None),
        (f"469/469 - 1s - 2ms/step - {NEW}", 1, 2, 469),
        (f"469/469 - 1s - {MIDDLE} - 1s/epoch - 3ms/step", 1, 3, 469),
    ],
)
def test_styles_of_all_versions(line: str, seconds: float, ms: float | None, steps: int | None) -> None:
    """An epoch's line of any Keras from 2.0 to 3 gives its time, steps and metrics under today's names."""
    (training,) = trainings(f"Epoch 1/2\n{line}\nEpoch 2/2\n{line}\n")
    assert training.declared_epochs == 2
    assert [epoch.number for epoch in training.epochs] == [1, 2]
    epoch = training.epochs[1]
    assert (epoch.seconds, epoch.ms_per_step, epoch.steps, epoch.of) == (seconds, ms, steps, 2)
    assert epoch.metrics == {"loss": 0.29, "accuracy": 0.91, "val_loss": 0.2, "val_accuracy": 0.94}


def test_numbering() -> None:
    """Events bear the cell and consecutive numbers."""
    text = f"Epoch 1/1\n9/9 {BAR} - 1s 2ms/step - loss: 0.3\nTest loss: 0.5\n"
    assert [(event.seq, event.cell) for event in logs(text)] == [(10, 4), (11, 4)]


def test_progress_updates_collapse() -> None:
    """Intermediate states of a bar are no epochs, whether overwritten or printed one below the other."""
    updates = "".join(f"\b\b\r{n}/9 [=>...] - ETA: 9s - loss: 0.{n}" for n in range(1, 9))
    (over,) = trainings(f"Epoch 1/1\n{updates}\r9/9 {BAR} - 2s 1ms/step - loss: 0.1000 - val_loss: 0.2000\n")
    below = "\n".join(f"{n}/9 ━━━ {9 - n}s 1ms/step - loss: 0.{n}" for n in range(1, 9))
    last = "9/9 ━━━ 2s 1ms/step - loss: 0.1000"
    (under,) = trainings(f"Epoch 1/1\n{below}\n{last}\n{last} - val_loss: 0.2000\n")
    assert over.epochs == under.epochs
    assert len(over.epochs) == 1


def test_one_epoch_has_no_header() -> None:
    """Lines with validation outside any epoch are trainings of one epoch each, also when they look alike."""
    line = f"9/9 {BAR} - 2s 8ms/step - loss: 0.24 - val_loss: 0.13"
    found = trainings(f"{{0}}\n{line}\n{{1}}\n{line}\n")
    assert [(training.declared_epochs, len(training.epochs)) for training in found] == [(1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("model.fit(x, y)", ["log"]),
        ("model.evaluate(x, y)", ["logged_score"]),
        ("run_everything()", ["logged_score"]),
        ("model.fit(x, y, verbose=0)\nmodel.evaluate(x, y)", ["logged_score"]),
        ("model.fit(x, y)\nmodel.evaluate(x, y, verbose=0)", ["log"]),
    ],
)
def test_fit_or_evaluate(source: str, kinds: list[str]) -> None:
    """A line without validation is what the cell's code calls."""
    assert [event.kind for event in logs(f"313/313 {BAR} - 1s 2ms/step - loss: 0.13 - accuracy: 0.83", source)] == kinds


def test_fit_then_evaluate_of_one_epoch() -> None:
    """Of two such lines under `fit` and `evaluate` the first is the training, the second the score."""
    text = f"469/469 {BAR} - 1s 2ms/step - loss: 0.2\n313/313 {BAR} - 1s 2ms/step - loss: 0.1\n"
    assert [event.kind for event in logs(text, "model.fit(x)\nmodel.evaluate(x)")] == ["log", "logged_score"]


def test_evaluation_after_a_training() -> None:
    """An evaluation after the last epoch does not replace that epoch."""
    epoch = f"469/469 {BAR} - 1s 2ms/step - loss: 0.2 - val_loss: 0.3"
    text = f"Epoch 1/2\n{epoch}\nEpoch 2/2\n{epoch}\n313/313 {BAR} - 1s 2ms/step - loss: 0.1\n"
    log, score = logs(text, "model.fit(x)\nmodel.evaluate(x)")
    assert isinstance(log, LoggedTraining)
    assert log.epochs[-1].metrics == {"loss": 0.2, "val_loss": 0.3}
    assert isinstance(score, LoggedScore)


def test_several_and_interrupted_trainings() -> None:
    """A header that starts again begins another training; an interrupted one keeps its finished epochs."""
    line = f"9/9 {BAR} - 1s 2ms/step - loss: 0.2\n"
    text = f"Epoch 1/5\n{line}Epoch 2/5\n3/9 [==>....] - ETA: 1s - loss: 0.3\nEpoch 1/5\n{line}Epoch 2/5\n{line}"
    assert [(len(t.epochs), t.declared_epochs) for t in trainings(text)] == [(1, 5), (2, 5)]


def test_callback_lines() -> None:
    """Lines of callbacks between the epochs disturb nothing."""
    text = (
        f"Epoch 1/3\n9/9 [====] - ETA: 0s - loss: 0.3\nEpoch 1: val_loss improved from inf to 0.2, saving model\n"
        f"9/9 {BAR} - 1s 2ms/step - loss: 0.3 - val_loss: 0.2\nEpoch 2/3\n"
        f"9/9 {BAR} - 1s 2ms/step - loss: 0.2 - val_loss: 0.2\nEpoch 00002: early stopping\n"
    )
    (training,) = trainings(text)
    assert [epoch.number for epoch in training.epochs] == [1, 2]


def test_diverged() -> None:
    """A loss that is not a number is data."""
    (training,) = trainings(f"Epoch 1/1\n9/9 {BAR} - 1s 2ms/step - loss: nan - accuracy: 0.1\n")
    assert str(training.epochs[0].metrics["loss"]) == "nan"


def test_wrapped_lines() -> None:
    """A line that a page's width cut, even inside a name or a number, is whole again."""
    for cut in ("val_accuracy: 0.9\n268", "val_acc\nuracy: 0.9268"):
        text = f"Epoch 1/1\n375/375 {BAR} - 1s 2ms/step - loss: 0.2872 - accuracy: 0.9205 - {cut}\n"
        assert trainings(text)[0].epochs[0].metrics["val_accuracy"] == 0.9268


OLD_SUMMARY = """
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
flatten_1 (Flatten)          (None, 784)               0
_________________________________________________________________
dense_1 (Dense)              (None, 64)                50,240
=================================================================
Total params: 50,240
Trainable params: 50,240
"""
NEW_SUMMARY = """
Model: "sequential_3"
┏━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━┓
┃ Layer (type)           ┃ Output Shape       ┃     Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━┩
│ flatten (Flatten)      │ (None, 784)        │           0 │
├────────────────────────┼────────────────────┼─────────────┤
│ max_pooling2d          │ (None, 13, 13, 32) │           0 │
│ (MaxPooling2D)         │                    │             │
├────────────────────────┼────────────────────┼─────────────┤
│ dense (Dense)          │ (None, 64)         │      50,240 │
└────────────────────────┴────────────────────┴─────────────┘
 Total params: 50,240 (196.25 KB)
"""
WIDE_SUMMARY = """
Model: "model"
__________________________________________________________________________________________________
 Layer (type)                   Output Shape         Param #     Connected to
==================================================================================================
 input_1 (InputLayer)           [(None, 28, 28, 1)]  0           []

 max_pooling2d_1 (MaxPooling2D  (None, 13, 13, 32)   0           ['conv2d[0][0]']
 )

==================================================================================================
Total params: 0
"""


@pytest.mark.parametrize(
    ("text", "name", "kinds", "parameters"),
    [
        (OLD_SUMMARY, "", ["Flatten", "Dense"], 50240),
        (NEW_SUMMARY, "sequential_3", ["Flatten", "MaxPooling2D", "Dense"], 50240),
        (WIDE_SUMMARY, "model", ["InputLayer", "MaxPooling2D"], 0),
    ],
)
def test_summaries(text: str, name: str, kinds: list[str], parameters: int) -> None:
    """Summaries of TensorFlow 1, 2 and Keras 3 give layers, shapes and parameters."""
    (summary,) = logs(text, "model.summary()")
    assert isinstance(summary, LoggedSummary)
    assert (summary.name, [layer[0] for layer in summary.layers], summary.parameters) == (name, kinds, parameters)
    assert summary.layers[0][1].strip("[]").startswith("(None, ")


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        ("Test loss: 0.083, Test accuracy 0.97", {"loss": 0.083, "accuracy": 0.97}),
        ("Accuracy: 0.8360000252723694", {"accuracy": 0.8360000252723694}),
        ("Test accuracy: 97.5%", {"accuracy": 0.975}),
        ("test acc = 97.5", {"accuracy": 0.975}),
        ("[0.0837, 0.9746]", {"loss": 0.0837, "accuracy": 0.9746}),
        ("Validation accuracy: 0.98", {"val_accuracy": 0.98}),
        ("Noggrannhet på testdata: 0.98", {"accuracy": 0.98}),
    ],
)
def test_printed_scores(line: str, metrics: dict[str, float]) -> None:
    """Scores that a group prints itself are read in their usual forms."""
    assert scores(line) == [metrics]


@pytest.mark.parametrize(
    "line",
    [
        "Max accuracy according to Hinton: 0.9847",
        "Difference in accuracy: 0.0215",
        "x_train accuracy shape: 60000",
        "Accuracy: 1234",
        "60000 train samples",
        "Version 2.4",
        "Epoch 3, Loss: 0.2",
        "[3, 4, 5]",
    ],
)
def test_no_scores(line: str) -> None:
    """Other numbers are not taken for scores."""
    assert scores(line) == []


def test_bare_pair_without_evaluate() -> None:
    """Two numbers are a loss and an accuracy only where `evaluate` is called."""
    assert scores("[0.0837, 0.9746]", "print(means)") == []


@pytest.mark.parametrize(
    "text",
    [
        *("=" * 1_000_000, "1" * 1_000_000, " " * 1_000_000, "1/1 " * 250_000, "0.1 " * 250_000, "a: " * 300_000),
        *("Epoch 1/10\n" * 90_000, "\x1b[" * 500_000, "a\b" * 500_000, "abc\r" * 250_000, "\n" * 1_000_000),
        *("9/9 [==] - 1s 2ms/step - loss: 0.1\n" * 25_000, "Layer (type)\n" + "a (b (c " * 120_000, "│" * 1_000_000),
    ],
    ids=lambda text: repr(text[:10]),
)
def test_adversarial_text(text: str) -> None:
    """A megabyte made to confuse is read in about a second."""
    start = time.process_time()
    logs(text)
    assert time.process_time() - start < 5
