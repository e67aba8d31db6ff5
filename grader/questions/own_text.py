"""A submission's text with its question ids known: what is marker, what is copied, what are the group's own words."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from grader.code.syntax import comment_text, is_code, parse_code, trailing_comments
from grader.facts.languages import POINT_WORDS, alternatives
from grader.questions.cues import RubricTexts, Unit, is_pointer, own_lines, sentences, tokens
from grader.questions.ids import KnownIds, Line, text_lines
from grader.questions.markers import Marker, Piece, find_markers
from grader.records import Cell, Rubric

_PARAGRAPH = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_DOCSTRING_PARAGRAPHS = 3
"""Paragraphs from which a docstring is a text whose parts may answer several questions."""
_ANSWER_WORDS = 15
"""Words from which a comment block without an id is taken for an answer, not for a remark on the code."""
_MARKED_WORDS = 4
"""Words from which one with an id is; with a number among them, one word is enough."""
_HEADING = re.compile(r"\s{0,3}#{1,6}[^#]|\s*<h[1-6]", re.IGNORECASE)
_BEHIND_ID = re.compile(
    rf"(?:[ \t,:;-]*\d{{1,3}}(?:[.,]\d)?\s?(?:{alternatives(POINT_WORDS)})\b[ \t]*(?=[)\]]))?"
    r"[ \t.,;:)\]*_#]*(?:[-–]+(?=[ \t])[ \t*_#]*)?",
    re.IGNORECASE,
)
"""What stands between an id and its text, its points in brackets too; a minus that belongs to a formula stays."""
_PICTURE = re.compile(r"!\[[^\]\n]{0,500}+\]\([^)!\n]{0,4000}+\)")
_BREAK = re.compile(r"[ \t]*<br\s*/?>[ \t]*", re.IGNORECASE)
"""A line break of HTML, which is no word of anyone's."""
_LABELLED = re.compile(
    r"\b(?:answers?|svar|antwort|respuesta|réponse)\b\W*$|\b(?:answers?|svar|antwort)\s*:", re.IGNORECASE
)


@dataclass(frozen=True)
class TextLine:
    """A line of text without its question id."""

    start: int
    """Offset of the whole line into the cell's source."""
    end: int
    text: str
    marked: bool
    """It had an id."""
    plain: bool = True
    """It is text as a whole, not a comment beside code."""


