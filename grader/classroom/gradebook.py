"""The gradebook: a row per submission, a column per question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.classroom.sheets import label_cell, sheet_text
from grader.records import Entry, Result

GRADEBOOK = "gradebook.csv"

_FIRST = ("submission", "names", "ids", "emails", "status")
_LAST = ("awarded", "decided", "awaiting", "points", "late", "final", "rubric", "remark", "comments")


def gradebook_text(entries: Sequence[Entry], results: Mapping[str, Result], problems: Mapping[str, str]) -> str:
    """`gradebook.csv`: UTF-8 with BOM, so that spreadsheets read names rightly.

    `results` and `problems` are by name; an entry with neither is not graded yet. A question's cell holds the points
    awarded so far, and stays empty while nothing of it is decided.
    """
    questions = list(dict.fromkeys(question.id for result in results.values() for question in result.questions))
    rows: list[list[object]] = [[*_FIRST, *map(label_cell, questions), *_LAST]]
    for entry in entries:
        result = results.get(entry.name)
        problem = problems.get(entry.name, "")
        first = [
            entry.name,
            "; ".join(member.name for member in entry.members if member.name),
            "; ".join(member.id for member in entry.members if member.id),
            "; ".join(member.email for member in entry.members if member.email),
            _status(result, problem),
        ]
        rows.append([*first, *_marks(result, questions), *_sums(result), problem or _remark(result), _comments(result)])
    return sheet_text(rows, bom=True)


def _status(result: Result | None, problem: str) -> str:
    if result is None:
        return "not graded" if problem else "not graded yet"
    return "awaits review" if result.score.awaiting else "graded"


def _marks(result: Result | None, questions: Sequence[str]) -> list[object]:
    found = {question.id: question for question in result.questions} if result else {}
    cells: list[object] = []
    for name in questions:
        question = found.get(name)
        decided = question is not None and any(verdict.decided for verdict in question.verdicts)
        cells.append(question.awarded if question is not None and decided else None)
    return cells


def _sums(result: Result | None) -> list[object]:
    if result is None:
        return [None] * 7
    score = result.score
    late = -result.deducted if result.deductions else None
    return [score.awarded, score.decided, score.awaiting, score.points, late, result.final, result.rubric]


def _comments(result: Result | None) -> str:
    """What a person wrote to the group, question by question."""
    found = [
        f"{question.id}: {verdict.marked.comment} ({verdict.marked.by}, {verdict.marked.at[:10]})"
        for question in (result.questions if result else ())
        for verdict in question.verdicts
        if verdict.marked and verdict.marked.comment
    ]
    return "; ".join(found)


def _remark(result: Result | None) -> str:
    return " ".join(deduction.explanation for deduction in result.deductions) if result else ""
