"""Code recovered from a page made Python again: typographic quotes, wrapped lines, marks of wrapping."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings

from grader.reading.passages.code import masked, parsed

_WRAP_MARK = re.compile(r"^\s*(?:↪\s?→?|[,֒‹˓\ufffd]?\s?→)\s?")
"""A hooked arrow; LaTeX draws it as a hook and an arrow: out of a PDF come a comma or nothing, and an arrow."""
_TYPOGRAPHY = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "‚": "'",
        "′": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "″": '"',
        "−": "-",
        "–": "-",
        "\u00ad": "",
        "\u00a0": " ",
        "\u200b": "",
        "\ufeff": "",
        "…": "...",
        "∗": "*",
        "×": "*",
    }
)
_JOINS_LIMIT = 25
_LINES_LIMIT = 1_200


def unwrapped(source: str) -> str:
    """`source` with lines joined again that the page cut and marked with a hooked arrow.

    LaTeX's `fancyvrb`, which nbconvert uses, shows a blank at which it breaks as `␣`; where it never does, the blank
    itself was swallowed.
    """
    kept: list[str] = []
    for line in source.split("\n"):
        if kept and (mark := _WRAP_MARK.match(line)):
            rest = line[mark.end() :].lstrip()
            before = kept[-1].rstrip()
            glue = "" if before.endswith(("␣", ".", "/", "_")) else " "
            kept[-1] = (f"{before[:-1]} " if before.endswith("␣") else before + glue) + rest
        else:
            kept.append(line)
    return "\n".join(kept)


def mended(source: str) -> tuple[str, bool]:
    """`source` as Python as far as it can be made so, and whether it is. What is Python already stays as it is."""
    source = unwrapped(source)
    if parsed(source) is not None:
        return source, True
    source = textwrap.dedent(source.expandtabs(4)).strip("\n")
    if parsed(source) is not None:
        return source, True
    plain = source.translate(_TYPOGRAPHY)
    if parsed(plain) is not None:
        return plain, True
    joined = _joined(plain)
    return (joined, True) if joined is not None else (source, False)


def _joined(source: str) -> str | None:
    """`source` with those lines joined that only make sense together; `None` when it never becomes Python."""
    lines = source.split("\n")
    if len(lines) > _LINES_LIMIT:
        return None
    place = _error_line(lines)
    for _ in range(_JOINS_LIMIT):
        if place is None:
            return "\n".join(lines)
        best: tuple[int, list[str]] | None = None
        for candidate in _candidates(lines, place):
            found = _error_line(candidate)
            if found is None:
                return "\n".join(candidate)
            # One line less: an error in the same words further down is one line nearer to the top.
            if found > place - 1 and (best is None or found > best[0]) and found >= place:
                best = (found, candidate)
        if best is None:
            return None
        place, lines = best
    return None


def _error_line(lines: list[str]) -> int | None:
    """Number of the line, from 0, at which the parser stops; `None` when it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(masked("\n".join(lines)))
    except SyntaxError as error:
        return max(0, (error.lineno or 1) - 1)
    except (ValueError, RecursionError, MemoryError):
        return 0
    return None


def _candidates(lines: list[str], place: int) -> list[list[str]]:
    """`lines` with two neighbours joined: at `place`, before it, or, for a rest that stands as a statement, above it.

    A word is cut only where the page wraps: its rest begins no further to the right.
    """
    found = []
    for first in (place - 1, place, place - 2):
        if 0 <= first < len(lines) - 1 and lines[first].strip():
            head, tail = lines[first].rstrip(), lines[first + 1].strip()
            wrapped = _indent(lines[first + 1]) <= _indent(lines[first])
            glues = (" ", "") if wrapped else (" ",)
            found += [[*lines[:first], head + glue + tail, *lines[first + 2 :]] for glue in glues]
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