class MarkedText:
    """The cells of a submission, read with one rubric."""

    def __init__(self, cells: tuple[Cell, ...], rubric: Rubric) -> None:
        self.cells = cells
        self.known = KnownIds(rubric)
        self.asked = RubricTexts(rubric)
        self.marks = find_markers(cells, self.known)
        self._labels = {(mark.cell, mark.start): mark.end for mark in self.marks if isinstance(mark, Marker)}
        self._lines = [text_lines(cell) for cell in cells]
        self._words: dict[tuple[Piece, bool], str] = {}

    def lines(self, piece: Piece) -> list[TextLine]:
        """The lines of text in `piece` without their ids; in code, comments on lines of their own and docstrings."""
        cell = self.cells[piece.cell]
        found = []
        lines = self._lines[piece.cell]
        first = bisect_left(lines, piece.start, key=lambda line: line.start)
        for line in lines[first:]:
            if line.start >= piece.end:
                break
            label = self._labels.get((piece.cell, line.start))
            end = cell.source.find("\n", line.start)
            end = min(piece.end, len(cell.source) if end < 0 else end)
            found.append(
                TextLine(
                    line.start,
                    end,
                    _bare(cell.source[label or line.start : end], line, label),
                    label is not None,
                    line.kind != "comment",
                )
            )
        if cell.kind == "prose" and ("```" in cell.source or "~~~" in cell.source):
            found += _fenced(cell.source, piece, {line.start for line in lines})
        return sorted(found, key=lambda line: line.start)

    def own_words(self, piece: Piece, all_comments: bool = False) -> str:
        """The group's own words in `piece`: no ids, no copied questions, no labels.

        Of code only docstrings and those comments that are long enough to be answers, or with `all_comments` each
        that is no code.
        """
        key = piece, all_comments
        if key not in self._words:
            is_code = self.cells[piece.cell].kind == "code"
            self._words[key] = self._own_comments(piece, all_comments) if is_code else self._own_prose(piece)
        return self._words[key]

    def _own_prose(self, piece: Piece) -> str:
        lines = (
            (part, line.marked and place == 0)
            for line in self.lines(piece)
            for place, part in enumerate(_BREAK.split(_PICTURE.sub("", line.text)))
        )
        kept = own_lines(lines, self.asked)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept)).strip()

    def _own_comments(self, piece: Piece, all_comments: bool) -> str:
        source = self.cells[piece.cell].source
        lines = self.lines(piece)
        if all_comments:
            behind = [TextLine(place, place, text, False, False) for place, text in trailing_comments(source)]
            inside = [line for line in behind if piece.start <= line.start < piece.end]
            lines = sorted([*lines, *inside], key=lambda line: line.start)
        bare = not has_statements(source[piece.start : piece.end])
        kept = []
        # Beside an id, and in a docstring, `64, 64 and 10` is an answer, not code that was commented out.
        for text, marked, plain in _blocks(
            [line for line in lines if line.plain or line.marked or not is_code(line.text)]
        ):
            own = " ".join(part for part in own_lines([(text, marked)], self.asked) if part)
            if marked and (plain or any(word[0].isdigit() for word in tokens(own))):
                least = 1
            else:
                least = 3 if all_comments or bare else _MARKED_WORDS if marked else _ANSWER_WORDS
            if len(tokens(own)) >= least:
                kept.append(own)
        return "\n\n".join(kept)

    def has_content(self, piece: Piece) -> bool:
        """Whether it holds code, or own words that do more than point elsewhere."""
        cell = self.cells[piece.cell]
        if cell.kind == "code" and has_statements(cell.source[piece.start : piece.end]):
            return True
        if cell.kind == "prose" and (cell.outputs or "![" in cell.source[piece.start : piece.end]):
            return True
        words = [part for part in sentences(self.own_words(piece)) if not _HEADING.match(part)]
        return any(not is_pointer(part) and tokens(part) for part in words)

    def has_remarks_alone(self, piece: Piece) -> bool:
        """Whether it is code whose words are comments without an id, and no docstring."""
        if self.cells[piece.cell].kind != "code":
            return False
        return all(not line.plain and not line.marked for line in self.lines(piece))

    def is_left_empty(self, piece: Piece) -> bool:
        """Whether an answer is announced there, with nothing behind it."""
        lines = [line.text for line in self.lines(piece) if line.text.strip()]
        return any(_LABELLED.search(text) for text in lines[-2:])

    def units(self, piece: Piece) -> list[Unit]:
        """The paragraphs of a piece of prose; a piece of code as a whole, but for the paragraphs of a docstring."""
        if self.cells[piece.cell].kind == "code":
            return self._code_units(piece)
        return self._paragraphs(piece)

    def _paragraphs(self, piece: Piece) -> list[Unit]:
        found, position = [], piece.start
        text = self.cells[piece.cell].source[: piece.end]
        while position < piece.end:
            gap = _PARAGRAPH.search(text, position)
            # The next paragraph begins with its line: its indentation is part of it.
            end = text.rfind("\n", gap.start(), gap.end()) + 1 if gap else piece.end
            if text[position:end].strip():
                found.append(self._unit(Piece(piece.cell, position, end), is_code=False))
            position = end
        return found

    def _code_units(self, piece: Piece) -> list[Unit]:
        """What stands before, in and behind a docstring of several paragraphs; else the piece as a whole."""
        lines = [line for line in self._lines[piece.cell] if line.kind == "docstring"]
        lines = [line for line in lines if piece.start <= line.start < piece.end]
        source = self.cells[piece.cell].source
        if not lines:
            return [self._unit(piece, is_code=True)]
        last = source.find("\n", lines[-1].start) + 1
        inside = Piece(piece.cell, lines[0].start, min(last or piece.end, piece.end))
        paragraphs = self._paragraphs(inside)
        if len(paragraphs) < _DOCSTRING_PARAGRAPHS or '"""' in source[inside.start + 1 : inside.end].strip()[3:-3]:
            return [self._unit(piece, is_code=True)]
        around = (Piece(piece.cell, piece.start, inside.start), Piece(piece.cell, inside.end, piece.end))
        code = [self._unit(part, is_code=True) for part in around if source[part.start : part.end].strip()]
        return sorted([*code, *paragraphs], key=lambda unit: unit.start)

    def _unit(self, piece: Piece, is_code: bool) -> Unit:
        source = self.cells[piece.cell].source
        label = self._labels.get((piece.cell, piece.start))
        text = source[label : piece.end].lstrip(" \t.,;:)]*_-–#") if label else source[piece.start : piece.end]
        return Unit(piece.cell, piece.start, piece.end, f"# {text}" if label and is_code else text, is_code)


@lru_cache(maxsize=4)
def marked_text(cells: tuple[Cell, ...], rubric: Rubric) -> MarkedText:
    """`MarkedText` of a submission's cells; the last few are kept."""
    return MarkedText(cells, rubric)


def has_statements(source: str) -> bool:
    """Whether anything but comments, docstrings and blank lines stands in `source`."""
    tree = parse_code(source)
    if tree is None:
        return any(line.strip() and not line.lstrip().startswith("#") for line in source.split("\n"))
    return any(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in tree.body)


def _bare(text: str, line: Line, label: int | None) -> str:
    if line.kind == "comment":
        text = comment_text(text) if label is None else text.rstrip("-=*#~_ \t")
    elif line.kind == "docstring":
        text = re.sub(r"(?:'''|\"\"\")\s*$", "", text)
    if label is None:
        return text
    # What stands beside the id in a heading is a title or the question, never the answer.
    return "" if line.kind == "prose" and _HEADING.match(line.text) else _BEHIND_ID.sub("", text, count=1).rstrip("*_ ")


def _fenced(source: str, piece: Piece, taken: set[int]) -> list[TextLine]:
    """The lines within ``` fences, in which no id is looked for."""
    found, position = [], 0
    for text in source.split("\n"):
        fence = text.lstrip().startswith(("```", "~~~"))
        if position not in taken and not fence and piece.start <= position < piece.end:
            found.append(TextLine(position, position + len(text), text, False))
        position += len(text) + 1
    return found


def _blocks(lines: list[TextLine]) -> Iterator[tuple[str, bool, bool]]:
    """Comments on consecutive lines as one text, with whether it had an id, and whether it is no comment."""
    block: list[TextLine] = []
    for line in lines:
        if block and (line.start > block[-1].end + 1 or line.marked):
            yield " ".join(part.text for part in block), block[0].marked, block[0].plain
            block = []
        block.append(line)
    if block:
        yield " ".join(part.text for part in block), block[0].marked, block[0].plain
