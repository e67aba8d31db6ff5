"""Where question ids stand in a hand-in, and what stands under each: from its marker to the next one, across cells.

A heading without an id ends what stands under a marker, too, where its level is high enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from grader.facts.languages import QUESTION_WORDS, TASK_WORDS, alternatives
from grader.questions.ids import KnownIds, Line, Parts, WrittenIds, id_parts, text_lines
from grader.records import Cell

# Markers

FoundBy = Literal["heading", "text", "comment", "docstring"]
_MARKS_LIMIT = 300
"""Ids and headings looked at in one cell."""
TEXT_LEVEL = 7
"""Level of what is no heading; those of headings are 1 to 6."""
_ASKED, _MANY, _CHAPTERS = 3, 8, 5
"""Ids called questions that make others doubtful; plain ids of a lab of many; other ids from which they are trusted."""

_QUESTION_WORDS, _TASK_WORDS = alternatives(QUESTION_WORDS), alternatives(TASK_WORDS)
_DECORATION = re.compile(
    r"\\(?:(?:sub){0,2}section|textbf|large|underline)\*?\{|"
    r"</?(?:h[1-6]|b|strong|font|u|p|div|span|center|i|em|a|summary|details)(?:\s[^<>]{0,200})?>|[ \t#>*_\[(`~•\\-]",
    re.IGNORECASE,
)
_WORD = re.compile(rf"(?P<question>{_QUESTION_WORDS})(?![^\W\d_])|(?P<task>{_TASK_WORDS})(?![^\W\d_])", re.IGNORECASE)
_AFTER_WORD = re.compile(
    r"[ \t.:#*_\-]{0,6}(?:(?:to|for|på|till|zu|auf|sur|nr|no|number|n°)\b[ \t.:#*_]{0,6})?", re.IGNORECASE
)
_TRAILING = re.compile(rf"[(\[]\s*(?:{_QUESTION_WORDS})[\s.:#]{{0,4}}(?=\d)", re.IGNORECASE)
_TRAILING_BARE = re.compile(r"[(\[](?=\d{1,2}\.\d)")
_SCOPED = re.compile(r"\(?([a-h]|\d|[ivx]{1,4}(?!:))(?:\)|\.(?!\d)|:)(?!\w)", re.IGNORECASE)
_OWN_CHAPTER = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3}(?![.,]?\d))[ \t]*([).:]?)[ \t]*([^\s\w]|[^\W\d_]+)?")
_LISTED = re.compile(r"[ \t]{0,4}[*_]{0,2}\(?(\d{1,2}|[ivx]{1,5})[.)]{1,2}[*_]{0,2}(?=\s)", re.IGNORECASE)
_ROMAN = {name: str(n) for n, name in enumerate("i ii iii iv v vi vii viii ix x xi xii".split(), start=1)}
_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})|[ \t]*<h([1-6])", re.IGNORECASE)
_NEXT = re.compile(r"\s*([^\W\d_]+|\S)")
_UNITS = set(
    "s sec secs second seconds sekunder sekunden segundos secondes ms us min mins minute minutes minuter minuten h "
    "hours percent procent prozent points poäng p pts times epochs epoch gb mb kb ghz mhz hz million millions k m x "
    "and or to is was are och eller und oder är ist y o et ou of in".split()
)


@dataclass(frozen=True)
class Marker:
    """A place at which one or more ids stand, or the id of a chapter."""

    cell: int
    start: int
    """Offset of the line in the cell's source."""
    end: int
    """Offset behind the id."""
    ids: tuple[str, ...]
    group: Parts
    found_by: FoundBy
    level: int
    word: Literal["question", "task", ""]
    parts: Parts
    spoken: str = ""
    """The word itself in lower case, such as `aufgabe`."""
    lettered: str = ""
    """How it counts within the chapter above it: `letter`, `number` or `roman`; empty where it bears a whole id."""


