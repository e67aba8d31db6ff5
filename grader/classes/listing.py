"""A class as a CSV lists it."""

from __future__ import annotations

from pathlib import Path

from grader.classes.downloads.times import read_time
from grader.classes.names import unique_names
from grader.classes.sheets import Row, Sheet, plain_cell, read_sheet
from grader.records.roster import Entry, Member

_SUBMISSION = ("submission", "path", "file", "folder")
_TEAM = ("team", "group", "name of submission")
_NAME = ("name", "full name", "student", "student name")
_ID = ("id", "user id", "identifier", "orgdefinedid", "student id", "participant")
_LOGIN = ("login", "username", "sis login id")
_EMAIL = ("email", "email address", "mail")
_SUBMITTED = ("submitted", "submitted at", "last modified (submission)", "handed in")


def listed_entries(path: Path) -> list[Entry]:
    """The entries that the CSV at `path` lists: a row per student, the rows of a team together.

    Columns: `submission` (a path, relative to the CSV), and where there are any `team`, `name`, `id`, `login`, `email`,
    `submitted`. Raises `UserError` that names the line.
    """
    sheet = read_sheet(path)
    place = sheet.column(*_SUBMISSION)
    if place is None:
        raise sheet.error(1, f"a column 'submission' with the path of each hand-in is wanted; found {_found(sheet)}.")
    entries: dict[str, Entry] = {}
    order: dict[str, str] = {}
    for row in sheet.rows[1:]:
        entry, team = _entry(sheet, row, place)
        key = entry.path or team
        if key in order and order[key] != team:
            raise sheet.error(row.line, f"{entry.path} is handed in by two teams, '{order[key]}' and '{team}'.")
        order[key] = team
        known = entries.get(key)
        if known is None:
            entries[key] = entry
        else:
            times = [time for time in (known.submitted, entry.submitted) if time is not None]
            update = {"members": (*known.members, *entry.members), "submitted": times[0] if times else None}
            entries[key] = known.model_copy(update=update)
    if not entries:
        raise sheet.error(1, "there is no row below the header.")
    names = unique_names(entry.name for entry in entries.values())
    return [entry.model_copy(update={"name": name}) for entry, name in zip(entries.values(), names, strict=True)]


def _entry(sheet: Sheet, row: Row, place: int) -> tuple[Entry, str]:
    written = plain_cell(_cell(row, place))
    path = (sheet.path.parent / written) if written else None
    member = Member(
        name=_text(sheet, row, _NAME), id=_text(sheet, row, _ID), login=_text(sheet, row, _LOGIN),
        email=_text(sheet, row, _EMAIL),
    )  # fmt: skip
    team = _text(sheet, row, _TEAM)
    name = team or (path.name if path is not None and path.is_dir() else path.stem if path else "")
    name = name or member.name or member.id or f"line {row.line}"
    when = _text(sheet, row, _SUBMITTED)
    submitted = read_time(when) if when not in ("", "-") else None
    if when not in ("", "-") and submitted is None:
        raise sheet.error(row.line, f"'{when[:60]}' is not a time that labgrade reads; write 2026-03-01 23:59.")
    problem = ""
    if path is None:
        problem = "Nothing was handed in."
    elif not path.exists():
        problem = f"{written} does not exist beside {sheet.path.name}."
    members = (member,) if any(member.as_json().values()) else ()
    fields = {"name": name, "path": str(path or ""), "members": members, "submitted": submitted, "problem": problem}
    return Entry(**fields, source="csv"), team


def _text(sheet: Sheet, row: Row, names: tuple[str, ...]) -> str:
    column = sheet.column(*names)
    return plain_cell(_cell(row, column)) if column is not None else ""


def _cell(row: Row, column: int) -> str:
    return row.cells[column].strip() if column < len(row.cells) else ""


def _found(sheet: Sheet) -> str:
    return ", ".join(f"'{name[:40]}'" for name in sheet.header[:8])
