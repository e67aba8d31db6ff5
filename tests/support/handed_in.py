"""Small hand-ins as text, laid beside a one-question rubric without being run."""

from __future__ import annotations

from typing import Any

from fictional_recordings import Stage, matched, question_of, reference_lab

from grader.observations.observe import observe
from grader.records import Cell, Match, Observation, Outcome, SavedOutput, Submission
from grader.submissions.saved_outputs import record_saved

REFERENCE = reference_lab()
LOAD = "from keras.datasets import mnist\n(x_train, y_train), (x_test, y_test) = mnist.load_data()"
SCALE = "x_train = x_train.reshape(60000, 784).astype('float32') / 255\nx_test = x_test.reshape(10000, 784) / 255.0"
MODEL = (
    "model = Sequential()\nmodel.add(Dense(10, activation='softmax'))\nmodel.compile(loss='categorical_crossentropy')"
)
FIT = "history = model.fit(x_train, y_train, batch_size=128, epochs=10, validation_split=0.2)"
IMPORTS = (
    "import numpy as np, keras\nimport matplotlib.pyplot as plt\n"
    "from keras import Sequential\nfrom keras.layers import Dense\n"
)


def log_text(epochs: int, steps: int = 375, seconds: int = 2, final: float = 0.97) -> str:
    """A training log as Keras 2 prints it."""
    lines = []
    for epoch in range(1, epochs + 1):
        value = final - 0.02 * (epochs - epoch) / max(epochs, 1)
        lines += [
            f"Epoch {epoch}/{epochs}",
            f"{steps}/{steps} [==============================] - {seconds}s 5ms/step - loss: 0.2000 - "
            f"accuracy: {value:.4f} - val_loss: 0.2100 - val_accuracy: {value - 0.01:.4f}",
        ]
    return "\n".join(lines if epochs > 1 else lines[1:])


def hand_in(
    *code: str,
    outputs: dict[int, str] | None = None,
    counts: dict[int, int] | None = None,
    file: str = "notebook.ipynb",
    prose: dict[int, str] | None = None,
) -> Submission:
    """Cells of code (and prose, by index) with saved outputs and execution counts by index."""
    outputs, counts, prose = outputs or {}, counts or {}, prose or {}
    return Submission(
        name="group00",
        files=(file,),
        cells=tuple(
            Cell(
                index=index,
                kind="prose" if index in prose else "code",
                source=prose.get(index, source),
                outputs=(SavedOutput(kind="stream", text=outputs[index]),) if index in outputs else (),
                execution_count=counts.get(index),
                file=file,
                number=index + 1,
                origin="listing" if file.endswith(".pdf") else "file",
            )
            for index, source in enumerate(code)
        ),
        digest="0" * 64,
    )


def unrun(work: Submission, answer: str = "", **more: Any) -> Match:
    """The match of a hand-in whose code did not run: only its text and its saved outputs speak."""
    rerun, saved = Stage(), Stage("saved")
    rerun.outcome = Outcome(status="not run")
    saved.events = list(record_saved(work).events)
    question = more.pop("question", None) or question_of("1", {"kind": "written", "points": 1}, title="The accuracy")
    return matched(question, rerun, saved=saved, work=work, answer=answer, **more)[1]


def kinds(match: Match) -> list[str]:
    """The kinds of all observations."""
    return [observation.kind for observation in observe(match, REFERENCE)]


def only(kind: str, match: Match) -> list[Observation]:
    """The observations of one kind."""
    return [observation for observation in observe(match, REFERENCE) if observation.kind == kind]
