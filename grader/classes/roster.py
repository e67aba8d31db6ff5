"""The roster: which submissions a class handed in, found in folders, in an LMS' bulk download, or in a CSV."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.classes.downloads.grouping import grouped
from grader.classes.downloads.unpacking import unpacked
from grader.classes.downloads.uploads import Upload, upload_of
from grader.classes.listing import listed_entries
from grader.classes.names import unique_names
from grader.errors import UserError
from grader.reading.handin.folder import natural_key
from grader.reading.handin.kinds import instead_of, kind_of
from grader.records.roster import Entry, Member

RULES = "class.yaml"
_NOT_HANDED_IN = {"readme", "index", "truth"}
_SKIPPED_FOLDERS = {"__macosx", "__pycache__", "node_modules"}


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
        return Roster(tuple(listed_entries(path)), root=path.parent)
    if path.suffix.lower() == ".zip" and path.is_file():
        return _folder_roster(unpacked(path, staging), staging)
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
    return bool(kind_of(child.name) or instead_of(child.name)) and child.stem.casefold() not in _NOT_HANDED_IN


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
            path = grouped(parts, staging)
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
        path = files[0] if len(files) == 1 else grouped([(file, file.name) for file in files], staging)
        entries.append(Entry(name=files[0].stem, path=str(path)))
    return entries
