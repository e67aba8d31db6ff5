"""The lines of a cell in which a question id may stand: prose, whole-line comments, docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from grader.reading.passages.code import parsed
from grader.reading.passages.comments import comment_rows
from grader.records.submission import Cell

LINE_LIMIT = 600
"""Characters of a line that are looked at."""
_LINES_LIMIT = 5_000
"""Lines of text looked at in one cell."""


@dataclass(frozen=True)
class Line:
    """One line of text."""

    start: int
    """Offset into the cell's source."""
    text: str
    kind: Literal["prose", "comment", "docstring"]
    opens: bool
    """Nothing but blank lines, or a line that ends a sentence, stands before it."""


def text_lines(cell: Cell) -> tuple[Line, ...]:
    """The lines of `cell` that are text, in order."""
    return _lines(cell.kind, cell.source)


@lru_cache(maxsize=512)
def _lines(kind: str, source: str) -> tuple[Line, ...]:
    lines = _prose_lines(source) if kind == "prose" else _code_lines(source)
    return tuple(sorted(islice(lines, _LINES_LIMIT), key=lambda line: line.start))


def _starts(source: str) -> list[tuple[int, str]]:
    position = 0
    found: list[tuple[int, str]] = []
    for line in source.split("\n"):
        found.append((position, line))
        position += len(line) + 1
    return found


def _prose_lines(source: str) -> Iterator[Line]:
    fenced, before = False, ""
    for start, text in _starts(source):
        if text.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            yield Line(start, text[:LINE_LIMIT], "prose", _ends_sentence(before))
        before = text


def _ends_sentence(text: str) -> bool:
    bare = text.rstrip(" *_\t")
    return not bare or bare[-1] in ".?!:>|$" or bare.lstrip().startswith("#")


def _code_lines(source: str) -> Iterator[Line]:
    starts = _starts(source)
    comments = comment_rows(source)
    for row in comments:
        start, text = starts[row]
        yield Line(start, text[:LINE_LIMIT], "comment", True)
    tree = parsed(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for row in range(node.lineno - 1, min(node.end_lineno or node.lineno, len(starts))):
                start, text = starts[row]
                quote = re.match(r"[ \t]*[rRuU]?(?:'''|\"\"\"|'|\")", text) if row == node.lineno - 1 else None
                cut = quote.end() if quote else 0
                yield Line(start + cut, text[cut : cut + LINE_LIMIT], "docstring", True)
