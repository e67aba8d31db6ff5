"""Canvas: the teacher's exported gradebook with one assignment filled in.

Canvas writes and reads the form in `lib/gradebook_exporter.rb` and `lib/gradebook_importer.rb`
(https://github.com/instructure/canvas-lms): the columns `Student` (or `LastName`, `FirstName`), `ID`, `SIS User ID`,
`SIS Login ID`, ..., with `Section` last of them, then `Title (id)` for each assignment; below the header a row on
manual posting where there is one, and the row `    Points Possible`. A column that is not in the file is left as it is.
"""

from __future__ import annotations

import re
import unicodedata

from grader.classroom.sheets import Sheet, read_number, sheet_text
from grader.errors import UserError
from grader.exports.platform import (
    Export,
    ExportRequest,
    Grade,
    Platform,
    compare_points,
    match_rows,
    name_key,
    score_cell,
)

_TITLE = re.compile(r"(?P<title>.+) \((?P<id>\d+)\)")
_POINTS = "points possible"
_EXCUSED = "EX"


def canvas_export(grades: list[Grade], sheet: Sheet, item: str | None, scale: bool) -> Export:
    """The sheet's student columns and the assignment `item` (title or id; the only one where `None`), filled in."""
    section = sheet.column("Section")
    if section is None or sheet.column("ID") is None:
        raise sheet.error(1, "this is no gradebook of Canvas: it has no columns 'ID' and 'Section'. Export it anew.")
    target = _assignment(sheet, item, section)
    export = Export()
    most = _points_possible(sheet, target)
    compare_points(most, grades, scale, export)
    students = [(at, row) for at, row in enumerate(sheet.rows) if at > 0 and _cell(row.cells, sheet.column("ID"))]
    rows = [(at, _identity(sheet, row.cells)) for at, row in students]
    found = match_rows(
        grades,
        rows,
        [
            ("id", lambda grade: [grade.number("canvas")]),
            ("sis", lambda grade: [grade.number("")]),
            ("login", lambda grade: [grade.member.login.casefold(), grade.member.email.casefold()]),
            ("name", lambda grade: [name_key(_name(grade))]),
            ("joined", lambda grade: [_compact_name(_name(grade))]),
        ],
        export,
    )
    text: list[list[str]] = []
    for at, row in enumerate(sheet.rows):
        before = _cell(row.cells, target)
        if at in found:
            before = _filled(before, found[at], _identity(sheet, row.cells), most, scale, export)
        text.append([*(_cell(row.cells, column) for column in range(section + 1)), before])
    export.files["canvas.csv"] = sheet_text(text, sheet.delimiter, newline=sheet.newline).encode("utf-8", "replace")
    return export


def _name(grade: Grade) -> str:
    """The name to look for: none where Canvas' own number is known, as whoever else bears the name is another."""
    return "" if grade.member.platform == "canvas" and grade.member.id else grade.member.name


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
        if row.cells and _POINTS in row.cells[0].casefold():
            return read_number(_cell(row.cells, target))
    return None


def _filled(before: str, grade: Grade, row: dict[str, str], most: float | None, scale: bool, export: Export) -> str:
    """The cell of a student: what was there stays where there is nothing to put in its place."""
    if before.strip().upper() == _EXCUSED:
        export.notes.append(f"{row['shown']} is excused in Canvas, and stays so.")
        return before
    called = _compact_name(grade.member.name)
    if grade.member.platform == "canvas" and called not in ("", row["joined"]):
        export.notes.append(
            f"{row['shown']} handed in as '{grade.member.name}': if that is a group, Canvas grades its other members, "
            "too, unless it grades them one by one (then name them in class.yaml)."
        )
    return score_cell(grade, most, scale, export) or before  # an empty cell would take an earlier grade away


def _identity(sheet: Sheet, cells: tuple[str, ...]) -> dict[str, str]:
    name = _cell(cells, sheet.column("Student"))
    if not name:
        name = f"{_cell(cells, sheet.column('LastName'))}, {_cell(cells, sheet.column('FirstName'))}"
    login = _cell(cells, sheet.column("SIS Login ID"))
    return {
        "id": _cell(cells, sheet.column("ID")),
        "sis": _cell(cells, sheet.column("SIS User ID")),
        "login": login.casefold(),
        "name": name_key(name),
        "joined": _compact_name(name),
        "shown": name,
    }


def _cell(cells: tuple[str, ...], column: int | None) -> str:
    return cells[column] if column is not None and column < len(cells) else ""


def _canvas(request: ExportRequest) -> Export:
    sheet = request.require_sheet("the gradebook that Canvas exports")
    return canvas_export(request.grades, sheet, request.item, request.scale)


def _compact_name(text: str) -> str:
    """A name as Canvas puts it into file names: `Doe, Jane` is `doejane`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", "".join(sign for sign in plain if not unicodedata.combining(sign)))


PLATFORM = Platform(
    name="canvas",
    needs="`--sheet`: the exported gradebook",
    writes="`canvas.csv`: its student columns and the one assignment",
    export=_canvas,
)
