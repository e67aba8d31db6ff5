"""Documents on disk: an HTML file and a PDF that tell the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.reports import printing
from grader.reports.files import DocumentFiles
from grader.reports.printing import PdfLibrariesError, write_document

DAY = date(2026, 3, 1)


@pytest.fixture(params=[PdfLibrariesError("PDFs need Pango"), ZeroDivisionError()], ids=["no Pango", "layout fails"])
def _failing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bytes:
        raise request.param

    monkeypatch.setattr(printing, "tagged_pdf", fails)
    monkeypatch.setattr(printing, "standalone_html", str)


@pytest.mark.usefixtures("_failing")
def test_no_pdf_of_an_earlier_run_stays_beside_new_html(tmp_path: Path) -> None:
    """Where the PDF of a class report or an answer key cannot be made, the older one goes: it says something else."""
    (tmp_path / "class.pdf").write_bytes(b"%PDF of last week")
    (tmp_path / "other.pdf").write_bytes(b"%PDF")
    files = write_document("<p>new</p>", tmp_path, "class", DAY)
    assert files == DocumentFiles(tmp_path / "class.html", None, files.note)
    assert files.note
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class.html", "other.pdf"]


@pytest.mark.usefixtures("_failing")
def test_a_pdf_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    """What cannot be removed (here a folder of that name) is the teacher's to remove: one line says so."""
    (tmp_path / "class.pdf").mkdir()
    with pytest.raises(UserError, match=r"class\.pdf: an older report lies there"):
        write_document("<p>new</p>", tmp_path, "class", DAY)