@dataclass(frozen=True)
class Heading:
    """A heading without an id."""

    cell: int
    start: int
    level: int
    chapter: bool = False
    """It is numbered as a question or a chapter that the rubric does not have."""


def find_markers(cells: tuple[Cell, ...], known: KnownIds) -> list[Marker | Heading]:
    """Markers and other headings of the whole submission, in order."""
    found: list[Marker | Heading] = []
    scopes: list[Marker] = []
    for cell in cells:
        before = len(found)
        lines = text_lines(cell)
        for line in lines:
            if len(found) - before >= _MARKS_LIMIT:
                break
            within = _scopes_of(line, scopes)
            scope = within[-1] if within else None
            marker = _marker(line, cell.index, known, scope, _is_numbered(lines, scope, known))
            if marker is None or _is_own_step(marker, scope):
                heading = _HEADING.match(line.text) if line.kind == "prose" else None
                if heading and line.text.strip(" #"):
                    chapter = marker is None and _is_own_chapter(line.text, scope)
                    scopes = [one for one in scopes if not chapter or one.level < _level(heading)]
                    found.append(Heading(cell.index, line.start, _level(heading), chapter))
                continue
            if not _is_scoped(marker, scope):
                scopes = [*within, marker] if marker.lettered else [marker]
            found.append(marker)
    return _trusted(found, known)


def _is_own_step(marker: Marker, scope: Marker | None) -> bool:
    """Whether `#### 1. Data` within a question is a step of the group's own, not the first chapter of the sheet."""
    if scope is None or not scope.ids or marker.ids or marker.word:
        return False
    return len(marker.parts) == 1 and scope.level < marker.level < TEXT_LEVEL


def _scopes_of(line: Line, scopes: Sequence[Marker]) -> list[Marker]:
    """The chapters within which a line may count: `B)` stands beside `A)`, not within it."""
    within = list(scopes)
    match = _SCOPED.match(line.text, _undecorated(line.text)[0])
    heading = _HEADING.match(line.text) if line.kind == "prose" else None
    level = _level(heading) if heading else TEXT_LEVEL
    while match and within and within[-1].lettered and _counted(match[1]) == within[-1].lettered:
        if level > within[-1].level:
            break
        within.pop()
    return within


def _counted(sign: str) -> str:
    """`letter`, `number` or `roman`."""
    if sign.isdigit():
        return "number"
    return "roman" if sign.casefold() in _ROMAN else "letter"


def _is_own_chapter(text: str, scope: Marker | None) -> bool:
    """Whether a heading without an id of the rubric is numbered as one: `Question 9`, `7. Conclusion`, `E)` after `D)`.

    A measurement is no number of a chapter: `40 epochs`, `99.1 % reached`.
    """
    position, _ = _undecorated(text)
    after, word, _ = _named(text, position)
    match = _OWN_CHAPTER.match(text, after)
    if match is None:
        letter = _SCOPED.match(text, position)
        return bool(letter and scope is not None and scope.lettered == _counted(letter[1]))
    # `3.1 Our approach` below question 3 is a part of the group's own.
    if scope is not None and tuple(match[1].split("."))[: len(scope.parts)] == scope.parts:
        return False
    follows = (match[3] or "").casefold()
    if follows in _UNITS or follows in {"%", "=", "+", "/", "°", "€", "$", "<", "±"}:
        return False
    return bool(word or match[2] or "." in match[1])


def _is_scoped(marker: Marker, scope: Marker | None) -> bool:
    """Whether it is a part of `scope`, so that its neighbours are too. A chapter within it is a scope of its own."""
    below = scope is not None and marker.parts[:-1] == scope.parts and len(marker.parts) > 1
    return below and bool(marker.ids)


