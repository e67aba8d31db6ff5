"""From a path to a `Submission`."""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import replace
from pathlib import Path, PurePosixPath

from grader.errors import UserError
from grader.reading.handin.archive import archive_candidates
from grader.reading.handin.attached import data_files, named_files
from grader.reading.handin.entries import Entry, Neighbours, file_entry, printable
from grader.reading.handin.folder import Candidates, candidates, natural_key
from grader.reading.handin.kinds import Kind, instead_of, kind_of, listed
from grader.reading.handin.readers import contents_of
from grader.reading.handin.twins import Read, without_copies
from grader.records.submission import Cell, Submission

_FILES_LIMIT = 40
_TOTAL_LIMIT = 300_000_000
_GIVE = "Give a notebook (.ipynb), a script (.py), a report (.pdf, .docx, .md, .html), a .zip or a folder of these."


def read_submission(path: Path) -> Submission:
    """The hand-in at `path`: a file, or a folder or zip archive with several, all of which are read.

    Raises `UserError` for a missing path, an empty folder, and a folder or file in which nothing can be read.
    """
    try:
        if path.is_dir():
            return _from_candidates(path.resolve().name, str(path), candidates(path))
        if path.is_file():
            return _from_file(path)
    except PermissionError as error:
        raise UserError(f"{error.filename or path} may not be read. Change its permissions and try again.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    if path.exists():
        raise UserError(f"{path} is neither a file nor a folder. {_GIVE}")
    raise UserError(f"{path} does not exist. {_GIVE}")


def _from_file(path: Path) -> Submission:
    entry = file_entry(path, path.name)
    data = entry.data()
    kind = _kind(path, data)
    if kind == "archive":
        found = archive_candidates(data, entry.name)
        return _from_candidates(path.stem, entry.name, found)
    near = _neighbours(path) if kind in (*_CODE, *_LINKING) else []
    beside = Neighbours(tuple(near)) if kind in _LINKING else _ALONE
    contents = contents_of(kind, entry.name, data, beside)
    if not contents.cells:
        raise UserError(f"{path.name} has no cells: there is nothing to grade.")
    kept, notes = without_copies([Read(entry.name, kind, data, contents)])
    data_entries = [entry for entry in near if kind_of(entry.name) is None] if kind in _CODE else []
    return _submission(path.stem, kept, notes, named_files(data_entries, contents.cells))


def _neighbours(path: Path) -> list[Entry]:
    """Files beside the single file `path` that are its group's.

    Where other hand-ins lie in the folder it is that of a class, and only the folder that an export makes for its
    pictures is surely this group's: code must not get at others' work by writing out its name.
    """
    found = candidates(path.parent)
    if all(PurePosixPath(entry.name).stem == path.stem for entry in found.files):
        return [*found.files, *found.others]
    return [entry for entry in found.others if _is_of_export(entry.name, path)]


def _is_of_export(name: str, path: Path) -> bool:
    return name.startswith(f"{path.stem}_files/")


_CODE: tuple[Kind, ...] = ("notebook", "script")
_LINKING: tuple[Kind, ...] = ("markdown", "web")
_ALONE = Neighbours(())


def _kind(path: Path, data: bytes) -> Kind:
    """The kind of a file that was named: by its name, else by how it begins."""
    kind = kind_of(path.name)
    if kind is not None:
        return kind
    if data.lstrip()[:1] == b"{":
        return "notebook"
    if data.startswith(b"%PDF-"):
        return "pdf"
    advice = instead_of(path.name)
    raise UserError(f"{path} is not read: {advice}." if advice else f"{path} is no kind of file that is read. {_GIVE}")


def _from_candidates(name: str, place: str, found: Candidates) -> Submission:
    """`place`: how messages call the folder or archive."""
    found = _unpacked(found)
    if not found.files:
        raise UserError(_nothing_found(place, found))
    beside = Neighbours((*found.files, *found.others))
    read: list[Read] = []
    problems: list[str] = []
    total = 0
    for entry in found.files[:_FILES_LIMIT]:
        kind = kind_of(entry.name)
        assert kind is not None
        try:
            data = entry.data()
            total += len(data)
            if total > _TOTAL_LIMIT:
                raise UserError(f"{entry.name} was not read: the files are too large together.")
            contents = contents_of(kind, entry.name, data, beside)
        except UserError as error:
            problems.append(str(error))
            continue
        if contents.cells:
            read.append(Read(entry.name, kind, data, contents))
        else:
            problems.append(f"{entry.name} has no cells.")
    if not read:
        raise UserError(f"{place}: nothing in it can be read. {problems[0]}")
    notes = list(found.notes)
    if len(found.files) > _FILES_LIMIT:
        notes.append(f"Only the first {_FILES_LIMIT} of {len(found.files)} files were read.")
    kept, copies = without_copies(read)
    others = tuple(entry.name for entry in found.others if not _is_picture(entry.name))
    if others:
        notes.append(f"Not read: {listed(others)}.")
    scripts = [entry for entry in found.files if kind_of(entry.name) == "script"]
    return _submission(name, kept, [*problems, *copies, *notes], [*found.others, *scripts])


def _unpacked(found: Candidates) -> Candidates:
    """`found` with the files of the archives in it: one level deep."""
    files: list[Entry] = []
    others = list(found.others)
    notes = list(found.notes)
    for entry in found.files:
        if kind_of(entry.name) != "archive":
            files.append(entry)
            continue
        try:
            inner = archive_candidates(entry.data(), entry.name)
        except UserError as error:
            notes.append(str(error))
            continue
        notes += inner.notes
        for group, members in ((files, inner.files), (others, inner.others)):
            group += [replace(member, name=f"{entry.name}/{member.name}") for member in members]
    deeper = [entry.name for entry in files if kind_of(entry.name) == "archive"]
    notes += [f"{name} is an archive within an archive and was not read; unpack it." for name in deeper[:5]]
    files = [entry for entry in files if kind_of(entry.name) != "archive"]
    return Candidates(tuple(sorted(files, key=lambda entry: natural_key(entry.name))), tuple(others), tuple(notes))


def _is_picture(name: str) -> bool:
    return name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".svg"))


def _nothing_found(place: str, found: Candidates) -> str:
    if found.notes:
        return f"{place}: nothing in it can be read. {found.notes[0]}"
    if not found.others:
        return f"{place} is empty. {_GIVE}"
    names = tuple(entry.name for entry in found.others)
    return f"{place} holds nothing that labgrade reads, only: {listed(names)}. {_GIVE}"


def _folder_name(name: str) -> str:
    """`name` as that of the report's folder: `...ipynb` must not lead out of where reports lie."""
    return printable(name).strip(". ") or "submission"


def _submission(name: str, read: list[Read], notes: list[str], beside: list[Entry]) -> Submission:
    digest = hashlib.sha256()
    cells: list[Cell] = []
    repairs: list[str] = []
    for entry in read:
        for part in (entry.file.encode("utf-8", "replace"), entry.data):
            digest.update(hashlib.sha256(part).digest())
        cells += entry.contents.cells
        repairs += entry.contents.notes
    folders = sorted({posixpath.dirname(entry.file) for entry in read if entry.kind in _CODE})
    data, left_out = data_files(beside, folders)
    return Submission(
        name=_folder_name(name),
        files=tuple(entry.file for entry in read),
        cells=tuple(cell.model_copy(update={"index": index}) for index, cell in enumerate(cells)),
        digest=digest.hexdigest(),
        notes=tuple([*repairs, *notes, *left_out][:200]),
        data=data,
    )
