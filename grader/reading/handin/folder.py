"""A folder searched for what a group handed in."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from grader.reading.handin.entries import Entry, file_entry
from grader.reading.handin.kinds import kind_of

_DEPTH_LIMIT = 8
_ENTRIES_LIMIT = 20_000
_IGNORED = {"__macosx", "__pycache__", "venv", "env", "virtualenv", "node_modules", "site-packages", "build", "dist"}
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
    """Sorts `part2` before `part10`."""
    return [(0, int(part[:18]), part) if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(name.casefold())]


def candidates(folder: Path) -> Candidates:
    """The files below `folder`, hidden ones, environments and links that leave it left out."""
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
    return sorted_out(found, notes)


def sorted_out(found: list[Entry], notes: tuple[str, ...] = ()) -> Candidates:
    """`found` in natural order, readable files apart from others."""
    found.sort(key=lambda entry: natural_key(entry.name))
    files = tuple(entry for entry in found if kind_of(entry.name) is not None)
    return Candidates(files, tuple(entry for entry in found if kind_of(entry.name) is None), notes)


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
