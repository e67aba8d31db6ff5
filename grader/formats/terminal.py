"""Text as a terminal would show it: colours gone, carriage returns and backspaces of progress bars played out.

Escape sequences follow ECMA-48: `ESC [ parameters intermediates final` and `ESC ] ... BEL` for titles.
"""

from __future__ import annotations

import re

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
