"""A whole class as a platform's download, from its names to the platform's sheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from made_class import as_download, member_name, platform_sheet, user_number, zipped
from report_records import result as made_result

from grader.classroom.roster import read_roster
from grader.classroom.sheets import read_sheet
from grader.exports.brightspace import brightspace_export
from grader.exports.canvas import canvas_export
from grader.exports.moodle import moodle_export
from grader.exports.platform import Export, grades_of
from grader.records import Points, Result

STUDENTS = 24


def settled(name: str, points: float) -> Result:
    score = Points(points=20, decided=20, awarded=points, awaiting=0)
    return made_result().model_copy(update={"submission": name, "score": score, "deductions": ()})


def filled(form: str, sheet: Path, grades: list, reports: Path) -> tuple[Export, list[list[str]]]:
    table = read_sheet(sheet)
    if form == "canvas":
        export = canvas_export(grades, table, None, scale=False)
    elif form == "moodle":
        export = moodle_export(grades, table, reports, scale=False)
    else:
        export = brightspace_export(grades, table, None, scale=False)
    return export, list(csv.reader(io.StringIO(export.files[f"{form}.csv"].decode(), newline="")))


@pytest.mark.parametrize("form", ["canvas", "moodle", "brightspace"])
def test_every_score_arrives_at_its_own_student(tmp_path: Path, form: str) -> None:
    """Twenty-four students with umlauts, apostrophes, dashes, underscores, other alphabets, formulas for names, two of
    one name, one who handed in nothing: each row has its own student's points, and who has none is listed."""
    for at in range(STUDENTS):
        (tmp_path / "class" / f"{at:02d}").mkdir(parents=True)
        (tmp_path / "class" / f"{at:02d}" / "lab.py").write_text(f"x = {at}\n")
    download = zipped(as_download(tmp_path / "class", tmp_path / form, form))
    entries = read_roster(download, tmp_path / "staging").entries
    assert len(entries) == STUDENTS
    points = {}
    for entry in entries:
        (file,) = Path(entry.path).rglob("*.py") if Path(entry.path).is_dir() else (Path(entry.path),)
        points[entry.name] = float(file.read_text().split("=")[1]) / 2
    grades = grades_of(entries, {name: settled(name, score) for name, score in points.items()}, False)
    (tmp_path / "sheet.csv").write_text(platform_sheet(STUDENTS, form), encoding="utf-8-sig", newline="")
    export, rows = filled(form, tmp_path / "sheet.csv", grades, tmp_path)

    key = {"canvas": str, "moodle": "Participant {}".format, "brightspace": str}[form]
    column, mark = {"canvas": (1, 5), "moodle": (0, 4), "brightspace": (0, 2)}[form]
    written = {row[column]: row[mark] for row in rows if row[mark]}
    twins = {3, 17} if form == "brightspace" else set()
    for at in set(range(STUDENTS)) - twins:
        called = f"#{7_000 + at}" if form == "brightspace" else key(user_number(at))
        assert float(written[called]) == at / 2, member_name(at)
    assert len(export.unmatched) == len(twins)
    assert len(export.absent) == 1 + len(twins)
    assert not any(cell.lstrip().startswith(("=", "+", "@")) for row in rows for cell in row)
