"""Sheets with the quirks that Canvas, Moodle and Brightspace give them."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from report_records import result as made_result

from grader.classroom.sheets import Sheet, read_sheet
from grader.exports.brightspace import brightspace_export
from grader.exports.canvas import canvas_export
from grader.exports.moodle import moodle_export
from grader.exports.platform import Export, Grade, grades_of, write_export
from grader.records import Entry, Member, Points, Result


def settled(awarded: float, awaiting: float = 0.0) -> Result:
    score = Points(points=20, decided=20 - awaiting, awarded=awarded, awaiting=awaiting)
    return made_result().model_copy(update={"score": score, "deductions": ()})


def given(*students: tuple[str, str, str, float], source: str = "canvas", provisional: bool = False) -> list[Grade]:
    """Grades of (entry, name, number, points) as a download of `source` tells them."""
    entries, results = [], {}
    for entry, name, number, points in students:
        member = Member(name=name, id=number, platform=source if source in ("canvas", "moodle") else "")
        entries.append(Entry(name=entry, path="", members=(member,), source=source))
        results[entry] = settled(points, 0 if points < 15 else 2)
    return grades_of(entries, results, provisional)


def sheet(folder: Path, text: str, encoding: str = "utf-8") -> Sheet:
    (folder / "sheet.csv").write_bytes(text.encode(encoding))
    return read_sheet(folder / "sheet.csv")


def table(export: Export, name: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(export.files[name].decode(), newline=""), delimiter=delimiter))


CANVAS = """Student;ID;SIS User ID;SIS Login ID;Section;Notes;Lab 2 (99);Lab 3 (100);Current Score
;;;;;;Manual Posting;;
    Points Possible;;;;;;20,00;10,00;(read only)
Müller, Ada;101;7;am;A;late?;;;70,5
O'Neil-Smith, Bo;102;8;bo;A and B;;3,50;;80
"=""=2+5, Evil""\";103;9;-x;A;;;;
-Dash, Di;104;101;+d;A;;EX;;
Beispiel, Cy;105;10;cy;A;;;;
Student, Test;106;;;A;;;;
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_canvas_sheet_of_another_country(tmp_path: Path, encoding: str) -> None:
    """Semicolons, decimal commas, a row on posting, names like formulas: every score reaches its student, the
    excused one stays excused, separators and line ends stay, and no cell runs as a formula."""
    grades = given(
        *(("a", "mullerada", "101", 12.5), ("b", "oneilsmithbo", "102", 9)),
        *(("e", "evil", "103", 4), ("d", "dashdi", "104", 8)),
    )  # fmt: skip
    export = canvas_export(grades, sheet(tmp_path, CANVAS, encoding), "Lab 2", scale=False)
    rows = table(export, "canvas.csv", ";")
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab 2 (99)"]
    assert rows[1][-1] == "Manual Posting"
    assert rows[2][0] == "    Points Possible"
    assert {row[1]: row[-1] for row in rows[3:]} == {
        "101": "12.5",
        "102": "9",
        "103": "4",
        "104": "EX",
        "105": "",
        "106": "",
    }
    assert rows[3][0] == "Müller, Ada"
    assert not any(cell.startswith(("=", "+", "-")) for row in rows[3:] for cell in row)
    assert b"\r" not in export.files["canvas.csv"]
    assert any("excused" in note for note in export.notes)
    assert not any("scale" in note for note in export.notes)


def test_a_platform_number_means_nothing_to_another_column(tmp_path: Path) -> None:
    """A Canvas id that is someone else's student number, and a dropped student whose namesake is still there: both
    are listed, and nobody gets a stranger's grade."""
    grades = given(("x", "stranger", "10", 12), ("y", "beispielcy", "999", 13))
    export = canvas_export(grades, sheet(tmp_path, CANVAS), "Lab 2", scale=False)
    assert {row[-1] for row in table(export, "canvas.csv", ";")[3:]} == {"", "3,50", "EX"}
    assert export.unmatched == ["stranger (x)", "beispielcy (y)"]


def test_a_group_in_canvas_is_pointed_out(tmp_path: Path) -> None:
    """Canvas puts a group's name over the number of one of its members."""
    export = canvas_export(given(("g", "labgroup1", "105", 12)), sheet(tmp_path, CANVAS), "Lab 2", scale=False)
    assert [row[-1] for row in table(export, "canvas.csv", ";") if row[1] == "105"] == ["12"]
    assert any("Beispiel, Cy handed in as 'labgroup1'" in note for note in export.notes)