def _is_numbered(lines: Sequence[Line], scope: Marker | None, known: KnownIds) -> bool:
    """Whether a cell lists exactly the questions of the chapter in which it stands: `1.` to `6.`, or `i.` to `vi.`,
    under `2.1`."""
    if scope is None or not scope.group:
        return False
    children = [id_parts(written) for written in known.children(scope.group)]
    wanted = [parts[-1] for parts in children if len(parts) == len(scope.group) + 1]
    listed = [_number(found) for line in lines if line.kind == "prose" and (found := _LISTED.match(line.text))]
    return len(wanted) == len(children) > 1 and listed == wanted == [str(n + 1) for n in range(len(wanted))]


def _number(listed: re.Match[str]) -> str:
    """`2` for `2.` and for `ii.`."""
    return _ROMAN.get(listed[1].casefold(), listed[1])


def _level(heading: re.Match[str]) -> int:
    return len(heading[1]) if heading[1] else int(heading[2])


def _marker(line: Line, cell: int, known: KnownIds, scope: Marker | None, numbered: bool) -> Marker | None:
    text = line.text
    if not any(character.isalnum() for character in text[:80]):
        return None
    heading = _HEADING.match(text) if line.kind == "prose" else None
    level = _level(heading) if heading else TEXT_LEVEL
    position, bold = _undecorated(text)
    after, word, spoken = _named(text, position)
    found_by: FoundBy = "heading" if heading else "text" if line.kind == "prose" else line.kind
    marker = Marker(cell, line.start, 0, (), (), found_by, level, word, (), spoken)
    strong = bool(heading) or bold
    written = _scoped(text, position, after, marker, scope, strong, known)
    sign = _SCOPED.match(text, position)
    lettered = _counted(sign[1]) if written is not None and sign is not None else ""
    if written is None and numbered and scope is not None and (listed := _LISTED.match(text)):
        parts = (*scope.group, _number(listed))
        written = WrittenIds(tuple(filter(None, [known.resolved(parts)])), (), listed.end(), parts)
    if written is None:
        written = known.found_at(text, after, bool(word))
        if written is not None and not _stands(text, written, line, strong, bool(word)):
            written = None
    if written is None and line.kind == "prose":
        written = _trailing(text, known, bool(heading))
        marker = replace(marker, word="question")
    if written is None:
        return None
    return replace(
        marker,
        end=line.start + written.end,
        ids=written.ids,
        group=written.group,
        parts=written.parts,
        lettered=lettered,
    )


def _undecorated(text: str) -> tuple[int, bool]:
    position = 0
    while position < 200 and (match := _DECORATION.match(text, position)):
        position = match.end()
    lead = text[:position]
    return position, "**" in lead or "__" in lead or bool(re.search(r"<(?:b|strong|u)\b|\\textbf", lead, re.IGNORECASE))


def _named(text: str, position: int) -> tuple[int, Literal["question", "task", ""], str]:
    """The offset behind words like `Answer to question`, what kind of word it was, and the word."""
    word: Literal["question", "task", ""] = ""
    spoken = ""
    for _ in range(3):
        match = _WORD.match(text, position)
        if match is None:
            break
        word = "question" if match["question"] else "task"
        spoken = match[0].casefold().rstrip("s")
        gap = _AFTER_WORD.match(text, match.end())
        position = gap.end() if gap else match.end()
    return position, word, spoken


def _stands(text: str, written: WrittenIds, line: Line, strong: bool, named: bool) -> bool:
    """Whether what was found is an id, not a number in running text, a list number, a version or a measurement."""
    follows = text[written.end : written.end + 1]
    if follows and (follows.isalnum() or follows in "%=/°€$"):
        return False
    if follows in {".", ","} and text[written.end + 1 : written.end + 2].isdigit():
        return False
    if named:
        return True
    nearest = _NEXT.match(text, written.end)
    token = nearest[1] if nearest else ""
    if len(written.parts) > 2 and written.ids:
        return True
    if token.casefold() in _UNITS or token in {"=", "+", "/", "*x", "<", "±", "%"}:
        return False
    if len(written.parts) == 1 and not written.parts[0].isalpha():
        punctuated = bool(re.match(r"[*_]{0,2}(?:[):.\]]|\s*$)", text[written.end :]))
        return strong and line.kind == "prose" and (punctuated or not token[:1].islower())
    return strong or line.opens or not token[:1].islower()


