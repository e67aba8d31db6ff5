"""A group's own data files lie where its code looks for them, and weights from them are no training."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from grader.records import DataFile
from grader.submissions.read import read_submission

pytestmark = pytest.mark.slow

DATA = """
import numpy as np, keras
(x, y), (t, u) = keras.datasets.mnist.load_data()
x, t = x.reshape(-1, 784) / 255, t.reshape(-1, 784) / 255
def make():
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(16), keras.layers.Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[DataFile, ...]:
    """Files as a group may have saved them, from a model that was trained elsewhere."""
    import keras
    import numpy as np

    folder = tmp_path_factory.mktemp("saved")
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(16), keras.layers.Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    (folder / "models").mkdir()
    model.save(folder / "models" / "saved.keras")
    model.save(folder / "old.h5")
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save_weights(folder / "just.weights.h5")
    np.save(folder / "numbers.npy", np.arange(7))
    (folder / "helpers.py").write_text("ANSWER = 42\n")
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return tuple(
        DataFile(path=file.relative_to(folder).as_posix(), digest=hashlib.sha256(data).hexdigest(), content=data)
        for file in files
        for data in [file.read_bytes()]
    )


@pytest.mark.long
def test_files_are_found_where_they_lay(bench: Any, saved: Any) -> None:
    """np.load, import, load_weights and load_model run as they did; the host says whose weights they are."""
    recorded = bench.record(
        "import numpy as np; print(np.load('numbers.npy').sum()); import helpers; print(helpers.ANSWER)",
        DATA,
        "model = keras.models.load_model('models/saved.keras'); model.evaluate(t, u)",
        "model = make(); model.load_weights('just.weights.h5'); model.fit(x, y, epochs=1)",
        "print(keras.models.load_model('old.h5').count_params())",
        files=saved,
    )
    events = recorded.recording.events
    assert not [event for event in events if event.kind == "failed"]
    printed = "".join(event.text for event in events if event.kind == "printed")
    assert "21" in printed
    assert "42" in printed
    assert str(784 * 16 + 16 + 170) in printed
    (evaluated,) = [event for event in events if event.kind == "evaluated"]
    assert evaluated.trained is None
    assert evaluated.measured.accuracy == pytest.approx(evaluated.claimed_accuracy, abs=1e-6)
    (trained,) = recorded.recording.trainings()
    assert trained.continued
    notes = [event.message for event in events if event.kind == "noted" and event.name == "handed-in weights"]
    assert len(notes) == 2
    assert "models/saved.keras" in notes[0]
    assert "just.weights.h5" in notes[1]


def notebook(*sources: str) -> str:
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def test_hand_in_brings_its_files(tmp_path: Path) -> None:
    """Files lie in the working folder as seen from the hand-in and from its notebook; documents and links do not."""
    inner = tmp_path / "group" / "work"
    (inner / "data").mkdir(parents=True)
    (inner / "lab.ipynb").write_text(notebook("import numpy as np", "np.load('data/x.npy')"))
    (inner / "data" / "x.npy").write_bytes(b"numbers")
    (inner / "video.mp4").write_bytes(b"film")
    (inner / "passwd").symlink_to("/etc/passwd")
    read = read_submission(tmp_path / "group")
    assert [file.path for file in read.data] == ["data/x.npy", "work/data/x.npy"]
    assert {file.content for file in read.data} == {b"numbers"}
    assert "content" not in read.as_json()["data"][0]


def test_single_notebook_takes_only_what_it_names(tmp_path: Path) -> None:
    """In a folder with the work of a whole class, a notebook finds the files that its code names, and no others."""
    (tmp_path / "lab.ipynb").write_text(notebook("import numpy as np; np.load('mine.npy')"))
    (tmp_path / "other_group").mkdir()
    for name in ("mine.npy", "theirs.npy", "other_group/mine.npy"):
        (tmp_path / name).write_bytes(b"numbers")
    assert [file.path for file in read_submission(tmp_path / "lab.ipynb").data] == ["mine.npy"]


def test_files_over_the_limits_are_left_out(tmp_path: Path) -> None:
    """What is too large together is not given to the code, and a note says so."""
    (tmp_path / "lab.ipynb").write_text(notebook("print(1)"))
    for name in ("a.npy", "b.npy", "c.npy"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(90_000_000)
    read = read_submission(tmp_path)
    assert len(read.data) == 2
    assert any("Not given to the code: c.npy" in note for note in read.notes)
