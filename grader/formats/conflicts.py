"""Files that git merged in vain: both sides of each conflict, and what one has beyond the other.

Markers: https://git-scm.com/docs/git-merge#_how_conflicts_are_presented. A conflict is a line that begins with seven
`<`, one of seven `=` below it and one that begins with seven `>`; in the style `diff3` the common ancestor stands in
between, below seven `|`. One such line alone is an underlined title or a quotation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

_OURS, _BASE, _MIDDLE, _THEIRS = (re.compile(rf"{re.escape(sign) * 7}(?: .*)?$") for sign in "<|=>")
_MOST_COMPARED = 2_000
"""Pieces of one side that are laid beside the other: the work grows with the square of it."""
T = TypeVar("T")


def conflict_sides(text: str) -> tuple[str, str] | None:
    """`text` as each side of its conflicts has it; `None` where it holds no whole conflict."""
    ours: list[str] = []
    theirs: list[str] = []
    lines = text.split("\n")
    position, found = 0, False
    while position < len(lines):
        parts = _conflict(lines, position)
        if parts is None:
            ours.append(lines[position])
            theirs.append(lines[position])
            position += 1
            continue
        found = True
        first, second, position = parts
        ours += first
        theirs += second
    return ("\n".join(ours), "\n".join(theirs)) if found else None


def _conflict(lines: Sequence[str], start: int) -> tuple[list[str], list[str], int] | None:
    """Both sides of the conflict that begins at `start`, and the line behind it."""
    if not _OURS.match(lines[start].rstrip("\r")):
        return None
    sides: tuple[list[str], list[str], list[str]] = ([], [], [])
    at = 0
    for place in range(start + 1, len(lines)):
        line = lines[place].rstrip("\r")
        if _OURS.match(line):
            return None
        if at == 0 and _BASE.match(line):
            at = 1
        elif at < 2 and _MIDDLE.match(line):
            at = 2
        elif at == 2 and _THEIRS.match(line):
            return sides[0], sides[2], place + 1
        else:
            sides[at].append(lines[place])
    return None


def beyond(chosen: Sequence[T], other: Sequence[T], key: Callable[[T], str]) -> list[tuple[int, T]]:
    """What `other` has and `chosen` has not, each with the place in `chosen` before which it belongs."""
    if max(len(chosen), len(other)) > _MOST_COMPARED:
        return []
    ours, theirs = [key(one) for one in chosen], [key(one) for one in other]
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    found = []
    for what, _, end, first, last in matcher.get_opcodes():
        if what in ("replace", "insert"):
            found += [(end, piece) for piece in other[first:last] if key(piece) not in ours]
    return found
