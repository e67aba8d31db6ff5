from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document
from docx.shared import Pt
from PIL import Image

from grader.errors import UserError
from grader.formats.reader import SourceFile
from grader.formats.word import read_word


def word(fill) -> bytes:  # type: ignore[no-untyped-def]
    document = Document()
    fill(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def listing(document, text: str) -> None:  # type: ignore[no-untyped-def]
    for line in text.split("\n"):
        run = document.add_paragraph().add_run(line)
        run.font.name = "Courier New"
        run.font.size = Pt(9)


def report(document) -> None:  # type: ignore[no-untyped-def]
    document.add_heading("Question 8", level=2)
    document.add_paragraph("The plot shows the history.")
    listing(document, "def f(x):\n    return x + 1\n\nprint(f(‘a’))")
    listing(document, "Epoch 1/2\n375/375 [====] - 1s 2ms/step - loss: 0.29 - accuracy: 0.92")
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(out, format="PNG")
    document.add_paragraph("And this:")
    document.add_picture(io.BytesIO(out.getvalue()))
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text, table.cell(1, 0).text = "model", "accuracy", "linear"
    document.add_paragraph("point", style="List Bullet")


def test_report() -> None:
    """Headings, text, listings with what they printed, pictures and tables of a Word report, in order."""
    contents = read_word(SourceFile("a.docx", word(report)))
    shape = [(cell.kind, cell.source.split("\n")[0], len(cell.outputs)) for cell in contents.cells]
    assert shape == [
        ("prose", "## Question 8", 0),
        ("code", "def f(x):", 0),
        ("code", "print(f('a'))", 1),
        ("prose", "And this:", 0),
        ("prose", "![picture]()", 1),
        ("prose", "model | accuracy", 0),
        ("prose", "- point", 0),
    ]
    assert contents.cells[1].source.endswith("    return x + 1")
    assert "0.92" in contents.cells[2].outputs[0].text


def test_code_in_the_type_of_the_text() -> None:
    """Code and logs pasted as ordinary paragraphs are found."""

    def fill(document) -> None:  # type: ignore[no-untyped-def]
        document.add_paragraph("We build the model like this, and it is good:")
        for line in ("model = Sequential()", "model.add(Dense(10))", "model.fit(x, y)"):
            document.add_paragraph(line)
        document.add_paragraph("It is good.")

    contents = read_word(SourceFile("a.docx", word(fill)))
    code = "\n".join(cell.source for cell in contents.cells if cell.kind == "code")
    assert code == "model = Sequential()\nmodel.add(Dense(10))\nmodel.fit(x, y)"
    assert contents.cells[-1].source == "It is good."


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b"<" * 400_000_000)
    return out.getvalue()


def entities() -> bytes:
    data = word(lambda document: document.add_paragraph("harmless"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            body = old.read(member)
            if member.filename == "word/document.xml":
                lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12))
                start = body.index(b"?>") + 2
                body = body[:start] + f"<!DOCTYPE w [{lines}]>".encode() + body[start:].replace(b"harmless", b"&e11;")
            new.writestr(member, body)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"PK\3\4 no zip", "no Word document"), (b"\xd0\xcf\x11\xe0 old", "locked with a password"), (b"", "no Word")],
)
def test_bad_files(data: bytes, says: str) -> None:
    """What is no Word document is refused in one line."""
    with pytest.raises(UserError, match=says):
        read_word(SourceFile("a.docx", data))


def test_bombs() -> None:
    """A document that unpacks to hundreds of megabytes is refused; entities are not expanded."""
    with pytest.raises(UserError, match="unpacks to 400 MB"):
        read_word(SourceFile("a.docx", bomb()))
    try:
        contents = read_word(SourceFile("a.docx", entities()))
    except UserError:
        return
    assert len("".join(cell.source for cell in contents.cells)) < 10_000
