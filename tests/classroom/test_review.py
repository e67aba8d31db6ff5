"""The review: marks out as a list, back through a spreadsheet, and never lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from report_records import result as made_result

from grader.classroom.marks import apply_marks, read_marks, remove_marks
from grader.classroom.review_sheet import SheetContents, keep_marks, read_review, review_rows, review_text
from grader.classroom.sheets import label_text, read_sheet, sheet_text
from grader.errors import UserError
from grader.records import Marks, Result

BY, AT = "A. Teacher", "2026-11-21T10:00+01:00"


def lab_result(**more: Any) -> Result:
    base = made_result()
    questions = tuple(
        question.model_copy(update={"answer": f"=answer {question.id}", "basis": f"b{number}"})
        for number, question in enumerate(base.questions)
    )
    return base.model_copy(update={"submission": "group1", "questions": questions, "digest": "d1", **more})


def filled(path: Path, result: Result, cells: dict[tuple[str, str], tuple[str, str]], **form: str) -> Path:
    """`review.csv` with (awarded, comment) filled in by (question, criterion), as spreadsheets save it."""
    (path / "plain.csv").write_text(review_text(review_rows(result), everything=True), encoding="utf-8")
    sheet = read_sheet(path / "plain.csv")
    rows: list[list[str]] = [list(row.cells) for row in sheet.rows]
    for row in rows[1:]:
        row[6], row[7] = cells.get((label_text(row[1]), row[2]), (row[6], row[7]))
    delimiter = form.get("delimiter", ",")
    (path / "review.csv").write_bytes(sheet_text(rows, delimiter).encode(form.get("encoding", "utf-8-sig")))
    return path / "review.csv"


def taken(path: Path, result: Result, known: Marks | None = None) -> SheetContents:
    marks = {"group1": known} if known else {}
    return read_review(read_sheet(path), review_rows(result), marks, BY, AT)


def first(result: Result, status: str) -> tuple[str, str, float]:
    return next(
        (question.id, verdict.criterion, verdict.points)
        for question in result.questions
        for verdict in question.verdicts
        if verdict.status == status
    )


@pytest.mark.parametrize(
    "form", [{}, {"delimiter": ";"}, {"delimiter": ";", "encoding": "cp1252"}, {"encoding": "utf-16"}]
)
def test_marks_come_back_through_a_spreadsheet(tmp_path: Path, form: dict[str, str]) -> None:
    """Semicolons, decimal commas, a BOM or none: marks and comments arrive, with who and when."""
    result = lab_result()
    question, criterion, points = first(result, "review")
    half = f"{points / 2:g}".replace(".", ",")
    path = filled(tmp_path, result, {(question, criterion): (half, "Schön; aber kurz")}, **form)
    reviewed = taken(path, result)
    assert reviewed.problems == []
    (mark,) = reviewed.marks["group1"].marks
    assert (mark.awarded, mark.comment, mark.by, mark.at) == (points / 2, "Schön; aber kurz", BY, AT)
    marked = apply_marks(result, reviewed.marks["group1"])
    assert marked.score.awaiting == result.score.awaiting - points
    assert marked.score.awarded == pytest.approx(result.score.awarded + points / 2)
    assert remove_marks(marked) == result
    assert apply_marks(marked, reviewed.marks["group1"]) == marked


def test_reading_twice_changes_nothing(tmp_path: Path) -> None:
    """The same list again is no new decision: who and when stay."""
    result = lab_result()
    question, criterion, points = first(result, "review")
    path = filled(tmp_path, result, {(question, criterion): (f"{points:g}", "Good")})
    marks = taken(path, result).marks["group1"]
    again = read_review(read_sheet(path), review_rows(apply_marks(result, marks)), {"group1": marks}, "Other", "2027")
    assert (again.changed, again.marks, again.problems) == (0, {}, [])


def test_signs_that_a_code_page_lacks_are_not_lost(tmp_path: Path) -> None:
    """A list saved in Windows' code page has ? for other alphabets: the comment of before stays as it was."""
    result = lab_result()
    question, criterion, points = first(result, "review")
    marks = taken(filled(tmp_path, result, {(question, criterion): (f"{points:g}", "見て ok")}), result).marks["group1"]
    path = filled(tmp_path, result, {(question, criterion): (f"{points:g}", "?? ok")}, encoding="cp1252")
    again = read_review(read_sheet(path), review_rows(apply_marks(result, marks)), {"group1": marks}, "Other", "2027")
    assert (again.changed, again.problems) == (0, [])


def test_override_needs_a_reason_and_keeps_it(tmp_path: Path) -> None:
    """An automatic verdict is overridden with a reason; without one the line says so."""
    result = lab_result()
    question, criterion, points = first(result, "failed")
    refused = taken(filled(tmp_path, result, {(question, criterion): (f"{points:g}", "")}), result)
    assert refused.marks == {}
    assert "reason" in refused.problems[0]
    accepted = taken(filled(tmp_path, result, {(question, criterion): (f"{points:g}", "Shown orally")}), result)
    marked = apply_marks(result, accepted.marks["group1"])
    verdict = next(v for q in marked.questions if q.id == question for v in q.verdicts if v.criterion == criterion)
    assert (verdict.status, verdict.awarded) == ("passed", points)
    assert verdict.marked is not None
    assert (verdict.marked.automatic_status, verdict.marked.comment) == ("failed", "Shown orally")


