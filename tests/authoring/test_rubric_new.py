"""`labgrade rubric new`: from a teacher's solution to a rubric that it meets."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader.cli import main
from grader.submissions.rubric_file import load_rubric

SOLUTION = """\
# %% [markdown]
# # A tiny lab

# %%
import keras
import matplotlib.pyplot as plt
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train[:600] / 255, x_test / 255

# %% [markdown]
# ## 1 Train it

# %%
net = keras.Sequential(
    [keras.Input((28, 28)), layers.Flatten(), layers.Dense(16, "relu"), layers.Dense(10, "softmax")], name="net"
)
net.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
past = net.fit(x_train, y_train[:600], epochs=3, batch_size=64, verbose=0)

# %% [markdown]
# ## 2 Plot it

# %%
plt.plot(past.history["loss"])
plt.xlabel("Epoch")
plt.show()

# %% [markdown]
# ## 3 Say what you see
#
# The loss falls from epoch to epoch, fast at first and then more slowly, so that more epochs may help.
"""


def labgrade(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("name", "text", "there", "said"),
    [
        ("solution.py", SOLUTION, "rubric.yaml", "is there already and is not overwritten"),
        ("solution.py", SOLUTION, "solution.py", "is there already and is not overwritten"),
        ("solution.py", "x = 1\n", "", "has no headings"),
        ("solution.md", "# 1\n", "", "wants a script (.py) or a notebook (.ipynb)"),
    ],
)
def test_what_cannot_be_started_is_one_line(tmp_path: Path, name: str, text: str, there: str, said: str) -> None:
    """Nothing is overwritten, and nothing is written."""
    source, folder = tmp_path / name, tmp_path / "lab"
    source.write_text(text)
    if there:
        folder.mkdir()
        (folder / there).write_text("mine")
    printed = labgrade("rubric", "new", folder, "--from", source, "--cache", tmp_path / "cache")
    assert printed.exit_code == 2
    assert said in printed.output
    assert [path.read_text() for path in folder.glob("*")] == (["mine"] if there else [])


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_draft_is_met_by_its_solution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions, models and criteria are what the solution shows; validated at once, it gets full marks."""
    monkeypatch.setenv("LABGRADE_OFFLINE", "1")
    (tmp_path / "mine.py").write_text(SOLUTION)
    choices = ("--cache", tmp_path / "cache", "--effort", "quick")
    printed = labgrade("rubric", "new", tmp_path / "lab", "--from", tmp_path / "mine.py", *choices)
    assert printed.exit_code == 0, printed.output
    rubric = load_rubric(tmp_path / "lab")
    kinds = {question.id: [criterion.kind for criterion in question.criteria] for question in rubric.questions}
    assert kinds["1"] == ["architecture", "parameters", "compiled", "trained", "accuracy"]
    assert kinds["2"] == ["history_plot"]
    assert kinds["3"] == ["written"]
    assert [question.model for question in rubric.questions] == ["net", "net", None]
    assert (rubric.title, rubric.datasets) == ("A tiny lab", ("mnist",))
    validated = labgrade("rubric", "validate", tmp_path / "lab", *choices)
    assert validated.exit_code == 0, validated.output
    assert "6 of 6 decided points; 1 of 7 are left to a person" in validated.output