def _trailing(text: str, known: KnownIds, heading: bool) -> WrittenIds | None:
    """An id in brackets at the end of the question's text: `... for each epoch (Question 3, 2 points)`."""
    match = _TRAILING.search(text)
    named = match is not None
    if match is None and heading:
        match = _TRAILING_BARE.search(text)
    if match is None:
        return None
    written = known.found_at(text, match.end(), named)
    if written is None or (not named and text[written.end : written.end + 1] not in {")", "]"}):
        return None
    return written


def _scoped(
    text: str, position: int, after: int, marker: Marker, scope: Marker | None, strong: bool, known: KnownIds
) -> WrittenIds | None:
    """`d)` under `Question 2`, or `### Question 1` under `## Part 2`."""
    if scope is None:
        return None
    base = scope.group or scope.parts
    named_below = marker.word and scope.word and marker.word != scope.word and scope.level < marker.level <= 6
    match = _SCOPED.match(text, max(0, position - (text[position - 1 : position] == "(")))
    if match is None and named_below:
        match = re.compile(r"(\d{1,2})(?![.\d])").match(text, after)
    if match is None or not (strong or marker.found_by != "text" or match[1].isalpha()):
        return None
    sign = match[1].casefold()
    parts = (*base, _ROMAN.get(sign, sign))
    below = strong and scope.level < marker.level
    if sign.isdigit() and not below:
        return None
    written = known.resolved(parts)
    # A section that several questions share has parts of its own, which its questions' cues tell apart.
    if written and written not in scope.ids:
        return WrittenIds((written,), (), match.end(), parts)
    group = known.group_of(parts)
    return WrittenIds((), group, match.end(), parts) if group and not written else None


def _trusted(found: list[Marker | Heading], known: KnownIds) -> list[Marker | Heading]:
    """Without `Exercise 1` where questions with plain numbers are called `Question 1`.

    In a lab of many plain numbers, a few `Part 1` and `## 2 Data` are chapters of the group's own, too.
    """
    marks = [mark for mark in found if isinstance(mark, Marker)]
    asked = {name for mark in marks if mark.word == "question" for name in mark.ids}
    doubtful = [mark for mark in marks if mark.word != "question" and len(mark.parts) == 1 and mark.ids]
    chapters = _chapters(doubtful)
    if chapters:
        found = _as_headings(found, chapters)
        doubtful = [mark for mark in doubtful if mark not in chapters]
    if len([name for name in asked if name.isdecimal()]) < _ASKED:
        doubtful = [mark for mark in doubtful if mark.word == "task" or mark.level < TEXT_LEVEL]
        many = len([name for name in known.written if name.isdecimal()]) >= _MANY
        if not many or len({name for mark in doubtful for name in mark.ids}) >= _CHAPTERS:
            return found
    return _as_headings(found, doubtful)


def _chapters(marks: list[Marker]) -> list[Marker]:
    """`Part 3` where tasks with plain numbers are called `Exercise 3`: of two words the rarer names chapters."""
    spoken: dict[str, set[str]] = {}
    for mark in marks:
        if mark.word == "task":
            spoken.setdefault(mark.spoken, set()).update(mark.ids)
    usual = max(spoken, key=lambda word: len(spoken[word]), default="")
    if len(spoken.get(usual, ())) < _CHAPTERS:
        return []
    return [m for m in marks if m.word == "task" and m.spoken != usual and set(m.ids) <= spoken[usual]]


def _as_headings(found: list[Marker | Heading], doubtful: list[Marker]) -> list[Marker | Heading]:
    kept: list[Marker | Heading] = []
    for mark in found:
        if mark not in doubtful:
            kept.append(mark)
        elif mark.level < TEXT_LEVEL:
            kept.append(Heading(mark.cell, mark.start, mark.level))
    return kept


