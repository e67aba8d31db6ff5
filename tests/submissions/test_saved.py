from __future__ import annotations

import base64
from pathlib import Path

from grader.records import Cell, CellFailed, LoggedTraining, SavedImage, SavedOutput, Submission
from grader.submissions.read import read_submission
from grader.submissions.saved_outputs import record_saved


def submission(*outputs: SavedOutput, source: str = "model.fit(x)") -> Submission:
    cell = Cell(index=0, kind="code", source=source, outputs=outputs, file="a.ipynb", number=1)
    return Submission(name="a", files=("a.ipynb",), cells=(cell,), digest="0")


def test_events_of_a_cell() -> None:
    """Printed text, pictures and what the text says become events, numbered in order."""
    log = "Epoch 1/1\n9/9 [====] - 1s 2ms/step - loss: 0.2 - val_loss: 0.2\n"
    image = SavedImage(media_type="image/png", data=base64.b64encode(b"\x89PNG").decode())
    outputs = (SavedOutput(kind="stream", text=log), SavedOutput(kind="display", text="<Figure>", image=image))
    recording = record_saved(submission(*outputs))
    assert recording.testimony == "saved"
    assert [event.kind for event in recording.events] == ["printed", "printed", "picture", "log"]
    assert [event.seq for event in recording.events] == [0, 1, 2, 3]


def test_saved_error() -> None:
    """A stored traceback gives the error, its message and the line in the cell."""
    trace = (
        "---------------\nNameError   Traceback (most recent call last)\nCell In[3], line 2\n      1 x = 1\n"
        "----> 2 y\n\n"
        "NameError: name 'y' is not defined"
    )
    (failed,) = record_saved(submission(SavedOutput(kind="error", text=trace))).events
    assert isinstance(failed, CellFailed)
    assert (failed.error, failed.message, failed.line) == ("NameError", "name 'y' is not defined", 2)


def test_error_without_message() -> None:
    """An interruption has a name and no message."""
    (failed,) = record_saved(submission(SavedOutput(kind="error", text="Traceback\nKeyboardInterrupt: "))).events
    assert isinstance(failed, CellFailed)
    assert (failed.error, failed.message, failed.line) == ("KeyboardInterrupt", "", None)


def test_sample(sample: Path) -> None:
    """The real hand-in's stored logs: 10, 10, 40, fifteen times 1 of 1, and 4 of 4 epochs."""
    recording = record_saved(read_submission(sample))
    found = [
        (event.cell, event.declared_epochs, len(event.epochs))
        for event in recording.events
        if isinstance(event, LoggedTraining)
    ]
    assert found == [(8, 10, 10), (16, 10, 10), (21, 40, 40), *[(23, 1, 1)] * 15, (28, 4, 4)]
