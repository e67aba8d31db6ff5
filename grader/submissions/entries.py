"""Files of a hand-in, in a folder or in a zip archive: what their names say of them, and what is found.

An `Entry` is a file of either: its name, its size, and its bytes when they are asked for. By its name alone it is told
whether a file is read, and what to hand in instead of one that is not.

Zip archives are read in memory: nothing of them is ever written to the disk, so no name in them can lead anywhere.
Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. The sizes that an archive declares are held against
limits before anything is unpacked, and Python's reader stops at the declared size.
"""

from __future__ import annotations

import io
import lzma
import os
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from grader.errors import UserError
from grader.facts.filetypes import FileKind, file_kind
from grader.formats.reader import FILE_LIMIT, reader_of

_DEPTH_LIMIT = 8
"""Folders within each other, below the hand-in's own, that are searched."""
_ENTRIES_LIMIT = 20_000
"""Files of a folder that are looked at."""
_IGNORED = {"__macosx", "__pycache__", "venv", "env", "virtualenv", "node_modules", "site-packages", "build", "dist"}
"""Folders that systems, environments and builds make."""
_DIGITS = re.compile(r"(\d+)")
_SETTINGS = "labgrade.yaml"

_TEXTS = "hand in a .docx, a PDF or a .md file instead"
_ARCHIVES = "hand in a .zip file or the unpacked folder instead"
_OTHER_LANGUAGE = "labgrade grades Python: hand in an .ipynb or a .py file"
_INSTEAD: dict[FileKind, str] = {
    "other document": _TEXTS,
    "slides": _TEXTS,
    "packed": _ARCHIVES,
    "other language": _OTHER_LANGUAGE,
    "page archive": "hand in an .html file or the notebook instead",
    "program": "hand in the .py file instead",
    "bytecode": "hand in the .py file instead",
}

_MEMBERS_LIMIT = 20_000
"""Files in one archive."""
_DIRECTORY_LIMIT = 16_000_000
"""Bytes of an archive's directory: parsing a larger one would fill the memory."""
_TOTAL_LIMIT = 400_000_000
"""Bytes to which those members may unpack together that are read."""
_RATIO_LIMIT = 300
"""Times its packed size to which a member may unpack."""
_RATIO_FROM = 2_000_000
"""Bytes from which the ratio counts: a small empty table may well be packed to nothing."""
_DRIVE = re.compile(r"^[A-Za-z]:")
"""A name that begins with a drive leads out of the archive."""
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
)
"""What Python's reader raises for broken members."""
_REASONS = {
    "locked": "is locked with a password; hand in the archive without one",
    "outside": "has a name that leads out of the archive",
    "link": "is a link or no plain file",
    "bomb": "unpacks to far more than it packs",
    "double": "stands in the archive twice, and the first was read",
}


@dataclass(frozen=True)
class Entry:
    """One file."""

    name: str
    """Relative to the hand-in, with `/`, printable."""
    size: int
    """Bytes, as the folder or archive declares them."""
    data: Callable[[], bytes]
    """Its bytes, at most as many as may be read. Raises `UserError`."""


def printable(name: str) -> str:
    """`name` without undecodable bytes and control characters: it comes from the group, and they must not travel on."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "?" for character in text)


def file_entry(path: Path, name: str) -> Entry:
    """The file at `path`, called `name`."""
    return Entry(printable(name), path.stat().st_size, lambda: _bytes(path, printable(name)))


def _bytes(path: Path, name: str) -> bytes:
    size = path.stat().st_size
    if size > FILE_LIMIT:
        raise UserError(too_large(name, size))
    with path.open("rb") as file:
        data = file.read(FILE_LIMIT + 1)
    if len(data) > FILE_LIMIT:
        raise UserError(too_large(name, len(data)))
    return data


def too_large(name: str, size: int) -> str:
    """The message on the file `name` of `size` bytes, which is larger than what is read."""
    limit = FILE_LIMIT // 1_000_000
    return f"{name} has {size // 1_000_000} MB; at most {limit} MB are read. Clear its large outputs or pictures."


class Neighbours:
    """The other files of a hand-in, for the pictures that a document refers to."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def data(self, document: str, reference: str, limit: int) -> bytes | None:
        """The bytes of the file to which `document` refers; `None` when there is none, or it is larger than `limit`."""
        reference = unquote(reference).replace("\\", "/").split("#")[0].split("?")[0].strip()
        if not reference or ":" in reference[:12] or reference.startswith("/"):
            return None
        name = posixpath.normpath(posixpath.join(posixpath.dirname(document), reference))
        entry = self._entries.get(name)
        if entry is None or entry.size > limit:
            return None
        try:
            return entry.data()
        except (UserError, OSError):
            return None


