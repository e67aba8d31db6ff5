"""The group's own data files, which its code finds again at the places where they lay."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Sequence

from grader.errors import UserError
from grader.reading.handin.entries import Entry
from grader.records.submission import Cell, DataFile

_MOST_FILES = 400
_MOST_BYTES = 200_000_000
_DOCUMENTS = (".pdf", ".doc", ".docx", ".ppt", ".pptx", ".odt", ".zip", ".mp4", ".mov", ".avi", ".exe", ".dmg", ".iso")
"""Endings of files that no lab's code opens."""
_MODULES = ".py"


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
        if entry.name.lower().endswith(_DOCUMENTS):
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
    """Those of `entries` that lie beside a single file and whose path its code writes out: the others may be those of
    another group."""
    code = "\n".join(cell.source for cell in cells if cell.kind == "code")
    return [entry for entry in entries if entry.name in code and not entry.name.endswith(_MODULES)]


def _places(name: str, folders: Sequence[str]) -> list[str]:
    """Where a file lies, seen from the hand-in and from each of `folders` that holds it."""
    seen = [name] + [posixpath.relpath(name, folder) for folder in folders if folder and name.startswith(f"{folder}/")]
    return [place for place in seen if _is_inside(place)]


def _is_inside(place: str) -> bool:
    parts = place.split("/")
    return (
        len(parts) <= 16
        and not place.startswith("/")
        and all(part not in ("", ".", "..") and len(part.encode()) <= 200 and "\0" not in part for part in parts)
    )
