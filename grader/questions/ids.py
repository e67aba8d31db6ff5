"""Question ids as students write them, the lines in which they may stand, and which of the rubric's they mean."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from grader.code.syntax import comment_rows, parse_code
from grader.facts.languages import POINT_WORDS, QUESTION_WORDS, TASK_WORDS, alternatives
from grader.records import Cell, Rubric

# Ids

_DOTTED = re.compile(r"\d{1,2}(?:\.\d{1,2}){0,3}")
_DASHED = re.compile(r"\d{1,2}(?:[-_]\d{1,2}){1,3}")
_ENDS_ID = re.compile(r"\s?[):]")
_LETTER = re.compile(r"\.?\s?\(([a-h])\)|\.?([a-h])(?![^\W_]|[-+]\d)|\s([a-h])\)", re.IGNORECASE)
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_JOIN = re.compile(
    r"\s*(?:,\s*(?:and|och|und)?|&|\+|/|and\b|och\b|samt\b|und\b|y\b|et\b)\s*[*_]{0,2}\s*", re.IGNORECASE
)
_RANGE = re.compile(r"\s*(?:-{1,2}|–|—|to\b|till\b|bis\b|hasta\b|à)\s*[*_]{0,2}\s*", re.IGNORECASE)
_WORD_AGAIN = re.compile(rf"(?:{alternatives(QUESTION_WORDS, TASK_WORDS)})[\s.:#]{{0,3}}(?=\d)", re.IGNORECASE)
_COUNTED = re.compile(rf"\s*(?:{alternatives(POINT_WORDS)}|p)\b", re.IGNORECASE)

Parts = tuple[str, ...]
"""An id in its parts, as `id_parts` gives them."""


@dataclass(frozen=True)
class WrittenIds:
    """Ids found at one place."""

    ids: tuple[str, ...]
    """Written ids of the rubric; empty for a group."""
    group: Parts
    """The chapter, such as `("2",)` or `("2", "1")`, of which the rubric has questions but no question itself."""
    end: int
    """Offset behind them."""
    parts: Parts
    """The first id as it stands there."""


def id_parts(written: str) -> Parts:
    """The parts of a written id: `("2", "1", "a")` of `"2.1a"`."""
    return tuple(part.casefold() for part in _PARTS.findall(written))


def _numbered(parts: Parts) -> Parts:
    """Letters as the numbers for which they stand: `2a` is `2.1`."""
    return tuple(str(ord(part) - 96) if len(part) == 1 and "a" <= part <= "h" else part for part in parts)


class KnownIds:
    """The written ids of a rubric, and their chapters."""

    def __init__(self, rubric: Rubric) -> None:
        self.written = tuple(dict.fromkeys(question.written_id for question in rubric.questions))
        self._by_parts = {id_parts(written): written for written in reversed(self.written)}
        self._numbered = {_numbered(parts): written for parts, written in self._by_parts.items()}
        self._sections = {question.id.casefold(): question.written_id for question in rubric.questions}
        self._verbatim = sorted((name for name in self._sections if not _DOTTED.fullmatch(name)), key=lambda n: -len(n))
        self.groups = {
            parts[:length] for parts in self._by_parts for length in range(1, len(parts))
        } - self._by_parts.keys()

    def resolved(self, parts: Parts) -> str | None:
        """The written id that `parts` name, letters also for numbers."""
        return self._by_parts.get(parts) or self._numbered.get(_numbered(parts))

    def group_of(self, parts: Parts) -> Parts:
        """The chapter that `parts` name, letters also for numbers; empty where there is none."""
        return next((form for form in (parts, _numbered(parts)) if form in self.groups), ())

    def children(self, group: Parts) -> tuple[str, ...]:
        """The written ids below `group`, in the rubric's order."""
        return tuple(written for written in self.written if id_parts(written)[: len(group)] == group)

    def found_at(self, text: str, position: int, named: bool) -> WrittenIds | None:
        """The id, or the list or range of ids, that stands at `position`; `named`: a word like `Question` precedes."""
        first = self._one(text, position, named)
        if first is None or not first.ids:
            return first
        ids, end = list(first.ids), first.end
        while len(ids) < 40:
            join, span = _JOIN.match(text, end), _RANGE.match(text, end)
            gap = span or join
            again = _WORD_AGAIN.match(text, gap.end()) if gap and named else None
            following = self._one(text, (again or gap).end(), named) if gap else None
            if gap is None or following is None or not following.ids or len(following.parts) != len(first.parts):
                break
            if len(first.parts) == 1 and (not named or _COUNTED.match(text, following.end)):
                break
            ids += self._between(ids[-1], following.ids[0]) if span else following.ids
            end = following.end
        return WrittenIds(tuple(dict.fromkeys(ids)), (), end, first.parts)

    def _one(self, text: str, position: int, named: bool) -> WrittenIds | None:
        lowered = text[position : position + 60].casefold()
        for name in self._verbatim:
            if lowered.startswith(name) and not lowered[len(name) : len(name) + 1].isalnum():
                return WrittenIds((self._sections[name],), (), position + len(name), id_parts(name))
        dashed = _DASHED.match(text, position)
        if dashed and (named or _ENDS_ID.match(text, dashed.end())) and self.resolved(id_parts(dashed[0])):
            return self._known(id_parts(dashed[0]), dashed.end(), named)
        dotted = _DOTTED.match(text, position)
        if dotted is None:
            return None
        parts, end = tuple(dotted[0].split(".")), dotted.end()
        letter = _LETTER.match(text, end)
        if letter:
            lettered = (*parts, (letter[1] or letter[2] or letter[3]).casefold())
            if self.resolved(lettered) or self.group_of(lettered) or (len(parts) > 1 and self.resolved(parts)):
                return self._known(lettered, letter.end(), named)
        return self._known(parts, end, named)

    def _known(self, parts: Parts, end: int, named: bool) -> WrittenIds | None:
        if written := self.resolved(parts):
            return WrittenIds((written,), (), end, parts)
        if group := self.group_of(parts):
            return WrittenIds((), group, end, parts)
        # A group's own numbering below a question (2.3.1 under 2.3) still tells the question.
        for length in range(len(parts) - 1, 1 if not named else 0, -1):
            if (written := self.resolved(parts[:length])) and length > 1:
                return WrittenIds((written,), (), end, parts)
        return None

    def _between(self, first: str, last: str) -> tuple[str, ...]:
        start, end = self.written.index(first), self.written.index(last)
        return self.written[start + 1 : end + 1]


# Lines

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
    """The lines of `cell` in which an id may stand, in order: prose, comments on lines of their own, docstrings."""
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
    tree = parse_code(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for row in range(node.lineno - 1, min(node.end_lineno or node.lineno, len(starts))):
                start, text = starts[row]
                quote = re.match(r"[ \t]*[rRuU]?(?:'''|\"\"\"|'|\")", text) if row == node.lineno - 1 else None
                cut = quote.end() if quote else 0
                yield Line(start + cut, text[cut : cut + LINE_LIMIT], "docstring", True)
