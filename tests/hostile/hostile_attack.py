"""What an attack is: a small hand-in, and what must come of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent

WALL, PATIENT_WALL = 3.0, 20.0
"""Seconds for a run: enough on an idle machine, so that what never ends is soon over; and enough on any machine."""

SECRET = "kolibri-7319-"
"""Begins every secret of the outside."""

GROUPS = {
    "processes": "loops, forks, threads, daemons, signals, exits",
    "memory": "at once, bit by bit, shared, by many",
    "files": "floods, links, traps for whoever clears up, writing outside",
    "network": "sockets of every kind, by every way",
    "secrets": "files, processes and environment of the host",
    "kernel": "namespaces, tracing, other calling conventions",
    "protocol": "forged, broken, flooding and missing messages",
    "grading": "replaced functions, invented trainings, doctored models, the test set learned",
    "functions": "answers to the host's calls that nobody computed",
    "report": "HTML, templates, links, pictures, endless text",
    "inputs": "damaged, huge and booby-trapped files",
}

HONEST = """
import keras
import matplotlib.pyplot as plt

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train / 255, x_test / 255
model = keras.Sequential(
    [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
)
model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=2, batch_size=64, validation_data=(x_test, y_test), verbose=2)
plt.plot(history.history["accuracy"], label="training")
plt.plot(history.history["val_accuracy"], label="validation")
plt.title("Accuracy")
plt.xlabel("epoch")
plt.ylabel("accuracy")
plt.legend()
plt.show()
"""
"""Earns every point of question 1.1."""

WEAK = HONEST.replace("Dense(10,", "Dense(12,").replace("Adam(0.01)", "SGD(1e-6)").replace("epochs=2", "epochs=1")
"""Trains another model, once, and hardly: what a cheat would like to hide."""

PRELUDE = """
import ctypes, mmap, os, resource, signal, socket, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
print("scratch is", os.getcwd())
def tried(way):
    try:
        print("got", str(way())[:3000])
    except BaseException as error:
        print("refused", type(error).__name__)
"""

LINK = """
import gc
from grader.probe.link import Link
link = next(one for one in gc.get_objects() if type(one) is Link)
channel, here = link._channel, link.cell
def raw(data):
    channel._socket.settimeout(None)
    channel._socket.sendall(data)
def frame(text):
    text = text.encode() if isinstance(text, str) else text
    raw(len(text).to_bytes(4, "big") + text)
def say(**header):
    channel.send(header)
"""
"""For attacks on the protocol: the probe's own line to the host is in the same process, so it can be found."""


@dataclass(frozen=True)
class Attack:
    """One hand-in.

    `code` runs in a cell after the honest work; with `before` in one ahead of it, and with `instead` there is no
    honest work at all. In any of them, `@NAME@` stands for what `Outside.names` knows. `files` writes the hand-in
    itself into an empty folder and returns its path.
    """

    name: str
    code: str = ""
    ends: tuple[str, ...] = ("finished",)
    """Ways in which the run may end."""
    before: bool = False
    instead: str | None = None
    """This hand-in's own first cell, in place of the honest work."""
    marks: str = "kept"
    """`kept`: those of the honest work. `not gained`: no more than `instead` earns alone. `any`."""
    says: tuple[str, ...] = ()
    """Words that the report must hold; any of several where they are separated by `|`."""
    most: float | None = None
    """The most points that it may earn."""
    lab: str = "lab"
    """Folder of the rubric."""
    sections: Mapping[str, str] = field(default_factory=dict)
    """The whole hand-in: question id -> code."""
    files: Callable[[Path], Path] | None = None
    refused: bool = False
    """The hand-in itself may be refused in one line."""
    pdf: bool = False
    """The PDF is written too."""


def notebook(path: Path, *cells: dict[str, object]) -> Path:
    """A notebook of format 4.4 at `path`."""
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def code(source: str, *outputs: dict[str, object]) -> dict[str, object]:
    """A code cell with saved outputs."""
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": 1,
    }


def prose(source: str) -> dict[str, object]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def written(attack: Attack, folder: Path, fill: Callable[[str], str]) -> Path:
    """The hand-in of `attack` in `folder`."""
    if attack.files is not None:
        return attack.files(folder)
    if attack.sections:
        cells = [cell for name, text in attack.sections.items() for cell in (prose(f"## {name}"), code(text))]
        return notebook(folder / "hand-in.ipynb", *cells)
    honest = prose("## 1.1"), code(attack.instead if attack.instead is not None else HONEST)
    hostile = [code(fill(PRELUDE + attack.code))] if attack.code else []
    answer = prose("## 1.2\nThe network has 7850 parameters.")
    cells = [*hostile, *honest, answer] if attack.before else [*honest, answer, *hostile]
    return notebook(folder / "hand-in.ipynb", *cells)
