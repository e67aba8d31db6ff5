"""The concepts of a rubric in a text, with the very words that name them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_MOST = 200
"""Finds of one concept that are kept: more than a report marks, and a bound on a text of one word repeated."""


@lru_cache(maxsize=512)
def folded(text: str) -> tuple[str, tuple[int, ...]]:
    """Lower case without accents, every run of other signs as one blank; and where each sign of it came from."""
    signs: list[str] = [" "]
    places: list[int] = [0]
    for word in _WORD.finditer(text):
        if word.group().isascii():
            signs.append(word.group().lower())
            places += range(word.start(), word.end())
        else:
            for offset, sign in enumerate(word.group(), start=word.start()):
                letters = [s for s in unicodedata.normalize("NFKD", sign.casefold()) if not unicodedata.combining(s)]
                signs += letters
                places += [offset] * len(letters)
        signs.append(" ")
        places.append(word.end())
    return "".join(signs), tuple(places)


def mentions(text: str, phrases: tuple[str, ...]) -> list[str]:
    """The words of `text` that name one of `phrases`, as they are written there; the start of a word is enough."""
    plain, places = folded(text)
    found: list[str] = []
    for phrase in phrases:
        # The start of a word is enough: `probabilit` finds both its singular and its plural.
        wanted = folded(phrase)[0].rstrip()
        if not wanted.strip():
            if phrase.strip() and phrase.strip() in text:
                found.append(phrase.strip())
            continue
        position = plain.find(wanted)
        while position >= 0 and len(found) < _MOST:
            end = plain.find(" ", position + len(wanted))
            found.append(text[places[position + 1] : places[end] if end > 0 else len(text)])
            position = plain.find(wanted, position + 1)
    return list(dict.fromkeys(part for part in found if part))
