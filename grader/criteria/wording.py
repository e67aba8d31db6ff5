"""How places, numbers and lists are worded in explanations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from grader.records import Match


def place(match: Match, cell: int) -> str:
    """`cell 16` or `page 3`, counted as a person counts, with the file's name where there are several."""
    cells = match.submission.cells
    if not 0 <= cell < len(cells):
        return "outside any cell"
    found = cells[cell]
    named = len(match.submission.files) > 1
    return f"{found.file} {found.place}" if named else found.place


def places(match: Match, cells: Iterable[int]) -> tuple[str, ...]:
    """The places of distinct `cells`, in order; what lies outside any cell is left out."""
    found = (place(match, cell) for cell in sorted(set(cells)) if 0 <= cell < len(match.submission.cells))
    return tuple(dict.fromkeys(found))


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def counted(number: int, noun: str) -> str:
    """`1 epoch`, `1,875 steps`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def quantity(value: float | None) -> str:
    """A factor or rate in its shortest form, such as `0.1` or `1e-06`."""
    return "none" if value is None else f"{value:.5g}"


def accuracy_text(value: float) -> str:
    """Four decimals, such as `0.9746`; a diverged one by name."""
    return f"{value:.4f}" if math.isfinite(value) else "not a number"


def capitalised(text: str) -> str:
    """`text` with a capital first letter, unless it begins with the name of a file."""
    if "." in text.split(" ", 1)[0][:-1]:
        return text
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    text = capitalised(text.strip())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def clipped(text: str, most: int = 160) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
