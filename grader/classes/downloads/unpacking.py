"""Zip files of a bulk download, unpacked with caps into a folder of labgrade's own."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path, PurePosixPath

from grader.errors import UserError
from grader.reading.handin.archive import stored_name

_MEMBERS = 100_000
_BYTES = 20_000_000_000
_MEMBER_BYTES = 2_000_000_000
_RATIO = 200
_SMALL = 10_000_000
_PIECE = 1 << 20
_NAME_BYTES = 240


def unpacked(archive: Path, staging: Path) -> Path:
    """The folder below `staging` with what `archive` holds; made once for the same bytes.

    Links, devices, absolute names and names with `..` are left out; of a file that is packed to less than a 200th there
    is the name alone, and a name too long for a disk is cut: what one group hands in costs no other its grade. Raises
    `UserError` for a file that is no zip, is damaged or encrypted, or holds more than 20 GB or 100,000 files.
    """
    place = staging / _digest(archive)
    if place.is_dir():
        return place
    staging.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=staging))
    try:
        with zipfile.ZipFile(archive) as opened:
            _extract(opened, draft)
        with suppress(FileExistsError):
            draft.rename(place)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise UserError(f"{archive.name} cannot be unpacked ({str(error)[:200] or type(error).__name__}).") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place


def _extract(opened: zipfile.ZipFile, folder: Path) -> None:
    members = opened.infolist()
    if len(members) > _MEMBERS:
        raise ValueError(f"more than {_MEMBERS:,} files")
    left = _BYTES
    for member in members:
        target = _target(member, folder)
        if target is None:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if member.file_size > max(_SMALL, member.compress_size * _RATIO) or member.file_size > _MEMBER_BYTES:
            target.touch()  # empty, as labgrade will say of it
            continue
        with opened.open(member) as source, target.open("xb") as file:
            size = 0
            while piece := source.read(_PIECE):
                size += len(piece)
                left -= len(piece)
                if size > member.file_size or left < 0:
                    raise ValueError("it holds more than it says, or more than 20 GB")
                file.write(piece)


def _target(member: zipfile.ZipInfo, folder: Path) -> Path | None:
    """Where a member goes; `None` for folders and for what must not be unpacked."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.is_dir() or kind not in (0, stat.S_IFREG):
        return None
    parts = PurePosixPath(stored_name(member)).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or "\0" in member.filename:
        return None
    if "__MACOSX" in parts[:-1] or parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini"):
        return None
    target = folder.joinpath(*(_short(part) for part in parts))
    return None if target.exists() else target


def _short(name: str) -> str:
    """`name` as every disk takes it: its beginning, which names the group, and its ending stay."""
    if len(name.encode()) <= _NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) <= 12 else ""
    return name.encode()[: _NAME_BYTES - len(ending.encode())].decode("utf-8", "ignore") + ending


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
