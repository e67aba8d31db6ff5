"""Listings of reports that a page or a text processor wrapped."""

from __future__ import annotations

from grader.formats.blocks import Block, document_contents
from grader.formats.keras_logs import read_logs
from grader.formats.listings import mend_code
from grader.records import LoggedTraining


def test_statements_wrapped_at_a_semicolon_are_joined() -> None:
    """A rest that stands alone as a statement is joined too, where what follows is indented as before."""
    source = (
        "def draw(ax):\n    ax.set_xlabel('epoch');\nax.set_ylabel('loss')\n    ax.legend();\nax.grid()\n    return ax"
    )
    text, whole = mend_code(source)
    assert whole
    assert text.split("\n")[1] == "    ax.set_xlabel('epoch'); ax.set_ylabel('loss')"


def test_what_a_browser_cut_off_is_not_invented() -> None:
    """A word that ends at the edge is joined to the next line only where that line begins at the left again."""
    cut = "h = model.fit(x, y, epochs=10, verbo\n              validation_data=(t, u))"
    assert not mend_code(cut)[1]
    assert mend_code("h = model.fit(x, y, epochs=10, verbo\nse=1)")[0] == "h = model.fit(x, y, epochs=10, verbose=1)"


def test_a_log_with_the_time_per_epoch_is_joined() -> None:
    """Keras' verbose=2 lines end with the times; wrapped before the last metric they are one line of the log."""
    half = "469/469 - 2s - loss: 0.2757 - acc: 0.9177 - val_acc: 0.9182 -"
    lines = [f"Epoch {n}/3\n{half}\nval_loss: 0.{n}700 - 2s/epoch - 4ms/step" for n in (1, 2, 3)]
    (log,) = read_logs("\n".join(lines), "model.fit(x, y)", 0, 0)
    assert isinstance(log, LoggedTraining)
    assert [epoch.metrics["val_loss"] for epoch in log.epochs] == [0.17, 0.27, 0.37]


def test_printed_lines_in_a_listing_are_no_broken_code() -> None:
    """Lines below a loop that are no Python, and look like none, are what it printed."""
    text = "for f in factors:\n    print(f, mean(f))\n1e-06: 0.9770 +- 0.0005\n1e-05: 0.9771 +- 0.0006"
    contents = document_contents("report.docx", [Block("listing", text)])
    (cell,) = contents.cells
    assert cell.runs
    assert "0.9771" in cell.outputs[-1].text
    assert not contents.notes


def test_a_warning_and_the_line_it_quotes_are_output() -> None:
    """Keras 3 warns of `input_shape`; the warning and the quoted line are no code of the group's."""
    warning = "/usr/lib/python3/keras/src/core/dense.py:87: UserWarning: Do not pass an `input_shape` argument.\n"
    text = f"model.add(Dense(10, input_shape=(784,)))\n{warning}  super().__init__(**kwargs)"
    (cell,) = document_contents("report.docx", [Block("listing", text)]).cells
    assert cell.source == "model.add(Dense(10, input_shape=(784,)))"
    assert "super" in cell.outputs[0].text


def test_a_printed_score_within_a_listing_is_output() -> None:
    """A score that stands between two statements is what the first printed."""
    text = "print(f'with dropout: loss {a:.4f}')\nwith dropout:    test loss 0.1656\n\nprint(f'{b:.4f}')"
    first, second = document_contents("report.docx", [Block("listing", text)]).cells
    assert first.runs
    assert second.runs
    assert "0.1656" in first.outputs[0].text
