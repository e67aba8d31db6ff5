"""Brightspace: a CSV for "Import grades".

D2L's page "Importing grades" (https://community.d2l.com/brightspace/kb/articles/3538-importing-grades): `OrgDefinedId`,
`Username` or both; `<Item> Points Grade`; last `End-of-Line Indicator` with `#` in every row. In exports the two ids
begin with `#`, and a grade's header goes on with `<Numeric MaxPoints:20 Weight:10>`.
"""

from __future__ import annotations

import re

from grader.classroom.sheets import Sheet, sheet_text
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

_ITEM = re.compile(r"(?P<item>.+?) Points Grade(?: <(?P<form>[^>]*)>)?", re.IGNORECASE)
_MOST = re.compile(r"MaxPoints:\s*([\d.]+)")
_END = "End-of-Line Indicator"


def brightspace_export(grades: list[Grade], sheet: Sheet | None, item: str | None, scale: bool) -> Export:
    """`brightspace.csv`: the exported sheet's students, or where there is none the class's own, with their grades."""
    export = Export()
    if sheet is None:
        return _from_roster(grades, item, export)
    ids = {"org": sheet.column("OrgDefinedId", "Org Defined ID"), "user": sheet.column("Username")}
    if ids["org"] is None and ids["user"] is None:
        raise sheet.error(1, "this is no grade export of Brightspace: it has neither 'OrgDefinedId' nor 'Username'.")
    header, most = _item(sheet, item)
    compare_points(most, grades, scale, export)
    rows = [(at, _identity(sheet, row.cells, ids)) for at, row in enumerate(sheet.rows) if at > 0]
    found = match_rows(
        grades,
        rows,
        [
            ("org", lambda grade: [grade.number("brightspace").casefold()]),
            ("user", lambda grade: [grade.member.login.casefold(), grade.member.email.split("@")[0].casefold()]),
            ("name", lambda grade: [name_key(grade.member.name)]),
        ],
        export,
    )
    columns = [at for at in ids.values() if at is not None]
    text: list[list[str]] = [[*(sheet.header[at] for at in columns), header, _END]]
    for place, grade in sorted(found.items()):
        written = score_cell(grade, most, scale, export)
        if not written:
            continue
        cells = sheet.rows[place].cells
        text.append([*(cells[at] if at < len(cells) else "" for at in columns), written, "#"])
    export.files["brightspace.csv"] = sheet_text(text, newline=sheet.newline).encode("utf-8", "replace")
    return export


def _from_roster(grades: list[Grade], item: str | None, export: Export) -> Export:
    if not item:
        raise UserError("Name the grade item with --item, or give the exported grades with --sheet.")
    text: list[list[str]] = [["OrgDefinedId", "Username", f"{item} Points Grade", _END]]
    for grade in grades:
        number = grade.number("brightspace")
        if not (number or grade.member.login):
            export.unmatched.append(grade.called)
        elif written := score_cell(grade, None, False, export):
            text.append([number, grade.member.login, written, "#"])
    export.files["brightspace.csv"] = sheet_text(text).encode("utf-8", "replace")
    return export


def _item(sheet: Sheet, item: str | None) -> tuple[str, float | None]:
    """The header of the grade's column, and the most that can be reached."""
    columns = {name: found for name in sheet.header if (found := _ITEM.fullmatch(name))}
    wanted = [name for name, found in columns.items() if item is None or item.casefold() == found["item"].casefold()]
    if len(wanted) != 1:
        known = ", ".join(f"'{found['item']}'" for found in columns.values()) or "none"
        raise UserError(f"Name the grade item with --item; {sheet.path.name} has: {known[:600]}.")
    most = _MOST.search(columns[wanted[0]]["form"] or "")
    return wanted[0], float(most[1]) if most else None


def _identity(sheet: Sheet, cells: tuple[str, ...], ids: dict[str, int | None]) -> dict[str, str]:
    def cell(column: int | None) -> str:
        return cells[column].strip() if column is not None and column < len(cells) else ""

    name = " ".join(cell(sheet.column(*names)) for names in (("First Name",), ("Last Name",))).strip()
    org, user = (cell(ids[key]).removeprefix("#").casefold() for key in ("org", "user"))
    return {"org": org, "user": user, "name": name_key(name), "shown": name or user or org}


def _brightspace(request: ExportRequest) -> Export:
    return brightspace_export(request.grades, request.sheet, request.item, request.scale)


PLATFORM = Platform(
    name="brightspace",
    needs="`--sheet`: exported grades, or `--item`",
    writes="`brightspace.csv`",
    export=_brightspace,
)
