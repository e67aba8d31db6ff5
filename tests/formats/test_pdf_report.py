from __future__ import annotations

import base64
import io
from contextlib import suppress

import pytest
from PIL import Image
from printed_pages import HEADER, pdf_bytes, read_printed

from grader.errors import UserError
from grader.formats.pdf.pdf import read_pdf
from grader.formats.reader import SourceFile

PROSE = "The network learns the training set well, but generalises less well to data that it has not seen. " * 6


def picture() -> str:
    out = io.BytesIO()
    Image.effect_noise((300, 200), 60).save(out, format="PNG")
    return f'<img style="width:200pt" src="data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}">'


def test_report_with_listing_console_and_picture() -> None:
    """Text, listing, what it printed and pictures stand in their order, each in a cell of its own kind."""
    listing = "model = build()\nhistory = model.fit(x, y, epochs=3)\nfor layer in model.layers:\n    print(layer.name)"
    contents = read_printed(
        f"<h1>Report</h1><h2>Question 1</h2><p>{PROSE}</p><pre>{listing}</pre><pre>dense_1\ndense_2</pre>"
        f"<h2>Question 2</h2><p>See the plot.</p>{picture()}<p>It rises.</p>"
    )
    kinds = [(c.kind, bool(c.outputs)) for c in contents.cells]
    assert ("code", True) in kinds or ("code", False) in kinds
    code = "\n".join(c.source for c in contents.cells if c.kind == "code")
    assert "    print(layer.name)" in code
    shown = [c for c in contents.cells if any(output.image for output in c.outputs)]
    assert len(shown) == 1
    place = contents.cells.index(shown[0])
    assert "See the plot" in contents.cells[place - 1].source
    assert contents.cells[place + 1].source == "It rises."
    assert contents.cells[1].source.startswith("## Question 1\n\nThe network learns")


def test_paragraphs_are_whole() -> None:
    """Lines of a paragraph are joined, words cut by a hyphen too, and each question stands on its own line."""
    contents = read_printed(
        f"<p>{PROSE}</p><p>The best accu-<br>racy is reached. A hand-<br>written digit; a hand-written one.</p>"
        "<p>2.1.1 How many layers?<br>2.1.2 How many neurons?<br>Four layers.</p>"
    )
    text = "\n\n".join(c.source for c in contents.cells)
    assert PROSE.strip() in text
    assert "The best accuracy is reached. A hand-written digit" in text
    assert "\n\n2.1.2 How many neurons?\n\n" in text


def test_two_columns_are_read_one_after_the_other() -> None:
    """The right column follows the left one instead of mixing with it."""
    words = [f"word{number} and some more text to fill the line" for number in range(90)]
    contents = read_printed(f'<h1>Title</h1><div class="columns"><p>{". ".join(words)}.</p></div>')
    text = " ".join(" ".join(c.source for c in contents.cells).split())
    places = [text.index(f"word{number} ") for number in range(90)]
    assert places == sorted(places)


def test_headers_and_page_numbers_are_dropped() -> None:
    """What stands on every page is no text of the group; numbers in the text stay."""
    contents = read_printed(
        HEADER + "".join(f"<p>{number}. {PROSE}</p><p>{number + 0.5}</p>" for number in range(1, 15))
    )
    text = "\n".join(c.source for c in contents.cells)
    assert "Deep learning, lab 9" not in text
    assert "7.5" in text
    assert not [line for line in text.split("\n") if line.strip().isdecimal()]


def test_code_in_the_type_of_the_text() -> None:
    """Code that was pasted without changing its type is found as code."""
    contents = read_printed(
        f"<p>{PROSE}</p><p>import numpy as np<br>model = keras.Sequential()<br>model.add(Dense(10))</p><p>{PROSE}</p>"
    )
    code = [c.source for c in contents.cells if c.kind == "code"]
    assert "".join(code).startswith("import numpy as np")
    assert any("model.add(Dense(10))" in source for source in code)


def test_damaged_code_is_shown_and_not_run() -> None:
    """Code that is no Python any more is kept, not run, and named."""
    contents = read_printed("<p>Code:</p><pre>import numpy as np\n\nmodel.add(Dense(10\n\nprint(np.zeros(3))</pre>")
    assert [c.runs for c in contents.cells if c.kind == "code"].count(False) >= 1
    assert any("could not be recovered" in note for note in contents.notes)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_damaged_files_are_named(cut: float) -> None:
    """A PDF that was cut off is read as far as it goes, or refused in one line."""
    data = pdf_bytes(f"<p>{PROSE}</p>")
    with suppress(UserError):
        assert read_pdf(SourceFile("report.pdf", data[: int(cut * len(data))])).cells


def test_locked_files_are_named() -> None:
    """A PDF with a password is refused, with what to do."""
    pypdf = pytest.importorskip("pypdf")
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_bytes("<p>secret</p>")))
    writer.encrypt("word", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(UserError, match="locked with a password"):
        read_pdf(SourceFile("report.pdf", out.getvalue()))


def test_a_parser_that_never_ends_is_ended() -> None:
    """A file on which the reader would work for ever is given up in time."""
    with pytest.raises(UserError, match=r"took too long|damaged"):
        read_pdf(SourceFile("report.pdf", pdf_bytes("<p>x</p>")), seconds=0.05)


def test_paragraphs_go_on_over_pages() -> None:
    """A sentence that runs over the end of a page is one sentence, capitals or not."""
    words = " ".join(f"Thing{number} follows the other" for number in range(900))
    contents = read_printed(f"<p>{words}.</p>")
    assert "\n".join(c.source for c in contents.cells) == f"{words}."
