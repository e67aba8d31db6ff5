"""The roster: which submissions a class handed in, found in folders, downloads or a CSV, and remembered."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from pydantic import ValidationError

from grader.classroom.downloads import Upload, group_files, unpack, upload_of
from grader.classroom.sheets import Row, Sheet, plain_cell, read_sheet, read_time, unique_names
from grader.errors import UserError
from grader.records import Entry, Member
from grader.reports.files import write_whole
from grader.submissions.entries import instead_of, is_read, natural_key

RULES = "class.yaml"
"""What a teacher sets for the class; see `rules`."""
_SUBMISSION = ("submission", "path", "file", "folder")
_TEAM = ("team", "group", "name of submission")
_NAME = ("name", "full name", "student", "student name")
_ID = ("id", "user id", "identifier", "orgdefinedid", "student id", "participant")
_LOGIN = ("login", "username", "sis login id")
_EMAIL = ("email", "email address", "mail")
_SUBMITTED = ("submitted", "submitted at", "last modified (submission)", "handed in")
"""Names of the columns of a CSV, each with those that learning platforms give it."""
_NOT_HANDED_IN = {"readme", "index", "truth"}
"""Files that lie beside the hand-ins, by the names that they have without their endings."""
_LINK = re.compile(r"\s*[a-z][a-z0-9+.-]+://|\s*www\.", re.IGNORECASE)
"""What a list has in place of a file where hand-ins were shared by link. A drive (`C:`) has one letter."""
_SKIPPED_FOLDERS = {"__macosx", "__pycache__", "node_modules"}
_FILE = Path(".labgrade") / "roster.json"
"""Below the reports: the roster of a class that was graded."""


@dataclass(frozen=True)
class Roster:
    """The submissions of a class, by name."""

    entries: tuple[Entry, ...]
    ignored: tuple[str, ...] = ()
    """Names of files that were not taken for submissions."""
    root: Path = field(default_factory=Path)
    """Where they lie: a zip's content lies in labgrade's staging folder."""


def read_roster(path: Path, staging: Path) -> Roster:
    """The roster of the folder, zip or CSV at `path`; archives are unpacked below `staging`. Raises `UserError`."""
    if path.is_dir():
        return _folder_roster(path, staging)
    if path.suffix.lower() == ".csv" and path.is_file():
        return Roster(tuple(csv_entries(path)), root=path.parent)
    if path.suffix.lower() == ".zip" and path.is_file():
        return _folder_roster(unpack(path, staging), staging)
    if path.exists():
        raise UserError(
            f"{path} is no class: give a folder of submissions, a zip from an LMS, or a CSV that lists them."
        )
    raise UserError(
        f"{path} does not exist. Give a folder of submissions, a zip from an LMS, or a CSV that lists them."
    )


def _folder_roster(folder: Path, staging: Path) -> Roster:
    root = _only_folder(folder)
    children = [child for child in root.iterdir() if _counts(child)]
    children.sort(key=lambda child: (natural_key(child.name), child.name))
    uploads = {child: found for child in children if (found := _upload(child)) is not None}
    for child in _ambiguous(uploads, len(children)):
        del uploads[child]
    ignored = [child.name for child in children if child not in uploads and not _is_handed_in(child)]
    plain = [child for child in children if child not in uploads and child.name not in ignored]
    entries = [*_uploaded(uploads, staging), *_plain(plain, staging)]
    if not entries:
        more = f" It holds {', '.join(ignored[:5])}." if ignored else ""
        raise UserError(
            f"{folder}: no submission was found: each is a folder, a notebook, a script, a PDF or a zip.{more}"
        )
    names = unique_names(entry.name for entry in entries)
    named = [entry.model_copy(update={"name": name}) for entry, name in zip(entries, names, strict=True)]
    named.sort(key=lambda entry: (natural_key(entry.name), entry.name))
    return Roster(tuple(named), tuple(ignored), root)


def _only_folder(folder: Path) -> Path:
    """Zips often hold one folder that holds everything: that one."""
    for _ in range(3):
        children = [child for child in folder.iterdir() if _counts(child)]
        if len(children) != 1 or not children[0].is_dir() or _upload(children[0]) is not None:
            break
        inside = [child for child in children[0].iterdir() if _counts(child)]
        if not any(child.is_dir() or _upload(child) is not None for child in inside):
            break
        folder = children[0]
    return folder


def _counts(child: Path) -> bool:
    if child.name.startswith((".", "~$")) or child.name.casefold() in _SKIPPED_FOLDERS or child.is_symlink():
        return False
    return child.name not in (RULES, "labgrade.yaml") and (child.is_dir() or child.is_file())


def _upload(child: Path) -> Upload | None:
    return upload_of(unicodedata.normalize("NFC", child.name), child.is_file())


def _ambiguous(uploads: dict[Path, Upload], children: int) -> list[Path]:
    """What looks like Canvas' names by chance: few of many, or one number for several people (`x_2026_11_lab.py`)."""
    canvas = {child: found for child, found in uploads.items() if found.source == "canvas"}
    people: dict[str, set[str]] = {}
    for found in canvas.values():
        people.setdefault(found.user, set()).add(found.name)
    if 2 * len(canvas) < children or any(len(names) > 1 for names in people.values()):
        return list(canvas)
    return []


