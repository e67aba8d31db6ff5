"""Exports in the forms that learning platforms take."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from report_records import result as made_result

from grader.classroom.sheets import Sheet, read_sheet
from grader.errors import UserError
from grader.exports.brightspace import brightspace_export
from grader.exports.canvas import canvas_export
from grader.exports.gradescope import gradescope_export, results_json
from grader.exports.moodle import moodle_export
from grader.exports.plain_csv import listing_export
from grader.exports.platform import Export, Grade, grades_of, write_export
from grader.records import Deduction, Entry, Member, Points, Result

ADA = Member(name="Ada Example", id="4711", login="aex", email="ada@example.org")
BO = Member(name="Bo Example", id="4712", login="bex")
ENTRIES = (
    Entry(name="group1", path="", members=(ADA, BO)),
    Entry(name="group2", path="", members=(Member(name="Cy Beispiel"),)),
    Entry(name="group3", path="", members=(Member(name="Di Other", id="99"),)),
    Entry(name="unread", path="", members=(Member(name="Ed Last", id="55"),)),
)


def settled(name: str, awarded: float, awaiting: float = 0.0) -> Result:
    score = Points(points=20, decided=20 - awaiting, awarded=awarded, awaiting=awaiting)
    late = Deduction(kind="late", points=2, explanation="Handed in 1 hour after the deadline.")
    return made_result().model_copy(update={"submission": name, "score": score, "deductions": (late,)})


RESULTS = {"group1": settled("group1", 17.5), "group2": settled("group2", 12), "group3": settled("group3", 9, 5)}


def grades(provisional: bool = False) -> list[Grade]:
    return grades_of(ENTRIES, RESULTS, provisional)


def sheet(folder: Path, text: str) -> Sheet:
    (folder / "sheet.csv").write_text(text, encoding="utf-8-sig")
    return read_sheet(folder / "sheet.csv")


def table(export: Export, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(export.files[name].decode("utf-8-sig"), newline="")))


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (88),Lab 2 (99),Current Score
,,,,,Manual Posting,,
    Points Possible,,,,,10,20,(read only)
"Example, Ada",4711,s1,aex,A,7,,70
"Example, Bo",4712,s2,bex,A,8,3,80
"Beispiel, Cy",4713,s3,cyb,B,9,,90
"Other, Di",99,s4,dio,B,9,6,90
=HYPERLINK("x"),4999,s5,eve,B,9,,90
"""


def test_canvas_sheet_is_filled_in(tmp_path: Path) -> None:
    """Identity columns with Section last, then the one assignment; matched by id, else by name; earlier grades stay."""
    export = canvas_export(grades(), sheet(tmp_path, CANVAS), "Lab 2", scale=False)
    rows = table(export, "canvas.csv")
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab 2 (99)"]
    assert rows[2] == ["    Points Possible", "", "", "", "", "20"]
    assert {row[1]: row[5] for row in rows[3:]} == {"4711": "15.5", "4712": "15.5", "4713": "10", "99": "6", "4999": ""}
    assert rows[-1][0].startswith("'=")
    assert export.unmatched == ["Ed Last (unread)"]
    assert export.blank == ["Di Other (group3)"]
    assert export.absent == ['=HYPERLINK("x")']


def test_canvas_names_the_assignments_to_choose_from(tmp_path: Path) -> None:
    """Two assignments and no choice: they are listed. A file that is no gradebook is refused."""
    with pytest.raises(UserError, match=r"'Lab 1 \(88\)', 'Lab 2 \(99\)'"):
        canvas_export(grades(), sheet(tmp_path, CANVAS), None, scale=False)
    with pytest.raises(UserError, match="no gradebook of Canvas"):
        canvas_export(grades(), sheet(tmp_path, "a,b\n1,2\n"), None, scale=False)


def test_points_are_converted_only_when_asked(tmp_path: Path) -> None:
    """A gradebook of 10 points against a rubric of 20 is pointed out; --scale converts."""
    half = CANVAS.replace(",10,20,", ",10,10,")
    plain = canvas_export(grades(), sheet(tmp_path, half), "99", scale=False)
    assert any("--scale" in note for note in plain.notes)
    scaled = canvas_export(grades(), sheet(tmp_path, half), "99", scale=True)
    assert table(scaled, "canvas.csv")[3][5] == "7.75"


def test_what_awaits_a_person_is_exported_only_when_asked(tmp_path: Path) -> None:
    """A grade that is not final stays out, and comes in with --provisional."""
    export = canvas_export(grades(provisional=True), sheet(tmp_path, CANVAS), "Lab 2", scale=False)
    assert {row[1]: row[5] for row in table(export, "canvas.csv")[3:]}["99"] == "7"
    assert export.blank == []


