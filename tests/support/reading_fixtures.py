from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.criteria.answers.written import WrittenCriterion
from grader.records import Cell, Question, Rubric, Submission

SAMPLES = Path(__file__).parents[2] / "../shared/samples"


def _question(id: str, asks: str, *cues: str, section: str | None = None) -> Question:  # noqa: A002
    written = WrittenCriterion(points=1)
    return Question(id=id, title=asks[:50], asks=asks, section=section, cues=cues, criteria=(written,))


@pytest.fixture(scope="session")
def lab() -> Rubric:
    """A lab with chapters, parts of parts, and one section that several questions share."""
    questions = (
        _question("1.1", "Explain the data pre-processing.", "preprocessing", "to_categorical", "astype", "reshape"),
        _question("2.1.1", "How many layers does the network have?", "layers"),
        _question("2.1.2", "How many neurons does each layer have?", "neurons"),
        _question("2.1.3", "What activation functions are used?", "activation function"),
        _question("2.1.4", "Why are they appropriate for this application?", "appropriate"),
        _question("2.1.5", "What is the total number of parameters of the network?", "parameters", "summary"),
        _question("2.1.6", "Why do the input and output layers have these dimensions?", "dimensions"),
        _question("2.2.1", "What loss function is used to train the network?", "loss function"),
        _question("2.2.2", "What is its functional form?", "functional form"),
        _question("2.2.3", "How should it be interpreted?", "interpret"),
        _question("2.2.4", "Why is it appropriate for the problem?", "appropriate for the problem"),
        _question("2.3", "Train for 10 epochs and plot the training and validation accuracy.", "10 epochs"),
        _question("2.4-model", "Use 500 and 300 hidden units.", "500", "300", "hidden units", section="2.4"),
        _question("2.4-train", "Train for 40 epochs.", "40 epochs", "epochs=40", "epochs = 40", section="2.4"),
        _question("2.4-best", "What is the best validation accuracy?", "best", section="2.4"),
        _question(
            "2.4-sweep",
            "Implement weight decay: 5 regularization factors, 3 replicates each, and plot mean and deviation.",
            *("weight decay", "regularization factor", "regularizer", "replicate", "errorbar", "std"),
            section="2.4",
        ),
        _question("2.4-hinton", "How close do you get to Hinton's result?", "Hinton", "0.9847", section="2.4"),
        _question(
            "2.4-reflection",
            "If you do not get the same results, what factors may influence this?",
            *("factors may influence", "reflection"),
            section="2.4",
        ),
        _question("3.1", "Design a model with a convolutional layer.", "Conv2D", "convolutional"),
        _question("3.2", "Discuss the benefits of convolutional over fully connected layers.", "fully connected"),
    )
    return Rubric(
        version=1,
        name="lab",
        title="Neural networks",
        datasets=("mnist",),
        recognise=("weight decay", "Hinton"),
        questions=questions,
    )


@pytest.fixture(scope="session")
def numbered_lab() -> Rubric:
    """A lab whose questions bear plain numbers."""
    questions = tuple(_question(str(number), f"Do thing {number}.") for number in range(1, 26))
    return Rubric(version=1, name="numbered", title="Numbers", questions=questions)


@pytest.fixture
def hand_in() -> Callable[..., Submission]:
    """Makes a submission of cells; those that begin with `@` are code."""

    def made(*sources: str) -> Submission:
        cells = tuple(
            Cell(
                index=index,
                kind="code" if source.startswith("@") else "prose",
                source=source.removeprefix("@"),
                file="lab.ipynb",
                number=index + 1,
            )
            for index, source in enumerate(sources)
        )
        return Submission(name="group", files=("lab.ipynb",), cells=cells, digest="0")

    return made


@pytest.fixture
def notebook_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a notebook of raw cells; keywords replace what belongs to the whole document."""

    def made(*cells: Any, name: str = "lab.ipynb", **document: Any) -> Path:
        path = tmp_path / name
        whole = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **document}
        path.write_text(json.dumps(whole), encoding="utf-8")
        return path

    return made


@pytest.fixture
def sample() -> Path:
    """The real hand-in of lab 2, where it is at hand."""
    path = SAMPLES / "group12-dat405"
    if not (path / "notebook.ipynb").is_file():
        pytest.skip("the samples are not at hand")
    return path