def is_archive(name: str) -> bool:
    """Whether the file called `name` holds other files, which are read."""
    return file_kind(name) == "archive"


def is_read(name: str) -> bool:
    """Whether the file called `name`, or what it holds, is read."""
    return is_archive(name) or reader_of(name) is not None


def instead_of(name: str) -> str:
    """What to hand in instead of `name`, as a clause; empty for what is read, and for data, pictures and the like."""
    kind = file_kind(name)
    return "" if kind is None or is_read(name) else _INSTEAD.get(kind, "")


def list_unread(names: tuple[str, ...]) -> str:
    """Names that were not read, those with a better form first, each with what to hand in instead."""
    ordered = sorted(names, key=lambda name: not instead_of(name))
    words = [f"{name} ({instead_of(name)})" if instead_of(name) else name for name in ordered[:8]]
    shown = ", ".join(words)
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"


@dataclass(frozen=True)
class Candidates:
    """What a folder or an archive holds."""

    files: tuple[Entry, ...]
    """What can be read, in natural order."""
    others: tuple[Entry, ...] = ()
    """Everything else, relative to the folder."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing that was passed over."""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """The key by which `part2` comes before `part10`."""
    return [(0, int(part[:18]), part) if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(name.casefold())]


def candidates(folder: Path) -> Candidates:
    """The files below `folder`, without hidden ones, environments, and links that lead out of it."""
    root = folder.resolve()
    found: list[Entry] = []
    seen = 0
    for place, folders, names in os.walk(root):
        here = Path(place)
        depth = len(here.relative_to(root).parts)
        folders[:] = sorted(name for name in folders if depth < _DEPTH_LIMIT and _is_searched(here / name))
        for name in sorted(names):
            seen += 1
            path = here / name
            if seen > _ENTRIES_LIMIT:
                break
            if is_own(name) and _is_inside(path, root):
                found.append(file_entry(path, path.relative_to(root).as_posix()))
        if seen > _ENTRIES_LIMIT:
            break
    notes = ("The folder holds more files than labgrade looks at.",) if seen > _ENTRIES_LIMIT else ()
    return sort_files(found, notes)


def sort_files(found: list[Entry], notes: tuple[str, ...] = ()) -> Candidates:
    """`found` in natural order, readable files apart from others."""
    found.sort(key=lambda entry: natural_key(entry.name))
    files = tuple(entry for entry in found if is_read(entry.name))
    return Candidates(files, tuple(entry for entry in found if not is_read(entry.name)), notes)


def is_own(name: str) -> bool:
    """Whether a file's name is that of a group's own file, not of an editor's or a system's."""
    return (
        not name.startswith((".", "~$")) and name != _SETTINGS and name.casefold() not in ("thumbs.db", "desktop.ini")
    )


def is_ignored(folder: str) -> bool:
    """Whether a folder of this name is no part of a hand-in."""
    return folder.startswith(".") or folder.casefold() in _IGNORED


def _is_searched(folder: Path) -> bool:
    if is_ignored(folder.name) or folder.is_symlink():
        return False
    return not (folder / "pyvenv.cfg").exists() and not (folder / "conda-meta").exists()


def _is_inside(path: Path, root: Path) -> bool:
    if not path.is_symlink():
        return path.is_file()
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return target.is_file() and target.is_relative_to(root)


