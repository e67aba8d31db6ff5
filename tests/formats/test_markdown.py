from __future__ import annotations

import base64
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.formats.markdown import read_markdown
from grader.formats.reader import SourceFile
from grader.submissions.read import read_submission

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def sources(text: str) -> list[tuple[str, str, int]]:
    contents = read_markdown(SourceFile("a.md", text.encode()))
    return [(cell.kind, cell.source, len(cell.outputs)) for cell in contents.cells]


def test_fences_are_code_and_console() -> None:
    """A Python fence is code, a plain one below it what it printed, and the text between stays text."""
    text = "# Lab\n\nWe train.\n\n```python\nmodel.fit(x, y)\n```\n\n```\n(4, 4, 2)\n```\n\nDone.\n"
    assert sources(text) == [("prose", "# Lab\n\nWe train.", 0), ("code", "model.fit(x, y)", 1), ("prose", "Done.", 0)]


def test_console_alone_stands_at_its_place() -> None:
    """Console text without code above it is an output of its own, not the group's words."""
    ((kind, source, outputs),) = sources("```\nEpoch 1/2\n```\n")
    assert (kind, outputs) == ("prose", 1)
    assert source.startswith("![")


def test_headings_begin_cells() -> None:
    """Each heading, underlined ones too, begins a cell; rules and tables are none."""
    text = "Intro\n=====\n\ntext\n\n## Two\n\n| a |\n|---|\n| 1 |\n\nmore\n\n---\n\nlast\n"
    found = [source.split("\n")[0] for _, source, _ in sources(text)]
    assert found == ["# Intro", "## Two"]


def test_pictures_beside_the_report(tmp_path: Path) -> None:
    """Pictures that the report shows are read from the folder; those from elsewhere are not."""
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "a plot.png").write_bytes(PNG)
    (tmp_path.parent / "secret.png").write_bytes(PNG)
    text = "# Q\n\n![](img/a%20plot.png)\n\n![x](../secret.png)\n\n![y](/etc/passwd)\n\n![z](http://host/p.png)\n"
    (tmp_path / "report.md").write_text(text)
    for path in (tmp_path, tmp_path / "report.md"):
        submission = read_submission(path)
        images = [output.image is not None for cell in submission.cells for output in cell.outputs]
        assert images == [True, False, False, False]
        assert any("3 pictures" in note for note in submission.notes)


def test_unfinished_fence() -> None:
    """A fence that is never closed holds the rest."""
    assert sources("text\n\n```python\nx = 1\n")[-1] == ("code", "x = 1", 0)


def test_empty_file() -> None:
    """An empty report is named."""
    with pytest.raises(UserError, match="is empty"):
        read_markdown(SourceFile("a.md", b" \n"))
