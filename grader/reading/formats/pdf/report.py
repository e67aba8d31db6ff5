"""A report exported as PDF: text with listings, console text and pictures in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from grader.reading.console.progress import epoch_header, progress_line
from grader.reading.documents.blocks import Block
from grader.reading.documents.listings import is_code_line
from grader.reading.formats.pdf.pages import Figure, Line
from grader.reading.formats.pdf.printed_notebook import prose_blocks
from grader.reading.formats.pdf.prose import Typography, paragraphs
from grader.reading.formats.pdf.stream import Stream, listing_text

_Kind = Literal["prose", "listing"]
_FEW = 2
"""Lines of code in a type of running text from which they are a listing."""
_SENTENCE = 9
"""Words from which a line without brackets is a sentence."""


def report_blocks(document: Stream, usual: Typography) -> list[Block]:
    """The blocks of a report."""
    found: list[Block] = []
    pending: list[Line] = []
    for item in document.items:
        if isinstance(item, Figure):
            found += _text_blocks(pending, usual)
            pending = []
            found.append(Block("picture", image=item.image, page=item.page))
        else:
            pending.append(item)
    return [*found, *_text_blocks(pending, usual)]


def _text_blocks(lines: list[Line], usual: Typography) -> Iterator[Block]:
    kinds = _kinds(lines)
    start = 0
    for place in range(1, len(lines) + 1):
        if place < len(lines) and kinds[place] == kinds[start] and not _parted(lines, place, kinds[start]):
            continue
        group = lines[start:place]
        if kinds[start] == "listing":
            yield Block("listing", listing_text(group), page=group[0].page)
        else:
            yield from prose_blocks(paragraphs(group, usual), group[0].page)
        start = place


def _parted(lines: list[Line], place: int, kind: _Kind) -> bool:
    """Whether two listings meet: another size of type."""
    return kind == "listing" and abs(lines[place].size - lines[place - 1].size) > 0.1 * lines[place].size


def _kinds(lines: list[Line]) -> list[_Kind]:
    kinds: list[_Kind] = ["listing" if line.mono or _is_log(line.text) else "prose" for line in lines]
    place = 0
    while place < len(lines):
        end = _run_end(lines, kinds, place)
        if end > place:
            kinds[place:end] = ["listing"] * (end - place)
            place = end
        else:
            place += 1
    return kinds


def _is_log(text: str) -> bool:
    return progress_line(text) is not None or epoch_header(text) is not None


def _run_end(lines: list[Line], kinds: list[_Kind], start: int) -> int:
    """End of the code in a type of running text that begins at `start`; `start` itself where none does."""
    place, shaped, depth = start, 0, 0
    while place < len(lines) and kinds[place] == "prose":
        text = lines[place].text
        if depth <= 0 and not _is_shaped(text) and not (place > start and _carries_on(text)):
            break
        shaped += depth <= 0 and _is_shaped(text)
        depth = max(0, depth + sum(map(text.count, "([{")) - sum(map(text.count, ")]}")))
        place += 1
        if depth > 0 and place - start > 400:
            break
    return place if shaped >= _FEW else start


def _is_shaped(text: str) -> bool:
    if not is_code_line(text):
        return False
    return (
        any(sign in text for sign in "()=[]")
        or text.lstrip().startswith(("import ", "from ", "return"))
        or (len(text.split()) < _SENTENCE and text.rstrip().endswith(":"))
    )


def _carries_on(text: str) -> bool:
    bare = text.strip()
    return bare.startswith(("#", ")", "]", "}")) or bare.isidentifier()
