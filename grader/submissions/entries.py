"""Files of a hand-in, wherever they lie, and a folder searched for them.

An `Entry` is a file of a folder or of an archive: its name, its size, and its bytes when they are asked for.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from grader.errors import UserError
from grader.formats.text import FILE_LIMIT
from grader.submissions.kinds import is_read

# Files


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


# A folder searched

_DEPTH_LIMIT = 8
"""Folders within each other, below the hand-in's own, that are searched."""
_ENTRIES_LIMIT = 20_000
"""Files of a folder that are looked at."""
_IGNORED = {"__macosx", "__pycache__", "venv", "env", "virtualenv", "node_modules", "site-packages", "build", "dist"}
"""Folders that systems, environments and builds make."""
_DIGITS = re.compile(r"(\d+)")
_SETTINGS = "labgrade.yaml"


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
