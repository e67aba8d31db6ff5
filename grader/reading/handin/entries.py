"""Files of a hand-in, wherever they lie: their names, sizes and bytes."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from grader.errors import UserError
from grader.reading.formats.contents import FILE_LIMIT


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
    """File names come from the group too: undecodable bytes and control characters must not travel on."""
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
    """The message on a file that is larger than is read."""
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
