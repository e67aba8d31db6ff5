"""`labgrade batch` as a teacher types it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner, Result
from fictional_class import SESSION, fictional_lab, fictional_submission

from grader.batch.class_run import grade_class
from grader.classroom.sheets import read_sheet, sheet_text
from grader.cli import main
from grader.reports import printing
from grader.reports.files import read_result


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A class of three, one of whom handed in an empty folder."""
    fictional_lab(tmp_path)
    for name in ("group1", "group2"):
        fictional_submission(tmp_path / "in", name)
    (tmp_path / "in" / "empty").mkdir()
    return tmp_path


def typed(root: Path, *more: str) -> Result:
    """`labgrade batch` on the class."""
    places = ["--rubric", str(root / "small-lab"), "--out", str(root / "out"), "--workers", "1"]
    return command(root, "batch", str(root / "in"), *places, *more)


def command(root: Path, *words: str) -> Result:
    # laying out takes seconds and has tests of its own
    with (
        mock.patch("grader.batch.class_run.grade_class", partial(grade_class, session=SESSION)),
        mock.patch.object(printing, "tagged_pdf", lambda html, day: html.encode()),
        mock.patch.object(printing, "standalone_html", str),
    ):
        return CliRunner().invoke(main, list(words), env={"LABGRADE_CACHE": str(root / "cache")})


def test_saved_only_runs_nobodys_code(root: Path) -> None:
    """With --saved-only the groups' code is not run, by the saved outputs alone; without it, it is, and all is told in
    plain lines."""
    found = typed(root, "--saved-only")
    assert found.exit_code == 0, found.output
    assert (root / "cache" / "ledger").read_text().split() == ["solution"]
    assert "● [2/3] group1:" in found.output
    assert "△ [1/3] empty: empty is empty" in found.output
    assert "2 graded, 1 not; 2 await review" in found.output
    assert any("not run" in note for note in read_result(root / "out" / "group1" / "result.json").notes)
    again = typed(root)
    assert again.exit_code == 0, again.output
    assert sorted((root / "cache" / "ledger").read_text().split()) == ["group1", "group2", "solution"]


def test_a_teachers_slip_is_one_line(root: Path) -> None:
    """A rubric that does not exist ends with exit code 2 and one line, before anything is written for a group."""
    found = typed(root, "--rubric", "no-such-lab")
    assert found.exit_code == 2
    assert "no-such-lab" in found.output
    assert "Traceback" not in found.output
    assert not (root / "out" / "group1").exists()


def test_a_review_renews_what_is_graded_and_nothing_else(root: Path) -> None:
    """A mark reaches report, gradebook and export; who has not been graded yet is not run for it, and the report on the
    class stays without names where it was made without."""
    typed(root, "--anonymous")
    fictional_submission(root / "in", "group3")
    reports = str(root / "out")
    command(root, "review", reports, "--by", "A. Teacher")
    sheet = read_sheet(root / "out" / "review.csv")
    rows = [list(row.cells) for row in sheet.rows]
    rows[1][6:8] = ["1,5", "Why?"]
    (root / "out" / "review.csv").write_text(sheet_text(rows, ";"), encoding="cp1252")
    found = command(root, "review", reports, "--by", "A. Teacher")
    assert found.exit_code == 0, found.output
    assert "1 decision by A. Teacher taken in" in found.output
    assert "group3" not in (root / "cache" / "ledger").read_text()
    assert "Why?" in (root / "out" / "group1" / "report.html").read_text()
    assert "group1" not in (root / "out" / "class.html").read_text()
    gradebook = (root / "out" / "gradebook.csv").read_text(encoding="utf-8-sig")
    assert "1: Why? (A. Teacher" in gradebook
    assert "group3,,,,not graded yet" in gradebook
    exported = command(root, "export", reports, "--to", "csv", "--provisional")
    assert "exported although a part still awaits a person" in exported.output
    assert "1: Why?" in (root / "out" / "export" / "grades.csv").read_text(encoding="utf-8-sig")
