"""What one file of a hand-in holds, and its bytes as text.

Whatever bytes a group hands in become text: other encodings than UTF-8, byte order marks, NUL bytes, broken surrogates.
"""

from __future__ import annotations

import codecs
import re

from grader.records import Cell, Record

CELLS_LIMIT = 2_000
"""Cells read of one file."""
SOURCE_LIMIT = 400_000
"""Characters of one cell's source."""
FILE_LIMIT = 120_000_000
"""Bytes of one file; notebooks with many stored pictures reach tens of megabytes."""


class Contents(Record):
    """The cells of one file, and what was repaired while reading it."""

    cells: tuple[Cell, ...]
    """`index` counts within the file, from 0."""
    in_cells: bool = True
    """Its code stood in cells or in a file of its own; False for the listings of a report."""
    notes: tuple[str, ...] = ()
    """One sentence each."""


# Bytes as text

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode_text(data: bytes) -> tuple[str, list[str]]:
    """The text of `data`, with one sentence for each repair. Never fails: Latin-1 reads anything."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            notes = [] if encoding == "utf-8" else [f"was stored as {encoding.upper()}"]
            return _without_nul(text, notes)
    if data[:400].count(0) * 3 > len(data[:400]):
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        return _without_nul(data.decode(encoding, "replace"), [f"was stored as {encoding.upper()}"])
    try:
        return _without_nul(data.decode("utf-8"), [])
    except UnicodeDecodeError:
        pass
    try:
        text, encoding = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, encoding = data.decode("latin-1"), "Latin-1"
    return _without_nul(text, [f"is not UTF-8 and was read as {encoding}"])


def _without_nul(text: str, notes: list[str]) -> tuple[str, list[str]]:
    if "\0" in text:
        text, notes = text.replace("\0", ""), [*notes, "held NUL bytes, which were left out"]
    return clean(text), notes


def clean(text: str) -> str:
    """`text` as valid Unicode with plain line ends: surrogate pairs joined, lone ones and NULs replaced or dropped."""
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "").replace("\r\n", "\n")
