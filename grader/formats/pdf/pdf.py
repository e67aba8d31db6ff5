"""PDF hand-ins as cells: notebooks that were printed, and reports.

A PDF says where each character stands and nothing else. Code, printed text and prose are told apart by prompts, by the
boxes behind them, and by the type they are set in.

A notebook's cells are told by their prompts and the boxes behind them. nbconvert's LaTeX template prints `[3]:` beside
a tinted box with the code and again, in red, beside a result; older ones `In [3]:` and `Out[3]:`; Jupyter's and Colab's
own print views likewise, Colab without the colon. Printed text stands below the box, in the same type. A cell goes on
over pages without a prompt. A report is text with listings, console text and pictures in it.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from grader.code.syntax import parse_code
from grader.errors import UserError
from grader.formats.blocks import Block, document_contents
from grader.formats.keras_logs import epoch_header, progress_line
from grader.formats.listings import is_code_line, join_cut_lines, parts
from grader.formats.parser_process import ParserOutput, parse_apart
from grader.formats.pdf.page_layout import Stream, Typography, is_heading, listing_text, paragraphs, stream, typography
from grader.formats.pdf.page_lines import Figure, Line, Page, pages
from grader.formats.reader import Contents, Reader, SourceFile

PAGES_LIMIT = 150
"""Pages of one PDF that are read."""
_SECONDS = 90.0
_WORKER = "grader.formats.pdf.pdf_worker"
_AGAIN = "Ask the group for the .ipynb or .py file, or for the PDF again."
_LEAST_PROMPTS = 2
"""Prompts beside code that make a notebook; in a short document a single one does."""
_SHOWN = frozenset({"array", "matrix", "dict_keys", "dict_values", "dict_items", "OrderedDict", "defaultdict", "range"})
"""Calls as which values show themselves."""
_FEW = 2
"""Lines of code in a type of running text from which they are a listing."""
_SENTENCE = 9
"""Words from which a line without brackets is a sentence."""

_Kind = Literal["prose", "listing"]


def read_pdf(source: SourceFile, seconds: float = _SECONDS) -> Contents:
    """The cells of a PDF, and what was lost on the way.

    At most 150 pages are read, in a process of its own, within `seconds`. Raises `UserError` for what is no PDF, or
    damaged, or locked with a password, or holds no text.
    """
    file, data = source.name, source.data
    if b"%PDF-" not in data[:4_096]:
        raise UserError(f"{file} is not a PDF, whatever its name says. {_AGAIN}")
    parsed = parse_apart(_WORKER, data, seconds)
    found = _checked_pages(parsed, file)
    notes = _notes(parsed, found)
    document = stream(found)
    usual = typography(document.lines())
    if not document.items:
        raise UserError(f"{file} holds no text that can be read. {_AGAIN}")
    whole = is_printed_notebook(document)
    blocks = notebook_blocks(document, usual) if whole else report_blocks(document, usual)
    return document_contents(file, blocks, notes, whole=whole)


def _checked_pages(parsed: ParserOutput, file: str) -> list[Page]:
    first = parsed.values[0] if parsed.values else {}
    if first.get("error") == "encrypted":
        raise UserError(f"{file} is locked with a password. Ask the group for a PDF without one, or for the notebook.")
    try:
        found = pages(parsed.values)
    except (ValueError, TypeError, KeyError, OverflowError):
        found = []
    if not found:
        if parsed.ended == "timed out":
            raise UserError(f"{file} took too long to read and was given up. {_AGAIN}")
        raise UserError(f"{file} is damaged: no page of it can be read. {_AGAIN}")
    return found


def _notes(parsed: ParserOutput, found: list[Page]) -> list[str]:
    notes = []
    total = parsed.values[0].get("pages")
    count = total if isinstance(total, int) else len(found)
    if count > PAGES_LIMIT:
        notes.append(f"has {count} pages, of which the first {PAGES_LIMIT} were read")
    if parsed.ended == "timed out":
        notes.append(f"took too long to read: {len(found)} of {count} pages were read")
    elif parsed.ended == "failed":
        notes.append(f"broke the reader off: {len(found)} of {count} pages were read")
    broken = [value["page"] for value in parsed.values if "page" in value and "error" in value]
    if broken:
        notes.append(f"has {len(broken)} damaged pages, the first of them page {broken[0]}, which were not read")
    scanned = [page.number for page in found if page.scanned]
    if scanned:
        notes.append(f"has {len(scanned)} pages that are pictures without text, the first of them page {scanned[0]}")
    if any(value.get("cut") is True for value in parsed.values):
        notes.append("has pages with more text than is read")
    signs = [piece.text for page in found for piece in page.pieces]
    lost, whole = sum(text.count("\ufffd") for text in signs), sum(map(len, signs))
    if lost > 0.02 * whole + 20:
        notes.append(f"has fonts that don't tell their letters: {100 * lost // max(whole, 1)} % of its text is lost")
    return notes


def is_printed_notebook(document: Stream) -> bool:
    """Whether prompts stand beside code in it: several, or one in a short document."""
    prompts = [line for line in document.lines() if line.prompt is not None and line.prompt.kind != "Out"]
    beside_code = [line for line in prompts if line.mono and line.text]
    return len(beside_code) >= _LEAST_PROMPTS or (bool(beside_code) and len(document.lines()) < 60)


def notebook_blocks(document: Stream, usual: Typography) -> list[Block]:
    """The blocks of a printed notebook, code and output told apart."""
    return _with_results(list(_Reader(document, usual).blocks()))


def _with_results(blocks: list[Block]) -> list[Block]:
    """`blocks` with the values of cells as outputs: LaTeX boxes `[3]: 0.97` like code, under the prompt of its cell."""
    found: list[Block] = []
    count: int | None = None
    for block in blocks:
        if block.kind == "code" and block.count is not None and block.count == count and _is_value(block.text):
            found.append(replace(block, kind="output", count=None))
            continue
        if block.kind in ("code", "prose"):
            count = block.count
        found.append(block)
    return found


def _is_value(text: str) -> bool:
    """Whether `text` is what Python shows of a value, and no statement of a cell that bears the same number."""
    tree = parse_code(textwrap.dedent(text).strip())
    if tree is None:
        return True
    value = tree.body[0].value if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr) else None
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _SHOWN
    return value is not None and not any(isinstance(part, ast.Call | ast.Name) for part in ast.walk(value))


class _Reader:
    def __init__(self, document: Stream, usual: Typography) -> None:
        self._document = document
        self._usual = usual
        coded = [line for line in document.lines() if line.prompt is not None and line.mono and line.text]
        boxed = [line for line in coded if self._fill(line) is not None]
        self._boxes = 2 * len(boxed) >= len(coded) and bool(coded)
        """Code stands in tinted boxes throughout."""
        self._lines: list[Line] = []
        self._state = "prose"
        self._count: int | None = None
        self._box: tuple[int, float] | None = None
        """Page and top of the box behind the code of this cell."""

    def _fill(self, line: Line) -> tuple[float, float] | None:
        return self._document.pages[line.page].fill_of(line)

    def blocks(self) -> Iterator[Block]:
        for item in self._document.items:
            if isinstance(item, Figure):
                yield from self._flushed("output" if self._state != "prose" else "prose")
                yield Block("picture", image=item.image, page=item.page)
                continue
            state, fresh = self._next(item)
            if fresh or state != self._state:
                yield from self._flushed(state)
            if item.prompt is not None and state == "code":
                self._count = item.prompt.count
            if item.text:
                self._lines.append(item)
        yield from self._flushed("prose")

    def _next(self, line: Line) -> tuple[str, bool]:
        """The state that `line` belongs to, and whether it begins a block of its own."""
        fill = self._fill(line) if line.mono or line.prompt else None
        box = (line.page, fill[0]) if fill is not None else None
        if line.prompt is not None:
            is_out = line.prompt.kind == "Out" or (
                line.prompt.kind == ""
                and self._state != "prose"
                and line.prompt.count is not None
                and line.prompt.count == self._count
                and (box is None or not self._boxes)
            )
            self._box = box if not is_out else self._box
            return ("output" if is_out else "code"), True
        if not line.mono:
            return "prose", False
        if self._boxes and (box is not None or self._box is not None):
            if box is None:
                return "output", False
            other = self._box is not None and self._box[0] == box[0] and abs(self._box[1] - box[1]) > 3
            self._box = box
            return "code", other or self._state == "output"
        return ("output" if self._state == "prose" else self._state), False

    def _flushed(self, state: str) -> Iterator[Block]:
        """The block of the lines so far; from now on it is `state`."""
        lines, self._lines = self._lines, []
        before, self._state = self._state, state
        if not lines:
            return
        page = lines[0].page
        if before == "prose":
            yield from prose_blocks(paragraphs(lines, self._usual), page)
        elif before == "output":
            yield Block("output", listing_text(lines), page=page)
        elif self._boxes and self._fill(lines[0]) is not None:
            yield Block("code", listing_text(lines, lines[0].x0), count=self._count, page=page)
        else:
            yield from self._divided(listing_text(lines, lines[0].x0), page)

    def _divided(self, text: str, page: int) -> Iterator[Block]:
        """Code and what it printed below it, where no box tells them apart."""
        code: list[str] = []
        printed: list[str] = []
        for kind, part in parts(join_cut_lines(text)):
            (printed if kind == "output" or printed else code).append(part)
        if code:
            yield Block("code", "\n".join(code), count=self._count, page=page)
        if printed:
            yield Block("output", "\n".join(printed), page=page)


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


def prose_blocks(texts: list[str], page: int) -> Iterator[Block]:
    """Paragraphs as blocks, each heading with what stands under it."""
    part: list[str] = []
    for text in texts:
        if is_heading(text) and part:
            yield Block("prose", "\n\n".join(part), page=page)
            part = []
        part.append(text)
    if part:
        yield Block("prose", "\n\n".join(part), page=page)


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


READER = Reader(name="pdf", title="a PDF", suffixes=(".pdf",), form="document", rank=50, read=read_pdf, begins=b"%PDF-")
