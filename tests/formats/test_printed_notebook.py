from __future__ import annotations

from pathlib import Path

from printed_pages import cell, read_printed

from grader.formats.pdf.pdf import read_pdf
from grader.formats.reader import SourceFile
from grader.records import Submission
from grader.submissions.read import read_submission
from grader.submissions.saved_outputs import record_saved

LOG = """Epoch 1/2
469/469 [==============================] - 7s 12ms/step - loss: 0.4714 -
accuracy: 0.8671 - val_loss: 0.2524 - val_acc
uracy: 0.9278
Epoch 2/2
469/469 [==============================] - 5s 10ms/step - loss: 0.2231 -
accuracy: 0.9359 - val_loss: 0.1903 - val_accuracy: 0.9434"""
SUMMARY = """Model: "sequential"
_________________________________________________________________
 Layer (type)                Output Shape              Param #
=================================================================
 flatten (Flatten)           (None, 784)               0

 dense (Dense)               (None, 10)                7850

=================================================================
Total params: 7,850"""


def test_code_output_and_prose_are_told_apart() -> None:
    """Boxes and prompts tell code, what it printed and text apart; indentation and blank lines stay."""
    code = "def build(units):\n    if units:\n        return [units]\n\n    return []\n\nbuild(3)"
    contents = read_printed(
        f"<h1>Lab</h1><p>We build it.</p>{cell(code)}<pre class='printed'>[3]</pre><p>It works.</p>"
        f"{cell('x = 1', '[2]:')}"
    )
    code_cells = [c for c in contents.cells if c.kind == "code"]
    assert code_cells[0].source == code
    assert code_cells[0].execution_count == 1
    assert code_cells[0].outputs[0].text.strip() == "[3]"
    assert code_cells[1].source == "x = 1"
    assert [c.source for c in contents.cells if c.kind == "prose"] == ["# Lab\n\nWe build it.", "It works."]
    assert all(c.page == 1 for c in contents.cells)


def test_logs_and_summaries_become_events() -> None:
    """A log wrapped within a word and a summary in a PDF testify as they do in a notebook."""
    shown = [f"<pre class='printed'>{text}</pre>" for text in (LOG, SUMMARY)]
    contents = read_printed(f"{cell('model.fit(x)')}{shown[0]}{cell('model.summary()', '[2]:')}{shown[1]}")
    saved = record_saved(Submission(name="g", files=("a.pdf",), cells=contents.cells, digest="0"))
    log = next(event for event in saved.events if event.kind == "log")
    assert [epoch.metrics["val_accuracy"] for epoch in log.epochs] == [0.9278, 0.9434]
    assert [epoch.seconds for epoch in log.epochs] == [7.0, 5.0]
    summary = next(event for event in saved.events if event.kind == "logged_summary")
    assert summary.parameters == 7850
    assert summary.layers[1] == ("Dense", "(None, 10)", 7850)


def test_cells_go_on_over_pages() -> None:
    """A cell that runs over several pages is one cell, without page numbers and headers in it."""
    lines = "\n".join(f"value_{number} = {number}" for number in range(150))
    contents = read_printed(f"{cell(lines)}{cell('last = 1', '[2]:')}")
    assert [c.source for c in contents.cells] == [lines, "last = 1"]


def test_wrapped_code_is_joined() -> None:
    """Lines that LaTeX cut and marked with an arrow are whole again."""
    contents = read_printed(cell("x = dict(a=1,\n   ↪ b=2)  # a remark that\n ↪ goes on") + cell("y = 1", "[2]:"))
    assert contents.cells[0].source == "x = dict(a=1, b=2)  # a remark that goes on"
    assert contents.cells[0].runs


def test_results_with_the_same_count() -> None:
    """`[3]:` below the box with count 3 is its result, not another cell."""
    out = '<div class="cell"><div class="prompt">[3]:</div><pre style="margin:0">0.97</pre></div>'
    contents = read_printed(f"{cell('score', '[3]:')}{out}{cell('y = 1', '[4]:')}")
    assert [c.source for c in contents.cells] == ["score", "y = 1"]
    assert contents.cells[0].outputs[0].text.strip() == "0.97"


def test_export_says_what_its_notebook_says(sample: Path) -> None:
    """Read from its PDF, the real hand-in has the same code and the same saved testimony as its notebook."""
    notebook = read_submission(sample / "notebook.ipynb")
    contents = read_pdf(SourceFile("submission.pdf", (sample / "submission.pdf").read_bytes()))
    printed = Submission(name="g", files=("submission.pdf",), cells=contents.cells, digest="0")

    def code(submission: Submission) -> list[str]:
        return ["".join(c.source.split()) for c in submission.cells if c.kind == "code" and c.source.strip()]

    def testimony(submission: Submission) -> list[object]:
        kinds = ("log", "logged_summary", "logged_score", "picture")
        events = [event for event in record_saved(submission).events if event.kind in kinds]
        return [event.model_dump(exclude={"seq", "cell", "text", "image"}) for event in events]

    assert code(printed) == code(notebook)
    assert testimony(printed) == testimony(notebook)
