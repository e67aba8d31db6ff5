"""Bulk downloads of learning platforms: unpacked with caps, their names read, one person's files brought together.

A platform says in the name of a file or folder whose it is. Zips are unpacked into folders of labgrade's own, and so is
what one person handed in apart.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from grader.classroom.sheets import read_time, safe_name
from grader.errors import UserError
from grader.submissions.entries import member_name

_MEMBERS, _BYTES, _MEMBER_BYTES = 100_000, 20_000_000_000, 2_000_000_000
"""Files of a download, bytes of all of them and of one: a class with data sets beside its code stays below."""
_RATIO, _SMALL = 200, 10_000_000
"""Bytes for each packed one, beyond which a file is taken for a bomb, and bytes up to which none is: notebooks and
tables unpack to some ten times their size; a small file, such as an array of zeros, may well unpack to more."""
_PIECE = 1 << 20
"""Bytes that are unpacked at once."""
_NAME_BYTES = 240
"""Of a name on disk: file systems take 255, and one that is taken gets a number."""
_CANVAS = re.compile(
    # a group may be called `group_1`; Canvas takes numbers between underscores out of a name, but not at its end
    r"(?P<name>[^/]{1,200}?(?:_\d{1,3}(?=(?:_LATE)?_\d{4,18}_\d{4,18}_))?)"
    r"_(?:(?P<late>LATE)_)?(?P<user>\d{1,18})_(?:(?P<file>\d{1,18})_(?P<rest>.+)|(?P<page>(?:text|link)\.html))"
)
_CANVAS_ANONYMOUS = re.compile(
    r"(?:(?P<late>LATE)_)?anon_(?P<user>[A-Za-z0-9]{5})_(?:(?P<file>\d{1,18})_(?P<rest>.+)|(?P<page>(?:text|link)\.html))"
)
_MOODLE = re.compile(
    r"(?P<name>[^/]{1,300}?)(?:_(?P<participant>\d{1,18}))?_assignsubmission_(?:file|onlinetext)(?:_(?P<rest>.*))?"
)
_BRIGHTSPACE = re.compile(
    r"(?P<user>\d{1,18})-(?P<item>\d{1,18})\s+-\s+(?P<name>.{1,200}?)\s+-\s+"
    r"(?P<date>(?=[^-]{0,56}\b(?:19|20)\d\d\b)[^-]{4,60}?)(?:\s+-\s+(?P<rest>.+))?"
)


def unpack(archive: Path, staging: Path) -> Path:
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
    parts = PurePosixPath(member_name(member)).parts
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


@dataclass(frozen=True)
class Upload:
    """What the name of one file or folder of a bulk download says."""

    source: str
    name: str
    user: str
    """What tells whoever handed it in from all others of the download."""
    number: str = ""
    """The platform's own number of the student (Canvas' user id, Moodle's participant); empty where it gives none."""
    rest: str = ""
    """The file's own name, where it is in there."""
    late: bool = False
    submitted: datetime | None = None


def upload_of(name: str, is_file: bool) -> Upload | None:
    """What `name` says, if it is one that a platform gives to a file or folder; else `None`."""
    return moodle_upload(name) or brightspace_upload(name) or (canvas_upload(name) if is_file else None)


def canvas_upload(name: str) -> Upload | None:
    """`{name}[_LATE]_{userid}_{fileid}_{file}`, as Canvas names files in `submissions.zip`.

    `lib/content_zipper.rb` of https://github.com/instructure/canvas-lms: the name is the sortable name (or a group's)
    in small letters without anything but letters, digits and underscores; text typed online is
    `{name}_{userid}_text.html`, a link `..._link.html`; an anonymous student is `anon_{five signs}`.
    """
    found = _CANVAS_ANONYMOUS.fullmatch(name)
    if found is not None:
        known = f"anon_{found['user']}", found["user"], ""
    else:
        found = _CANVAS.fullmatch(name)
        if found is None:
            return None
        known = found["name"], found["user"], found["user"]
    rest = found["rest"] or found["page"]
    return Upload("canvas", *known, rest=rest, late=found["late"] is not None)


def moodle_upload(name: str) -> Upload | None:
    """`{Full name}_{participantid}_assignsubmission_file[_]`, a folder; or a file with its own name behind.

    `mod/assign/classes/downloader.php` (before 4.1 `locallib.php`) of https://github.com/moodle/moodle. Where groups
    hand in, versions before 4.1 write `{Group}-{Full name}_{participantid}`, newer ones `{Group}_{groupid}` or, for
    those without a group, `{Default group}` alone: the number may thus be a group's.
    """
    found = _MOODLE.fullmatch(name)
    if found is None:
        return None
    number = found["participant"] or ""
    return Upload("moodle", found["name"], number or found["name"], number, found["rest"] or "")


def brightspace_upload(name: str) -> Upload | None:
    """`{id}-{id} - {Name} - {date}`, a folder; or a file with its own name behind.

    The form that Brightspace documents under "Download all submissions"; its date has no colon: `Mar 1, 2026 1159 PM`.
    Neither number is the `OrgDefinedId` of the grade book, and both may be the same for a whole class.
    """
    found = _BRIGHTSPACE.fullmatch(name)
    if found is None:
        return None
    user, submitted = f"{found['user']}-{found['item']}", read_time(found["date"])
    return Upload("brightspace", found["name"], user, rest=found["rest"] or "", submitted=submitted)


def group_files(parts: Sequence[tuple[Path, str]], staging: Path) -> Path:
    """A folder below `staging` with a copy of each part: a file under the given name, a folder's content as it is.

    The same content gives the same folder, made once.
    """
    files = [item for part in parts for item in _files(*part)]
    digest = hashlib.sha256()
    for path, name in files:
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    place = staging / f"group-{digest.hexdigest()[:16]}"
    if place.is_dir():
        return place
    staging.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=staging))
    try:
        for path, name in files:
            target = _free(draft / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        with suppress(FileExistsError):
            draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place


def _files(path: Path, name: str) -> list[tuple[Path, str]]:
    if path.is_file():
        return [(path, safe_name(name or path.name))]
    found = sorted(item for item in path.rglob("*") if item.is_file() and not item.is_symlink())
    return [(item, item.relative_to(path).as_posix()) for item in found]


def _free(target: Path) -> Path:
    """`target`, or the same with a number where that name is taken (Canvas keeps several uploads of one name)."""
    number = 2
    place = target
    while place.exists():
        place = target.with_name(f"{target.stem} ({number}){target.suffix}")
        number += 1
    return place