MOODLE = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments
Participant 4711,Ada Example,ada@example.org,Submitted,,100.00,Yes,"Monday, 2 March 2026, 11:59 PM",-,
Participant 4712,Bo Example,bo@example.org,Submitted,,100.00,Yes,-,-,
Participant 5000,Cy Beispiel,cy@example.org,Submitted,50,100.00,Yes,-,-,old
Participant 6000,Absent One,absent@example.org,No submission,,100.00,Yes,-,-,
"""  # noqa: E501


def test_moodle_worksheet_and_feedback_files(tmp_path: Path) -> None:
    """Grade and feedback are filled in, every other cell stays, and each participant's folder holds the report."""
    (tmp_path / "group1").mkdir()
    (tmp_path / "group1" / "report.pdf").write_bytes(b"%PDF-1")
    export = moodle_export(grades(), sheet(tmp_path, MOODLE), tmp_path, scale=True)
    rows = table(export, "moodle.csv")
    assert ",".join(rows[0]) == MOODLE.splitlines()[0]
    assert [row[4] for row in rows[1:]] == ["77.5", "77.5", "50", ""]
    assert rows[1][7:9] == ["Monday, 2 March 2026, 11:59 PM", "-"]
    assert "Handed in 1 hour after" in rows[1][9]
    assert export.absent == ["Absent One"]
    with zipfile.ZipFile(io.BytesIO(export.files["moodle-feedback.zip"])) as archive:
        assert archive.namelist() == [
            "Ada Example_4711_assignsubmission_file_/report.pdf",
            "Bo Example_4712_assignsubmission_file_/report.pdf",
        ]


BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Lab 2 Points Grade <Numeric MaxPoints:40 Weight:10>,End-of-Line Indicator
#4711,#aex,Example,Ada,,#
#1,#bex,Example,Bo,,#
#2,#x,Nobody,No,,#
"""  # noqa: E501


def test_brightspace_import_file(tmp_path: Path) -> None:
    """The two ids as they were exported, the points, and the end-of-line sign in every row."""
    export = brightspace_export(grades(), sheet(tmp_path, BRIGHTSPACE), None, scale=True)
    rows = table(export, "brightspace.csv")
    assert rows[0][0:2] == ["OrgDefinedId", "Username"]
    assert rows[0][2].startswith("Lab 2 Points Grade")
    assert rows[0][-1] == "End-of-Line Indicator"
    assert rows[1:] == [["#4711", "#aex", "31", "#"], ["#1", "#bex", "31", "#"]]
    assert "Cy Beispiel (group2)" in export.unmatched
    alone = brightspace_export(grades(), None, "Lab 2", scale=False)
    assert table(alone, "brightspace.csv")[:2] == [
        ["OrgDefinedId", "Username", "Lab 2 Points Grade", "End-of-Line Indicator"],
        ["4711", "aex", "15.5", "#"],
    ]
    assert "Cy Beispiel (group2)" in alone.unmatched


def test_gradescope_results() -> None:
    """A test per question with its number and reasons; the deduction is one of its own; what awaits has no status."""
    export = gradescope_export(grades())
    data = json.loads(export.files["group1/results.json"])
    assert data["score"] == 15.5
    questions = made_result().questions
    first = data["tests"][0]
    assert set(first) - {"status"} == {
        *("score", "max_score", "name", "number", "output", "output_format", "visibility")
    }
    assert [test["number"] for test in data["tests"][:-1]] == [question.id for question in questions]
    assert data["tests"][-1]["score"] == -2
    for test, question in zip(data["tests"], questions, strict=False):
        open_ = any(not verdict.decided for verdict in question.verdicts)
        assert ("status" in test) != open_
        assert test.get("status", "passed") in ("passed", "failed")
        assert test["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
    assert export.blank == ["Ed Last (unread)"]
    assert results_json(RESULTS["group3"])["output"].startswith("9 of 15 decided points; 5 of 20 await")


def test_names_that_two_students_share_decide_nothing(tmp_path: Path) -> None:
    """Two students of one name and no id: neither is guessed, both are listed."""
    twins = [
        Entry(name="a", path="", members=(Member(name="Sam Twin"),)),
        Entry(name="b", path="", members=(Member(name="Twin, Sam"),)),
    ]
    known = {"a": settled("a", 10), "b": settled("b", 11)}
    text = 'Student,ID,SIS Login ID,Section,Lab (1)\n"Twin, Sam",7,st,A,\n'
    export = canvas_export(grades_of(twins, known, False), sheet(tmp_path, text), None, scale=False)
    assert table(export, "canvas.csv")[1][-1] == ""
    assert len(export.unmatched) == 2


def test_nobody_is_dropped(tmp_path: Path) -> None:
    """Whoever is in no file is in the list of those left out, neutralised like every cell."""
    export = listing_export(grades())
    export.unmatched.append("=evil")
    write_export(export, tmp_path)
    text = (tmp_path / "left-out.csv").read_text(encoding="utf-8-sig")
    assert "'=evil" in text
    assert "Di Other" in text
    rows = table(export, "grades.csv")
    assert len(rows) == 6
    assert rows[5][7] == "not graded"
