"""Bytes as text, and printed text as a terminal would show it.

Whatever bytes a group hands in become text: other encodings than UTF-8, byte order marks, NUL bytes, broken surrogates.
Of what was printed, colours are gone, and carriage returns and backspaces of progress bars are played out. Escape
sequences follow ECMA-48: `ESC [ parameters intermediates final` and `ESC ] ... BEL` for titles.
"""

from __future__ import annotations

import codecs
import re

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


_ESCAPE = re.compile(r"\x1b\[[0-?]*+[ -/]*+[@-~]|\x1b\][^\x07\x1b\n]*+(?:\x07|\x1b\\)?|\x1b[@-_]?")
"""Possessive quantifiers: an unfinished sequence must not be tried again from every position."""
_ERASE = re.compile(r"\x1b\[([012]?)K")
_CONTROL = re.compile(r"([\r\b\ue000-\ue002])")
_ERASE_TO_END, _ERASE_TO_START, _ERASE_LINE = "\ue000", "\ue001", "\ue002"
"""Single characters that stand for the sequences which erase, until a line is played out."""


def screen_text(text: str) -> str:
    """What stands on the screen after `text` was printed. Applying it again changes nothing."""
    if "\x1b" in text:
        text = _ERASE.sub(lambda match: "\ue000\ue001\ue002"[int(match[1] or 0)], text)
        text = _ESCAPE.sub("", text)
    if not _CONTROL.search(text):
        return text
    return "\n".join(_screen_line(line) for line in text.replace("\r\n", "\n").split("\n"))


def _screen_line(line: str) -> str:
    if not _CONTROL.search(line):
        return line
    shown: list[str] = []
    cursor = 0
    for piece in _CONTROL.split(line):
        if piece == "\r":
            cursor = 0
        elif piece == "\b":
            cursor = max(0, cursor - 1)
        elif piece == _ERASE_TO_END:
            del shown[cursor:]
        elif piece == _ERASE_LINE:
            shown = []
        elif piece == _ERASE_TO_START:
            shown[:cursor] = " " * min(cursor, len(shown))
        elif piece:
            if cursor > len(shown):
                shown.extend(" " * (cursor - len(shown)))
            shown[cursor : cursor + len(piece)] = piece
            cursor += len(piece)
    return "".join(shown).rstrip()


def shorten(text: str, limit: int) -> str:
    """`text`, or its beginning and end with a line between them that says how much was left out."""
    if len(text) <= limit:
        return text
    head, tail = text[: limit * 2 // 3], text[-(limit // 3) :]
    return f"{head}\n[... {len(text) - len(head) - len(tail)} characters left out ...]\n{tail}"
