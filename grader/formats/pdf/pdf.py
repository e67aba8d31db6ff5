"""PDF hand-ins as cells: exports of notebooks, and reports.

A PDF says where each character stands and nothing else. Code, printed text and prose are told apart by prompts, by the
boxes behind them, and by the type they are set in.
"""

from __future__ import annotations

from grader.errors import UserError
from grader.formats.blocks import document_contents
from grader.formats.parser_process import ParserOutput, parse_apart
from grader.formats.pdf.page_layout import stream, typography
from grader.formats.pdf.page_lines import Page, pages
from grader.formats.pdf.printed import is_printed_notebook, notebook_blocks, report_blocks
from grader.formats.reader import Reader, SourceFile
from grader.formats.text import Contents

PAGES_LIMIT = 150
"""Pages of one PDF that are read."""
_SECONDS = 90.0
_WORKER = "grader.formats.pdf.pdf_worker"
_AGAIN = "Ask the group for the .ipynb or .py file, or for the PDF again."


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


READER = Reader(name="pdf", title="a PDF", suffixes=(".pdf",), form="document", rank=50, read=read_pdf, begins=b"%PDF-")