def archive_candidates(data: bytes, file: str) -> Candidates:
    """What the zip archive `data`, called `file`, holds. Raises `UserError` when it can't be opened or is a trap."""
    _check_directory(data, file)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error) as error:
        raise UserError(f"{file} is damaged or no zip archive ({error}). Ask the group for it again.") from None
    found: list[Entry] = []
    passed: dict[str, list[str]] = {}
    seen: set[str] = set()
    for member in members:
        name = member_name(member)
        # Not `is_dir`, which fails on a member without a name.
        if not name or name.endswith("/") or not _is_wanted(name):
            continue
        reason = _fault(member, name, seen)
        if reason:
            passed.setdefault(reason, []).append(printable(name.lstrip("/"))[:120])
            continue
        seen.add(name)
        found.append(Entry(printable(name), member.file_size, _reader(archive, member, f"{file}/{printable(name)}")))
    _check_total(found, file)
    notes = [_note(file, reason, names) for reason, names in passed.items()]
    if passed.get("locked") and not found:
        raise UserError(f"{file} is locked with a password. Ask the group for the archive without one.")
    return sort_files(found, tuple(notes))


def _note(file: str, reason: str, names: list[str]) -> str:
    what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return f"{file}: {what} {_REASONS[reason]}; not read."


def _check_directory(data: bytes, file: str) -> None:
    """Refuse, before it is parsed, a directory that would fill the memory."""
    end = data.rfind(b"PK\5\6", max(0, len(data) - 70_000))
    if end < 0 or len(data) - end < 22:
        raise UserError(f"{file} is damaged or no zip archive. Ask the group for it again.")
    entries, size = struct.unpack("<HL", data[end + 10 : end + 16])
    if (
        size > _DIRECTORY_LIMIT
        or (entries > _MEMBERS_LIMIT and size != 0xFFFFFFFF)
        or data.count(b"PK\1\2") > _MEMBERS_LIMIT
    ):
        raise UserError(f"{file} holds more than {_MEMBERS_LIMIT:,} files. Hand in the lab's own files alone.")


def _check_total(found: list[Entry], file: str) -> None:
    total = sum(entry.size for entry in found if is_read(entry.name))
    if total > _TOTAL_LIMIT:
        raise UserError(f"{file} unpacks to {total // 1_000_000:,} MB. Hand in the lab's own files alone.")
    if len(found) > _MEMBERS_LIMIT:
        raise UserError(f"{file} holds more than {_MEMBERS_LIMIT:,} files. Hand in the lab's own files alone.")


def member_name(member: zipfile.ZipInfo) -> str:
    """The name of `member` with `/`; one that a program stored in UTF-8 without saying so is read as such."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with suppress(UnicodeEncodeError, UnicodeDecodeError):
            name = name.encode("cp437").decode("utf-8")
    name = name.replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    return name


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        bool(path.name) and is_own(path.name) and not any(is_ignored(part) for part in path.parts[:-1] if part != "..")
    )


def _fault(member: zipfile.ZipInfo, name: str, seen: set[str]) -> str:
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "link"
    if name.startswith("/") or _DRIVE.match(name) or ".." in PurePosixPath(name).parts:
        return "outside"
    if member.flag_bits & 0x1:
        return "locked"
    if member.file_size > _RATIO_FROM and member.file_size > _RATIO_LIMIT * max(member.compress_size, 1):
        return "bomb"
    return "double" if name in seen else ""


def _reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Callable[[], bytes]:
    def data() -> bytes:
        if member.file_size > FILE_LIMIT:
            raise UserError(too_large(name, member.file_size))
        try:
            with archive.open(member) as file:
                found = file.read(FILE_LIMIT + 1)
        except _DAMAGE as error:
            raise UserError(f"{name} is damaged in its archive ({error}). Ask the group for it again.") from None
        if len(found) > FILE_LIMIT:
            raise UserError(too_large(name, len(found)))
        return found

    return data