def _is_handed_in(child: Path) -> bool:
    if child.is_dir():
        return True
    return (is_read(child.name) or bool(instead_of(child.name))) and child.stem.casefold() not in _NOT_HANDED_IN


def _uploaded(uploads: dict[Path, Upload], staging: Path) -> list[Entry]:
    """One entry for each user of a bulk download, with all files of the last attempt."""
    users: dict[tuple[str, str, str], list[tuple[Path, Upload]]] = {}
    for child, found in uploads.items():
        own = found.name.casefold() if found.source == "brightspace" else ""
        users.setdefault((found.source, found.user, own), []).append((child, found))
    entries = []
    for (source, user, _), theirs in users.items():
        theirs, notes = _last_attempt(theirs) if source == "brightspace" else (theirs, ())
        first = theirs[0][1]
        path = theirs[0][0]
        if len(theirs) > 1 or (path.is_file() and first.rest):
            parts = [(child, found.rest if child.is_file() else "") for child, found in theirs]
            path = group_files(parts, staging)
        called = first.name if user in first.name else f"{first.name} {user}"
        fields = {"name": called, "path": str(path), "source": source, "notes": notes}
        member = Member(name=first.name, id=first.number, platform=source if first.number else "")
        late = any(found.late for _, found in theirs)
        entries.append(Entry(**fields, members=(member,), submitted=first.submitted, late=late))
    return entries


def _last_attempt(theirs: list[tuple[Path, Upload]]) -> tuple[list[tuple[Path, Upload]], tuple[str, ...]]:
    """Only what was handed in last: every upload to Brightspace is a folder of its own."""
    times = [found.submitted for _, found in theirs]
    if len(theirs) < 2:
        return theirs, ()
    if any(time is None for time in times):
        return theirs, ("Handed in several times, and the times cannot be read: all of it counts together.",)
    last = max(time for time in times if time is not None)
    kept = [(child, found) for child, found in theirs if found.submitted == last]
    earlier = len(theirs) - len(kept)
    noun = "upload does" if earlier == 1 else "uploads do"
    said = f"Handed in several times: what came last counts, {earlier} earlier {noun} not."
    return kept, (said,) if earlier else ()


def _plain(children: Sequence[Path], staging: Path) -> list[Entry]:
    """Folders, and files: those that differ in their ending alone are one submission."""
    stems: dict[str, list[Path]] = {}
    entries = []
    for child in children:
        if child.is_dir():
            entries.append(Entry(name=child.name, path=str(child)))
        else:
            stems.setdefault(child.stem.casefold(), []).append(child)
    for files in stems.values():
        path = files[0] if len(files) == 1 else group_files([(file, file.name) for file in files], staging)
        entries.append(Entry(name=files[0].stem, path=str(path)))
    return entries


def csv_entries(path: Path) -> list[Entry]:
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
        key = entry.path or team or f"line {row.line}"
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
    path = _handed_in(sheet.path.parent, written)
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
    if _LINK.match(written):
        problem = f"{written[:200]} is a link: save what it leads to beside {sheet.path.name}, and name that file."
    elif path is None:
        problem = "Nothing was handed in."
    elif not path.exists():
        problem = f"{written} does not exist beside {sheet.path.name}."
    members = (member,) if any(member.as_json().values()) else ()
    fields = {"name": name, "path": str(path or ""), "members": members, "submitted": submitted, "problem": problem}
    return Entry(**fields, source="csv"), team


def _handed_in(folder: Path, written: str) -> Path | None:
    """The file or folder that a list names as `written`: relative to its `folder`, in Windows' spelling, too.

    A whole path of another machine (`C:\\labs\\group1\\lab.ipynb`) is looked for by its end, as long as that names a
    folder: a bare `lab.ipynb` may be anybody's. `None` where nothing is named, or a link.
    """
    if not written or _LINK.match(written):
        return None
    plain = folder / written
    windows = PureWindowsPath(written)
    if plain.exists() or not ("\\" in written or windows.drive):
        return plain
    parts = windows.parts[1:] if windows.anchor else windows.parts
    if not windows.anchor:
        return folder.joinpath(*parts)
    ends = (folder.joinpath(*parts[first:]) for first in range(max(len(parts) - 1, 0)))
    return next((end for end in ends if ".." not in parts and end.exists()), plain)


def _text(sheet: Sheet, row: Row, names: tuple[str, ...]) -> str:
    column = sheet.column(*names)
    return plain_cell(_cell(row, column)) if column is not None else ""


def _cell(row: Row, column: int) -> str:
    return row.cells[column].strip() if column < len(row.cells) else ""


def _found(sheet: Sheet) -> str:
    return ", ".join(f"'{name[:40]}'" for name in sheet.header[:8])


def write_roster(reports: Path, entries: Iterable[Entry]) -> None:
    """Keep who is in the class, without where the hand-ins lie."""
    kept = [entry.model_dump(mode="json", exclude={"path"}) for entry in entries]
    write_whole(reports / _FILE, (json.dumps({"version": 1, "entries": kept}, indent=1) + "\n").encode())


def roster_behind(reports: Path) -> tuple[Entry, ...]:
    """The roster behind the reports in a folder; empty when they come from no class."""
    try:
        raw = json.loads((reports / _FILE).read_text(encoding="utf-8"))
        return tuple(Entry.model_validate({**item, "path": ""}) for item in raw["entries"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return ()
