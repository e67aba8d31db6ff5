from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.formats.notebook import read_notebook
from grader.formats.reader import Contents, SourceFile

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()


def read(path: Path) -> Contents:
    return read_notebook(SourceFile(path.name, path.read_bytes()))


def code(source: object, *outputs: object) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": {}, "execution_count": 1, "outputs": list(outputs)}


def stream(text: object, name: str = "stdout") -> dict[str, object]:
    return {"output_type": "stream", "name": name, "text": text}


def test_source_as_list_or_string(notebook_file: Callable[..., Path]) -> None:
    """Sources are read whether stored as one string or as a list of lines."""
    cells = read(notebook_file(code("a = 1\nb = 2"), code(["a = 1\n", "b = 2"]))).cells
    assert cells[0].source == cells[1].source == "a = 1\nb = 2"
    assert [cell.number for cell in cells] == [1, 2]


def test_missing_fields(notebook_file: Callable[..., Path]) -> None:
    """A cell without metadata, id, outputs and execution count is still a cell."""
    contents = read(notebook_file({"cell_type": "code", "source": "x"}, {"cell_type": "code"}))
    assert [cell.source for cell in contents.cells] == ["x", ""]
    assert contents.cells[0].execution_count is None


def test_cells_that_are_no_cells(notebook_file: Callable[..., Path]) -> None:
    """What is no cell is passed over with a note, and unknown types are read as text."""
    contents = read(notebook_file("stray", {"cell_type": "poem", "source": "roses"}))
    assert [(cell.kind, cell.source) for cell in contents.cells] == [("prose", "roses")]
    assert any("place 1" in note for note in contents.notes)
    assert any("poem" in note for note in contents.notes)


def test_version_3_is_upgraded(tmp_path: Path) -> None:
    """Worksheets of format 3 become cells, with headings, inputs and old outputs."""
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Part", "metadata": {}},
        {
            "cell_type": "code",
            "input": "1 + 1",
            "prompt_number": 3,
            "language": "python",
            "collapsed": False,
            "metadata": {},
            "outputs": [{"output_type": "pyout", "prompt_number": 3, "text": "2", "metadata": {}}],
        },
    ]
    document = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps(document))
    cells_read = read(path).cells
    assert cells_read[0].source == "## Part"
    assert (cells_read[1].source, cells_read[1].execution_count, cells_read[1].outputs[0].text) == ("1 + 1", 3, "2")


def test_truncated_file(notebook_file: Callable[..., Path]) -> None:
    """A file cut off in the middle of a cell keeps the cells before, and the beginning of that one."""
    path = notebook_file(code("first = 1"), code("second = 2\nthird = 3"))
    text = path.read_text()
    path.write_text(text[: text.index("third")])
    contents = read(path)
    assert [cell.source.strip() for cell in contents.cells] == ["first = 1", "second = 2"]
    assert "broken JSON at line 1" in contents.notes[0]


def test_conflict_in_the_middle(notebook_file: Callable[..., Path]) -> None:
    """A merge conflict loses the damaged cell alone."""
    path = notebook_file(code("a"), code("lost"), code("c"))
    path.write_text(path.read_text().replace('"lost"', '"lost\n<<<<<<< HEAD\n" "'))
    assert [cell.source for cell in read(path).cells] == ["a", "c"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("{", "broken JSON at line 1, column 2"),
        ("hello", "broken JSON"),
        ("\n<!DOCTYPE html>\n<html><body>{}</body></html>", "is a web page"),
        ('<html lang=en><script>var a = {"cell_type": "code", "source": "x"}</script>', "is a web page"),
        ('<?xml version="1.0"?><!-- saved --><html>', "is a web page"),
        ("<svg></svg>", "broken JSON"),
        ("html", "broken JSON"),
        ("{}", "no cells"),
        ("[1]", "no cells"),
        ('{"cells": 3}', "no list"),
        ("[" * 200_000, "nested"),
    ],
)
def test_no_notebook(tmp_path: Path, text: str, says: str) -> None:
    """What holds no cell at all is refused in one line that says what and where."""
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(UserError, match=says) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert "x.ipynb" in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """Byte order marks, UTF-16 and Windows-1252 are read as what they are."""
    document = {"cells": [{"cell_type": "markdown", "source": "Förlust är låg"}], "nbformat": 4}
    path = tmp_path / "x.ipynb"
    path.write_bytes(json.dumps(document, ensure_ascii=False).encode(encoding))
    assert read(path).cells[0].source == "Förlust är låg"


def test_nul_bytes_and_surrogates(tmp_path: Path) -> None:
    """NUL bytes go, surrogate pairs become their character, and lone surrogates a replacement."""
    path = tmp_path / "x.ipynb"
    path.write_bytes(rb'{"cells": [{"cell_type": "markdown", "source": "a\u0000b \ud83d\ude00 \ud83d"}]}' + b"\0")
    assert read(path).cells[0].source == "ab \U0001f600 �"


def test_streams_split_by_warnings_are_joined(notebook_file: Callable[..., Path]) -> None:
    """A log that a warning interrupts is one text again, the warning another."""
    path = notebook_file(code("f()", stream("Epoch 1/2\n1/2 "), stream("WARNING\n", "stderr"), stream(["done", "\n"])))
    texts = [output.text for output in read(path).cells[0].outputs]
    assert texts == ["Epoch 1/2\n1/2 done\n", "WARNING\n"]


def test_pictures(notebook_file: Callable[..., Path]) -> None:
    """A picture is kept when its bytes are what its type says; anything else is noted."""
    good = {"output_type": "display_data", "data": {"image/png": [PNG[:8] + "\n", PNG[8:]], "text/plain": "<Figure>"}}
    bad = {"output_type": "display_data", "data": {"image/png": base64.b64encode(b"<script>").decode()}}
    contents = read(notebook_file(code("plot()", good, bad)))
    (output,) = contents.cells[0].outputs
    assert output.image is not None
    assert output.image.data == PNG
    assert output.text == "<Figure>"
    assert any("damaged" in note for note in contents.notes)


def test_pasted_pictures(notebook_file: Callable[..., Path]) -> None:
    """A picture pasted into a text cell stays with it."""
    cell = {"cell_type": "markdown", "source": "![x](attachment:x.png)", "attachments": {"x.png": {"image/png": PNG}}}
    assert read(notebook_file(cell)).cells[0].outputs[0].image is not None


def test_errors_lose_their_colours(notebook_file: Callable[..., Path]) -> None:
    """A stored traceback is plain text and ends in the error."""
    raised = {
        "output_type": "error",
        "ename": "NameError",
        "evalue": "no x",
        "traceback": ["\x1b[0;31mNameError\x1b[0m: no x"],
    }
    (output,) = read(notebook_file(code("x", raised))).cells[0].outputs
    assert (output.kind, output.text) == ("error", "NameError: no x")


def test_long_outputs_are_capped(notebook_file: Callable[..., Path]) -> None:
    """The beginning and the end of a flood are kept."""
    (output,) = read(notebook_file(code("f()", stream("a" * 2_000_000 + "end")))).cells[0].outputs
    assert len(output.text) < 500_000
    assert output.text.endswith("end")