# What stands under them


@dataclass(frozen=True)
class Piece:
    """A part of one cell."""

    cell: int
    start: int
    end: int


@dataclass(frozen=True)
class Region:
    """A marker and all that stands under it."""

    marker: Marker
    pieces: tuple[Piece, ...]


def regions(cells: tuple[Cell, ...], marks: Sequence[Marker | Heading]) -> list[Region]:
    """One region for each marker, in order. A heading of a higher level without an id ends what stands before it."""
    found: list[Region] = []
    enclosing = 0
    for place, mark in enumerate(marks):
        if isinstance(mark, Heading):
            continue
        if mark.level < TEXT_LEVEL:
            enclosing = mark.level
        stop = _stop(marks, place, mark, enclosing)
        end = (stop.cell, stop.start) if stop is not None else (len(cells), 0)
        pieces = _pieces(cells, (mark.cell, mark.start), end)
        if isinstance(stop, Heading) and mark.ids:
            pieces += _shown(cells, stop.cell, marks[place + 1 :])
        found.append(Region(mark, tuple(pieces)))
        if isinstance(stop, Heading):
            enclosing = 0
    return [_within_docstring(region, found) for region in found]


def _within_docstring(region: Region, found: Sequence[Region]) -> Region:
    """A docstring with several ids is a sheet of answers: what follows its cell is not the last one's."""
    cell = region.marker.cell
    together = [other for other in found if other.marker.cell == cell and other.marker.found_by == "docstring"]
    if region.marker.found_by != "docstring" or len(together) < 2:
        return region
    return Region(region.marker, tuple(piece for piece in region.pieces if piece.cell == cell))


def _stop(marks: Sequence[Marker | Heading], place: int, marker: Marker, enclosing: int) -> Marker | Heading | None:
    for mark in marks[place + 1 :]:
        if isinstance(mark, Marker):
            return mark
        if mark.chapter and mark.level <= marker.level and (marker.level < TEXT_LEVEL or not enclosing):
            return mark
        if marker.level < TEXT_LEVEL:
            if mark.level < marker.level:
                return mark
        # Plain text stands inside the section of the last heading with an id: the next heading of its level ends it.
        elif mark.level <= (enclosing or 1):
            return mark
    return None


def _shown(cells: tuple[Cell, ...], start: int, following: Sequence[Marker | Heading]) -> list[Piece]:
    """Pictures and printed text under headings without an id, up to the next one: they answer the question above."""
    end = next((mark.cell for mark in following if isinstance(mark, Marker)), len(cells))
    shown = (cell for cell in cells[start:end] if cell.kind == "prose" and cell.outputs and cell.origin != "file")
    return [Piece(cell.index, 0, len(cell.source)) for cell in shown]


def _pieces(cells: tuple[Cell, ...], start: tuple[int, int], end: tuple[int, int]) -> list[Piece]:
    pieces = []
    for cell in cells[start[0] : end[0] + 1]:
        begin = start[1] if cell.index == start[0] else 0
        stop = end[1] if cell.index == end[0] else len(cell.source)
        if cell.source[begin:stop].strip():
            pieces.append(Piece(cell.index, begin, stop))
    return pieces


def free_parts(cells: tuple[Cell, ...], covered: Sequence[Region]) -> list[Piece]:
    """The parts of the submission that stand under no marker."""
    taken: dict[int, list[Piece]] = {}
    for region in covered:
        for piece in region.pieces:
            taken.setdefault(piece.cell, []).append(piece)
    free = []
    for cell in cells:
        position = 0
        for piece in sorted(taken.get(cell.index, []), key=lambda piece: piece.start):
            if cell.source[position : piece.start].strip():
                free.append(Piece(cell.index, position, piece.start))
            position = max(position, piece.end)
        if cell.source[position:].strip():
            free.append(Piece(cell.index, position, len(cell.source)))
    return free
