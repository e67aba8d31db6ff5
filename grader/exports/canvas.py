"""Canvas: the teacher's exported gradebook with one assignment filled in.

Canvas writes and reads the form in `lib/gradebook_exporter.rb` and `lib/gradebook_importer.rb`
(https://github.com/instructure/canvas-lms): the columns `Student` (or `LastName`, `FirstName`), `ID`, `SIS User ID`,
`SIS Login ID`, ..., with `Section` last of them, then `Title (id)` for each assignment; below the header a row on
manual posting where there is one, and the row `    Points Possible`. A column that is not in the file is left as it is.
"""

from __future__ import annotations

import re

from grader.classes.sheets import Sheet, read_number, sheet_text
from grader.errors import UserError
from grader.exports.grades import Export, Grade, score_text
from grader.exports.matching import folded_name, joined_name, matched_rows

_TITLE = re.compile(r"(?P<title>.+) \((?P<id>\d+)\)")
_POINTS = "points possible"


def canvas_export(grades: list[Grade], sheet: Sheet, item: str | None, scale: bool) -> Export:
    """The sheet's student columns and the assignment `item` (title or id; the only one where `None`), filled in."""
    section = sheet.column("Section")
    if section is None or sheet.column("ID") is None:
        raise sheet.error(1, "this is no gradebook of Canvas: it has no columns 'ID' and 'Section'. Export it anew.")
    target = _assignment(sheet, item, section)
    export = Export()
    most = _points_possible(sheet, target)
    _compare(most, grades, scale, export)
    students = [(at, row) for at, row in enumerate(sheet.rows) if at > 0 and _cell(row.cells, sheet.column("ID"))]
    rows = [(at, _identity(sheet, row.cells)) for at, row in students]
    found = matched_rows(
        grades,
        rows,
        [
            ("id", lambda grade: [grade.member.id]),
            ("sis", lambda grade: [grade.member.id]),
            ("login", lambda grade: [grade.member.login.casefold(), grade.member.email.casefold()]),
            ("name", lambda grade: [folded_name(grade.member.name)]),
            ("joined", lambda grade: [joined_name(grade.member.name)]),
        ],
        export,
    )
    text: list[list[str]] = []
    for at, row in enumerate(sheet.rows):
        before = _cell(row.cells, target)
        if at in found:
            written = score_text(found[at], most if scale else None)
            if not written:
                export.blank.append(found[at].called)
            before = written or before  # an empty cell would take an earlier grade away
        text.append([*(_cell(row.cells, column) for column in range(section + 1)), before])
    export.files["canvas.csv"] = sheet_text(text).encode("utf-8", "replace")
    return export


def _assignment(sheet: Sheet, item: str | None, section: int) -> int:
    columns = {at: found for at, name in enumerate(sheet.header) if at > section and (found := _TITLE.fullmatch(name))}
    wanted = [
        at for at, found in columns.items()
        if item is None or item.casefold() in (found["title"].casefold(), found["id"], sheet.header[at].casefold())
    ]  # fmt: skip
    if len(wanted) == 1:
        return wanted[0]
    known = ", ".join(f"'{sheet.header[at]}'" for at in columns) or "none"
    raise UserError(f"Name the assignment with --item; {sheet.path.name} has: {known[:600]}.")


def _points_possible(sheet: Sheet, target: int) -> float | None:
    for row in sheet.rows[1:4]:
        if row.cells and row.cells[0].strip().casefold() == _POINTS:
            return read_number(_cell(row.cells, target))
    return None


def _compare(most: float | None, grades: list[Grade], scale: bool, export: Export) -> None:
    points = {grade.result.score.points for grade in grades if grade.result}
    if most is not None and points and points != {most} and not scale:
        named = ", ".join(f"{value:g}" for value in sorted(points))
        export.notes.append(f"Canvas has {most:g} points possible, the rubric {named}; --scale converts.")


def _identity(sheet: Sheet, cells: tuple[str, ...]) -> dict[str, str]:
    name = _cell(cells, sheet.column("Student"))
    if not name:
        name = f"{_cell(cells, sheet.column('LastName'))}, {_cell(cells, sheet.column('FirstName'))}"
    login = _cell(cells, sheet.column("SIS Login ID"))
    return {
        "id": _cell(cells, sheet.column("ID")),
        "sis": _cell(cells, sheet.column("SIS User ID")),
        "login": login.casefold(),
        "name": folded_name(name),
        "joined": joined_name(name),
        "shown": name,
    }


def _cell(cells: tuple[str, ...], column: int | None) -> str:
    return cells[column] if column is not None and column < len(cells) else ""
