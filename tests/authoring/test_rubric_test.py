"""`labgrade rubric test`: which mistakes a rubric catches, and which it does not."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

from grader.cli import main

RUBRIC = """\
version: 1
title: A small lab
datasets: [mnist]
questions:
  - id: "1"
    title: Adding one
    criteria:
      - function: {points: 2}
  - id: "2"
    title: A network
    model: net
    criteria:
      - architecture: {points: 2}
      - trained: {points: 1}
"""
CASES = '''
import numpy as np
from numpy.testing import assert_allclose
from grader.functions import FunctionTests

class TestAddOne(FunctionTests):
    question = "1"
    names = ("add_one",)
    arguments = {"x": ("values",)}

    def test_adds(self, call):
        """Three numbers"""
        assert_allclose(call(np.arange(3.0)), [1, 2, 3])
'''
SOLUTION = """\
# %%
import keras
import numpy as np
from keras import layers

(x_train, y_train), _ = keras.datasets.mnist.load_data()
x_train = x_train[:600].reshape(-1, 784) / 255
y_train = y_train[:600]

# %% [markdown]
# ### Question 1

# %%
def add_one(x):
    return x + 1


# %% [markdown]
# ### Question 2

# %%
net = keras.Sequential([keras.Input((784,)), layers.Dense(8, activation="relu"), layers.Dense(10)], name="net")
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
net.compile(loss=loss, optimizer="adam", metrics=["accuracy"])
history = net.fit(x_train, y_train, epochs=2, batch_size=64, verbose=0)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labs") / "small"
    folder.mkdir()
    for name, text in (("rubric.yaml", RUBRIC), ("cases.py", CASES), ("solution.py", SOLUTION)):
        (folder / name).write_text(dedent(text))
    return folder


def labgrade(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_only_knows_the_questions(lab: Path) -> None:
    """A question that is not there is one line and exit code 2."""
    printed = labgrade("rubric", "test", lab, "--only", "7", "--cache", lab.parent / "cache")
    assert printed.exit_code == 2
    assert "no such question; it has 1, 2" in printed.output


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_mistake_is_caught_or_a_hole(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's mistakes fall to the cases that see them; those of a network to its criteria."""
    monkeypatch.setenv("LABGRADE_OFFLINE", "1")
    choices = ("--cache", lab.parent / "cache", "--effort", "quick", "--first", "8")
    printed = labgrade("rubric", "test", lab, "--json", *choices)
    assert printed.exit_code == 1, printed.output
    findings = json.loads(printed.output[printed.output.index("[") :])
    standing = {(finding["question"], finding["kind"]): finding["standing"] for finding in findings}
    assert len(findings) == 8
    assert standing["1", "off by one"] == "caught"
    assert standing["1", "an argument changed in place"] == "hole"
    assert standing["2", "other units"] == "caught"
    catch = next(finding for finding in findings if finding["kind"] == "other units")["catches"][0]
    assert (catch["criterion"], catch["question"]) == ("architecture", "2")
