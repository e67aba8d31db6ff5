"""What a reader is, what it makes of a file, and which readers there are.

A reader makes cells of one type of file, and says which files these are. A module of this folder declares one as
`READER`; a package brings one by the entry point `labgrade.formats`. What all of them keep to stands here too: how much
of a file is read, and which pictures are.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import grader.formats
from grader.errors import UserError
from grader.extensions import built_in_extensions, installed_extensions
from grader.records import Cell, Record, SavedImage

CELLS_LIMIT = 2_000
"""Cells read of one file."""
SOURCE_LIMIT = 400_000
"""Characters of one cell's source."""
OUTPUTS_LIMIT = 200
"""Outputs kept of one cell."""
TEXT_LIMIT = 400_000
"""Characters kept of one output."""
IMAGE_LIMIT = 12_000_000
"""Characters of one stored picture."""
FILE_LIMIT = 120_000_000
"""Bytes of one file; notebooks with many stored pictures reach tens of megabytes."""

_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_BLANKS = re.compile(r"\s+")

Fetch = Callable[[str], bytes | None]
"""The bytes of a picture by the name under which a document refers to it; `None` where there is none."""
Form = Literal["notebook", "script", "document"]
"""What stands in a file: `notebook`, cells of code with what they printed; `script`, a program that other code may
import; `document`, text that shows code, of which parts may be missing or damaged."""


def _nothing(name: str) -> bytes | None:
    return None


class Contents(Record):
    """The cells of one file, and what was repaired while reading it."""

    cells: tuple[Cell, ...]
    """`index` counts within the file, from 0."""
    in_cells: bool = True
    """Its code stood in cells or in a file of its own; False for the listings of a report."""
    notes: tuple[str, ...] = ()
    """One sentence each."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it was handed in."""

    name: str
    """Relative to the hand-in, with `/`, printable: the file's name in cells and messages."""
    data: bytes
    """All of it, at most `FILE_LIMIT` bytes."""
    fetch: Fetch = field(default=_nothing, repr=False)
    """The pictures that lie beside it; only for readers that ask for `pictures_beside`."""


@dataclass(frozen=True)
class Reader:
    """How one type of file is read."""

    name: str
    """One word, such as `notebook`: for logs and tests."""
    title: str
    """What messages call such a file, with its article: `a Word document`."""
    suffixes: tuple[str, ...]
    """Endings of file names, in lower case and with their dots, the usual one first; no two readers share one."""
    form: Form
    """What stands in such a file."""
    rank: int
    """Of two files that say the same, the one with the lower rank is read: a notebook (0) before a script (10), both
    before Markdown (20), Word (30), a web page (40), a PDF (50). The more of the structure a type keeps, the lower."""
    read: Callable[[SourceFile], Contents] = field(repr=False)
    """Its cells. Raises `UserError`, one line that says what to hand in instead, when nothing in it can be read."""
    pictures_beside: bool = False
    """Whether it shows pictures that lie beside it, and so needs `SourceFile.fetch`."""
    begins: bytes = b""
    """How such a file begins, blanks aside, whatever it is called; empty where its beginning tells nothing."""


GROUP = "labgrade.formats"
"""The entry point of a package that brings a reader."""


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader, those in this folder and those of installed packages, by rank.

    Raises `UserError` when two of them claim the same ending."""
    found = [*built_in_extensions(grader.formats, "READER", Reader), *installed_extensions(GROUP, Reader)]
    owners: dict[str, Reader] = {}
    for reader in found:
        for suffix in reader.suffixes:
            other = owners.setdefault(suffix, reader)
            if other is not reader:
                raise UserError(f"Two readers claim {suffix}: {other.name} and {reader.name}. Remove one's package.")
    return tuple(sorted(found, key=lambda reader: (reader.rank, reader.name)))


def reader_of(name: str) -> Reader | None:
    """The reader for the file called `name`: the one with the longest ending that fits; `None` for what is not read."""
    fitting = [
        (len(suffix), reader) for reader in readers() for suffix in reader.suffixes if name.lower().endswith(suffix)
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def reader_by_beginning(data: bytes) -> Reader | None:
    """The reader for a file of another name that begins as one of its type does."""
    start = data[:65_536].lstrip()
    return next((reader for reader in readers() if reader.begins and start.startswith(reader.begins)), None)


def suffixes(*forms: str) -> str:
    """The usual endings of what is read in these forms, as a list in a sentence."""
    return ", ".join(reader.suffixes[0] for reader in readers() if reader.form in forms)


def document_image(target: str, fetch: Fetch) -> SavedImage | None:
    """The picture that a document names or holds itself as a `data:` address; `None` when it cannot be had."""
    if target.startswith("data:"):
        head, _, packed = target.partition(",")
        if "base64" not in head or len(packed) > IMAGE_LIMIT:
            return None
        try:
            return image_of(base64.b64decode(packed))
        except (binascii.Error, ValueError):
            return None
    found = fetch(target)
    return image_of(found) if found is not None else None


def image_of(data: bytes) -> SavedImage | None:
    """The picture in `data`, by its first bytes; `None` when it is no PNG or JPEG, or too large."""
    for media_type, signature in _SIGNATURES.items():
        if data.startswith(signature) and 4 * len(data) // 3 < IMAGE_LIMIT:
            return saved_image(media_type, base64.b64encode(data).decode())
    return None


def saved_image(media_type: str, text: str) -> SavedImage | None:
    """A stored picture whose bytes begin as its type demands; `None` when damaged, too large or of another type."""
    if not text or len(text) > IMAGE_LIMIT:
        return None
    if media_type == "image/svg+xml":
        return SavedImage(media_type="image/svg+xml", data=text) if "<svg" in text[:20_000] else None
    if media_type not in _SIGNATURES:
        return None
    packed = _BLANKS.sub("", text)
    try:
        data = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data.startswith(_SIGNATURES[media_type]):
        return None
    return SavedImage(media_type="image/png" if media_type == "image/png" else "image/jpeg", data=packed)
