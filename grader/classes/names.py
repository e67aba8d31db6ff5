"""Names that are safe for folders, and no two alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_OWN = {"gradebook.csv", "class.pdf", "class.html", "review.csv", "export"}
"""What labgrade itself writes beside the reports."""
_LONGEST = 80


def safe_name(text: str) -> str:
    """`text` as the name of one folder on any system: no separators, no control signs, no leading dot, not too long."""
    kept = "".join(
        " " if sign.isspace() else "-" if sign in '/\\:*?"<>|' else sign
        for sign in unicodedata.normalize("NFC", text)
        if sign.isspace() or unicodedata.category(sign)[0] != "C"
    )
    name = " ".join(kept.split()).strip(". ")[:_LONGEST]
    while len(name.encode()) > 2 * _LONGEST:
        name = name[:-1]
    name = name.strip(". ")
    if not name or name.startswith("~$"):
        return f"submission {name}".strip()
    reserved = name.casefold().split(".")[0] in _RESERVED or name.casefold() in _OWN
    return f"{name}-" if reserved else name


def unique_names(texts: Iterable[str]) -> list[str]:
    """A safe name for each text, no two alike even where case does not count."""
    names: list[str] = []
    taken: set[str] = set()
    for text in texts:
        name = base = safe_name(text)
        number = 2
        while name.casefold() in taken:
            name, number = f"{base} ({number})", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
