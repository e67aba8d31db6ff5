"""What a student wrote, made safe to set in type: no control characters, no runaway accents, a cap on length."""

from __future__ import annotations

import re
import unicodedata

_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_JOINERS = frozenset("\u200c\u200d")
_VARIATION = frozenset("\ufe0e\ufe0f")
_MOST_ACCENTS = 4
_SPACES = re.compile(r"\s+")


def plain(text: str, limit: int | None = None) -> str:
    """`text` with line breaks and tabs kept, and everything else that is not printed taken out.

    Direction overrides and invisible characters go (they let a name look like another); joiners stay, as Persian,
    Hindi and emoji need them. More than four accents on one letter are dropped. At most `limit` characters.
    """
    if limit is not None:
        text = text[: 4 * limit]
    text = _TERMINAL_COLOURS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = unicodedata.normalize("NFC", "".join(_printed(text)))
    return text if limit is None else shortened(text, limit)


def _printed(text: str) -> list[str]:
    kept: list[str] = []
    accents = 0
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "M" and character not in _VARIATION:
            accents += 1
            if accents <= _MOST_ACCENTS:
                kept.append(character)
            continue
        if character in "\u2028\u2029\x85\x0b\x0c":
            character = "\n"
        elif character in _JOINERS or character in _VARIATION:
            if not kept or kept[-1] in _JOINERS or kept[-1] in _VARIATION:
                continue
        elif category in ("Cc", "Cf", "Cs", "Cn") and character not in "\n\t":
            continue
        else:
            accents = 0
        kept.append(character)
    return kept


def line(text: str, limit: int = 200) -> str:
    """`text` as one line of at most `limit` characters."""
    return shortened(_SPACES.sub(" ", plain(text, 4 * limit)).strip(), limit)


def shortened(text: str, limit: int) -> str:
    """The first `limit` characters of `text`, with an ellipsis when something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