@pytest.mark.parametrize(
    ("text", "says"), [("99", "outside 0 to"), ("-0,5", "outside 0 to"), ("two", "must be a number")]
)
def test_impossible_mark_is_named_by_line(tmp_path: Path, text: str, says: str) -> None:
    """A mark outside 0 to the points, or no number, is named with its line, and the other rows are taken in."""
    result = lab_result()
    rows = [row for row in review_rows(result) if row.verdict.status == "review"]
    cells = {(rows[0].key[0], rows[0].key[1]): (text, ""), (rows[1].key[0], rows[1].key[1]): ("0", "")}
    path = filled(tmp_path, result, cells)
    reviewed = taken(path, result)
    (problem,) = reviewed.problems
    line = next(row.line for row in read_sheet(path).rows if row.cells[-1] == rows[0].token)
    assert problem.startswith(f"review.csv:{line}: ")
    assert says in problem
    assert reviewed.changed == 1


def test_changed_and_unknown_rows_are_named(tmp_path: Path) -> None:
    """A row whose answer has changed since the list was written, and a row that nobody wrote, are not taken in."""
    result = lab_result()
    question, criterion, _ = first(result, "review")
    path = filled(tmp_path, result, {(question, criterion): ("1", "")})
    with path.open("a", encoding="utf-8") as file:
        file.write("group9,1,written,,,2,1,,review,rdeadbeef00-s123456\r\n")
    changed = lab_result(questions=tuple(q.model_copy(update={"basis": "new"}) for q in result.questions), digest="d2")
    problems = taken(path, changed).problems
    assert any("changed since" in problem and question in problem for problem in problems)
    assert "unknown row (group9" in problems[-1]


def test_spreadsheet_that_makes_dates_of_question_ids_does_no_harm(tmp_path: Path) -> None:
    """Some spreadsheets turn 2.3 into a date: the last column names the row."""
    result = lab_result()
    question, criterion, _ = first(result, "review")
    path = filled(tmp_path, result, {(question, criterion): ("1", "")})
    text = path.read_text(encoding="utf-8-sig")
    assert f",Q{question}," in text  # and this is meant to keep them from it
    path.write_text(text.replace(f",Q{question},", ",02. Mrz,"), encoding="utf-8")
    assert taken(path, result).marks["group1"].marks[0].question == question


def test_a_comment_that_a_spreadsheet_took_for_a_formula_is_named(tmp_path: Path) -> None:
    """`=well done` comes back as an error of the spreadsheet's: the line is named and nothing of it kept."""
    result = lab_result()
    question, criterion, _ = first(result, "review")
    reviewed = taken(filled(tmp_path, result, {(question, criterion): ("1", "Err:509")}), result)
    assert reviewed.marks == {}
    assert "took its text for a formula" in reviewed.problems[0]


def test_empty_cells_never_delete_and_a_dash_does(tmp_path: Path) -> None:
    """An older, empty list takes nothing back; a dash does."""
    result = lab_result()
    question, criterion, _ = first(result, "review")
    marks = taken(filled(tmp_path, result, {(question, criterion): ("1", "fine")}), result).marks["group1"]
    assert taken(filled(tmp_path, result, {}), result, marks).changed == 0
    gone = taken(filled(tmp_path, result, {(question, criterion): ("-", "")}), result, marks)
    assert gone.marks["group1"].marks == ()


def test_mark_on_an_answer_that_changed_is_asked_for_again(tmp_path: Path) -> None:
    """After a new hand-in a mark stands if its answer is the same, and waits for the person if it is not."""
    result = lab_result()
    question, criterion, _ = first(result, "review")
    marks = taken(filled(tmp_path, result, {(question, criterion): ("1", "fine")}), result).marks["group1"]
    assert apply_marks(lab_result(digest="d2"), marks).score.awaiting < result.score.awaiting
    other = tuple(q.model_copy(update={"basis": "new"}) for q in result.questions)
    marked = apply_marks(lab_result(digest="d2", questions=other), marks)
    assert marked.score == result.score
    verdict = next(v for q in marked.questions if q.id == question for v in q.verdicts if v.criterion == criterion)
    assert verdict.marked is not None
    assert "answer has changed" in verdict.marked.stale


def test_marks_lie_beside_the_report_and_damage_is_not_passed_over(tmp_path: Path) -> None:
    """`marks.json` is read back as written; a damaged one stops rather than lose a person's work."""
    result = lab_result()
    question, criterion, _ = first(result, "review")
    marks = taken(filled(tmp_path, result, {(question, criterion): ("1", "Å")}), result).marks["group1"]
    keep_marks(tmp_path, result, marks)
    assert read_marks(tmp_path / "group1") == marks
    (tmp_path / "group1" / "marks.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        read_marks(tmp_path / "group1")


def test_answers_are_no_formulas(tmp_path: Path) -> None:
    """What a student wrote cannot run in the teacher's spreadsheet."""
    (tmp_path / "r.csv").write_text(review_text(review_rows(lab_result())), encoding="utf-8")
    for row in read_sheet(tmp_path / "r.csv").rows[1:]:
        assert row.cells[3].startswith("'=answer")
