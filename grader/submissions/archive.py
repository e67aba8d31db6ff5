"""Zip archives, read in memory: nothing of them is ever written to the disk, so no name in them can lead anywhere.

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. The sizes that an archive declares are held against
limits before anything is unpacked, and Python's reader stops at the declared size.
"""

from __future__ import annotations

import io
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePosixPath

from grader.errors import UserError
from grader.formats.text import FILE_LIMIT
from grader.submissions.entries import Candidates, Entry, is_ignored, is_own, printable, sort_files, too_large
from grader.submissions.kinds import is_read

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
