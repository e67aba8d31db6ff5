"""From a path to a `Submission`: which reader reads which file, and the data files that lie beside.

A hand-in is a file, or a folder or archive with several. What its files say twice is read once. The group's own data
files go along, so that its code finds them again at the places where they lay.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from grader.errors import UserError
from grader.facts.filetypes import UNOPENED, file_kind
from grader.formats.reader import (
    IMAGE_LIMIT,
    Contents,
    Fetch,
    Reader,
    SourceFile,
    reader_by_beginning,
    reader_of,
    suffixes,
)
from grader.records import Cell, DataFile, Submission
from grader.submissions.duplicates import Read, drop_copies
from grader.submissions.entries import (
    Candidates,
    Entry,
    Neighbours,
    archive_candidates,
    candidates,
    file_entry,
    instead_of,
    is_archive,
    is_read,
    list_unread,
    natural_key,
    printable,
)

_FILES_LIMIT = 40
"""Files of a hand-in that are read, the first in natural order."""
_TOTAL_LIMIT = 300_000_000
"""Bytes of these files in all."""


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
        raise UserError(f"{path} is neither a file nor a folder. {_wanted()}")
    raise UserError(f"{path} does not exist. {_wanted()}")


def _from_file(path: Path) -> Submission:
    entry = file_entry(path, path.name)
    data = entry.data()
    if is_archive(path.name):
        found = archive_candidates(data, entry.name)
        return _from_candidates(path.stem, entry.name, found)
    reader = _reader(path, data)
    native = reader.form != "document"
    near = _neighbours(path) if native or reader.pictures_beside else []
    contents = _contents(reader, entry.name, data, Neighbours(near))
    if not contents.cells:
        raise UserError(f"{path.name} has no cells: there is nothing to grade.")
    kept, notes = drop_copies([Read(entry.name, reader, data, contents)])
    data_entries = [entry for entry in near if not is_read(entry.name)] if native else []
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


def _reader(path: Path, data: bytes) -> Reader:
    """The reader of a file that was named on the command line: by its name, else by how it begins."""
    reader = reader_of(path.name) or reader_by_beginning(data)
    if reader is not None:
        return reader
    advice = instead_of(path.name)
    why = f"is not read: {advice}." if advice else f"is no kind of file that is read. {_wanted()}"
    raise UserError(f"{path} {why}")


def _contents(reader: Reader, name: str, data: bytes, beside: Neighbours) -> Contents:
    fetch: Fetch = lambda picture: beside.data(name, picture, IMAGE_LIMIT)  # noqa: E731
    return reader.read(SourceFile(name, data, fetch) if reader.pictures_beside else SourceFile(name, data))


def _wanted() -> str:
    """What to give instead, as a sentence."""
    code = f"a notebook ({suffixes('notebook')}), a script ({suffixes('script')})"
    return f"Give {code}, a report ({suffixes('document')}), a .zip or a folder of these."


def _from_candidates(name: str, place: str, found: Candidates) -> Submission:
    """The submission `name` of what was found in `place`, as messages call the folder or archive."""
    found = _unpacked(found)
    if not found.files:
        raise UserError(_nothing_found(place, found))
    beside = Neighbours((*found.files, *found.others))
    read: list[Read] = []
    problems: list[str] = []
    total = 0
    for entry in found.files[:_FILES_LIMIT]:
        reader = reader_of(entry.name)
        assert reader is not None
        try:
            data = entry.data()
            total += len(data)
            if total > _TOTAL_LIMIT:
                raise UserError(f"{entry.name} was not read: the files are too large together.")
            contents = _contents(reader, entry.name, data, beside)
        except UserError as error:
            problems.append(str(error))
            continue
        if contents.cells:
            read.append(Read(entry.name, reader, data, contents))
        else:
            problems.append(f"{entry.name} has no cells.")
    if not read:
        raise UserError(f"{place}: nothing in it can be read. {problems[0]}")
    notes = list(found.notes)
    if len(found.files) > _FILES_LIMIT:
        notes.append(f"Only the first {_FILES_LIMIT} of {len(found.files)} files were read.")
    kept, copies = drop_copies(read)
    others = tuple(entry.name for entry in found.others if not _is_picture(entry.name))
    if others:
        notes.append(f"Not read: {list_unread(others)}.")
    scripts = [entry for entry in found.files if (reader := reader_of(entry.name)) and reader.form == "script"]
    return _submission(name, kept, [*problems, *copies, *notes], [*found.others, *scripts])


def _unpacked(found: Candidates) -> Candidates:
    """`found` with the files of the archives in it: one level deep."""
    files: list[Entry] = []
    others = list(found.others)
    notes = list(found.notes)
    for entry in found.files:
        if not is_archive(entry.name):
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
    deeper = [entry.name for entry in files if is_archive(entry.name)]
    notes += [f"{name} is an archive within an archive and was not read; unpack it." for name in deeper[:5]]
    files = [entry for entry in files if not is_archive(entry.name)]
    return Candidates(tuple(sorted(files, key=lambda entry: natural_key(entry.name))), tuple(others), tuple(notes))


def _is_picture(name: str) -> bool:
    return file_kind(name) == "picture"


def _nothing_found(place: str, found: Candidates) -> str:
    if found.notes:
        return f"{place}: nothing in it can be read. {found.notes[0]}"
    if not found.others:
        return f"{place} is empty. {_wanted()}"
    names = tuple(entry.name for entry in found.others)
    return f"{place} holds nothing that labgrade reads, only: {list_unread(names)}. {_wanted()}"


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
    folders = sorted({posixpath.dirname(entry.file) for entry in read if entry.reader.form != "document"})
    data, left_out = data_files(beside, folders)
    return Submission(
        name=_folder_name(name),
        files=tuple(entry.file for entry in read),
        cells=tuple(cell.model_copy(update={"index": index}) for index, cell in enumerate(cells)),
        digest=digest.hexdigest(),
        notes=tuple([*repairs, *notes, *left_out][:200]),
        data=data,
    )


# Data files

_MOST_FILES = 400
"""Places at which data files are given to the code."""
_MOST_BYTES = 200_000_000
"""Bytes of data files in all."""


def data_files(entries: Iterable[Entry], folders: Sequence[str]) -> tuple[tuple[DataFile, ...], list[str]]:
    """Files for the working folder of the code, and notes on those that are too large.

    `folders` are those of the notebooks and scripts: a file lies in the working folder as seen from the hand-in itself
    and as seen from each of them.
    """
    found: dict[str, DataFile] = {}
    notes: list[str] = []
    total = 0
    beyond: list[str] = []
    for entry in entries:
        if file_kind(entry.name) in UNOPENED:
            continue
        if len(found) >= _MOST_FILES or total + entry.size > _MOST_BYTES:
            beyond.append(entry.name)
            continue
        try:
            content = entry.data()
        except (UserError, OSError):
            notes.append(f"{entry.name} was not given to the code: it is too large or cannot be read.")
            continue
        total += len(content)
        for place in _places(entry.name, folders):
            found.setdefault(place, DataFile(path=place, digest=hashlib.sha256(content).hexdigest(), content=content))
    if beyond:
        which = beyond[0] if len(beyond) == 1 else f"{beyond[0]} and {len(beyond) - 1} more files"
        notes.append(f"Not given to the code: {which}, as its files are too many or too large together.")
    return tuple(found[place] for place in sorted(found)), notes


def named_files(entries: Iterable[Entry], cells: Sequence[Cell]) -> list[Entry]:
    """Those of `entries`, which lie beside a single file, whose path its code writes out.

    The others may be those of another group.
    """
    code = "\n".join(cell.source for cell in cells if cell.kind == "code")
    return [entry for entry in entries if entry.name in code]


def _places(name: str, folders: Sequence[str]) -> list[str]:
    """Where a file lies, seen from the hand-in and from each of `folders` that holds it."""
    seen = [name] + [posixpath.relpath(name, folder) for folder in folders if folder and name.startswith(f"{folder}/")]
    return [place for place in seen if _is_plain_place(place)]


def _is_plain_place(place: str) -> bool:
    parts = place.split("/")
    return (
        len(parts) <= 16
        and not place.startswith("/")
        and all(part not in ("", ".", "..") and len(part.encode()) <= 200 and "\0" not in part for part in parts)
    )
