"""A plain CSV of grades, a row per student, for any other platform."""

from __future__ import annotations

from grader.classroom.sheets import sheet_text
from grader.exports.platform import Export, Grade, Platform

_HEADER = ("submission", "name", "id", "login", "email", "score", "points", "status", "feedback")


def listing_export(grades: list[Grade]) -> Export:
    """`grades.csv`, in UTF-8 with BOM: a row for each student, graded or not."""
    export = Export()
    rows: list[list[object]] = [list(_HEADER)]
    for grade in grades:
        if grade.score is None:
            export.blank.append(grade.called)
        elif grade.is_provisional:
            export.provisional.append(grade.called)
        member, result = grade.member, grade.result
        who = [grade.entry.name, member.name, member.id, member.login, member.email]
        points = result.score.points if result else None
        rows.append([*who, grade.score, points, _status(grade), grade.feedback])
    export.files["grades.csv"] = sheet_text(rows, bom=True).encode("utf-8", "replace")
    return export


def _status(grade: Grade) -> str:
    if grade.result is None:
        return "not graded"
    return "awaits review" if grade.result.score.awaiting else "graded"


PLATFORM = Platform(
    name="csv",
    writes="`grades.csv`, a row per student",
    export=lambda request: listing_export(request.grades),
)