MOODLE = """Identifier,Full name,Email address,Status,Group,Grade,Maximum Grade,Grade can be changed,Last modified (grade),Feedback comments
Participant 12,Ada Example,ada@example.org,Submitted,Group 1,,10.00,Yes,-,
Participant 13,Bo O'Neil,bo@example.org,Submitted,Group 1,,10.00,Yes,-,
Participant 14,"<span class=""usersuspended"">Cy 王 <img src=""x""></span>",cy@example.org,Submitted,Group 2,,10.00,No,-,
Participant 15,Di Beispiel,di@example.org,No submission,Group 2,,10.00,Yes,-,
"""  # noqa: E501


def test_a_group_in_moodle_is_all_its_members(tmp_path: Path) -> None:
    """A newer Moodle's folder bears the group's name and number: all rows of that group get the grade, and the student
    who happens to have the same number does not get another group's."""
    grades = given(("g2", "Group 2", "12", 9), ("g1", "Group 1", "15", 7), source="moodle")
    export = moodle_export(grades, sheet(tmp_path, MOODLE), tmp_path, scale=False)
    assert [row[5] for row in table(export, "moodle.csv")[1:]] == ["7", "7", "9", "9"]
    assert not export.unmatched
    without = MOODLE.replace("Group,", "Other,")
    export = moodle_export(grades, sheet(tmp_path, without), tmp_path, scale=False)
    assert [row[5] for row in table(export, "moodle.csv")[1:]] == ["", "", "", ""]
    assert export.unmatched == ["Group 2 (g2)", "Group 1 (g1)"]


def test_what_moodle_would_refuse_is_said_before(tmp_path: Path) -> None:
    """Too many points and a locked grade; signs of HTML in a comment are escaped; a suspended student is found."""
    grades = given(("a", "Ada Example", "12", 14), ("c", "Cy 王", "14", 3), source="moodle")
    for grade in grades:
        (tmp_path / grade.entry.name).mkdir()
        (tmp_path / grade.entry.name / "report.pdf").write_bytes(b"%PDF-1")
    export = moodle_export(grades, sheet(tmp_path, MOODLE.replace("\n", "\r\n")), tmp_path, scale=False)
    assert any("14 is more than the platform's 10 points" in note for note in export.notes)
    assert any("Cy 王 (c): the grade is locked" in note for note in export.notes)
    assert any("--scale" in note for note in export.notes)
    assert export.files["moodle.csv"].count(b"\r\n") == 5
    with zipfile.ZipFile(io.BytesIO(export.files["moodle-feedback.zip"])) as archive:
        assert archive.namelist() == [
            "Ada Example_12_assignsubmission_file_/report.pdf",
            "Cy 王_14_assignsubmission_file_/report.pdf",
        ]


def test_anonymous_participants_are_matched_by_number(tmp_path: Path) -> None:
    """In blind marking neither folder nor worksheet holds a name."""
    text = "Identifier,Status,Grade,Maximum Grade,Last modified (grade)\nParticipant 12,Submitted,,20.00,-\n"
    grades = given(("p", "Participant", "12", 9), source="moodle")
    assert table(moodle_export(grades, sheet(tmp_path, text), tmp_path, False), "moodle.csv")[1][2] == "9"


BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Email,Lab 2 Points Grade <Numeric MaxPoints:20 Weight:5 Category:Labs CategoryWeight:40>,End-of-Line Indicator
#000101,#ada,Example,Ada,ada@example.org,,#
#000102,#sam1,Twin,Sam,sam1@example.org,,#
#000103,#sam2,Twin,Sam,sam2@example.org,,#
"""  # noqa: E501


def test_brightspace_twins_are_told_apart_by_nobody(tmp_path: Path) -> None:
    """Two students of one name and downloads without their numbers: both are listed, zeros in numbers stay."""
    students = (("a", "Ada Example", "", 9), ("t", "Sam Twin", "", 8), ("u", "Sam Twin", "", 7))
    grades = given(*students, source="brightspace")
    export = brightspace_export(grades, sheet(tmp_path, BRIGHTSPACE), None, scale=False)
    assert table(export, "brightspace.csv")[1:] == [["#000101", "#ada", "9", "#"]]
    assert export.unmatched == ["Sam Twin (t)", "Sam Twin (u)"]


def test_a_provisional_grade_says_so(tmp_path: Path) -> None:
    """What still awaits a person is exported on request alone, and then stands in the list beside the export."""
    grades = given(("a", "mullerada", "101", 17), provisional=True)
    export = canvas_export(grades, sheet(tmp_path, CANVAS), "Lab 2", scale=False)
    assert export.provisional == ["mullerada (a)"]
    write_export(export, tmp_path / "export")
    assert 'mullerada (a),"exported, but provisional' in (tmp_path / "export" / "left-out.csv").read_text("utf-8-sig")
    grades = given(("a", "mullerada", "101", 17))
    export = canvas_export(grades, sheet(tmp_path, CANVAS), "Lab 2", scale=False)
    assert export.blank == ["mullerada (a)"]
