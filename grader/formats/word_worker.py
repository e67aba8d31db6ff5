"""Runs apart (`grader.formats.parser_process`): the body of a Word document in order, as lines of JSON."""

from __future__ import annotations

import base64
import io
import logging
import sys
from collections.abc import Iterable, Mapping
from typing import Protocol

from docx import Document

from grader.formats.parser_process import limit_worker, say
from grader.formats.word import Element, Paragraph, paragraph

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPHS_LIMIT = 30_000
"""Paragraphs, and rows of tables, of one document."""
_PICTURES_LIMIT = 200
"""Pictures of one document."""
_PICTURE_LIMIT = 9_000_000
"""Bytes of one picture: in base64 the 12 million characters of `grader.formats.reader.IMAGE_LIMIT`."""


class _Style(Protocol):
    @property
    def style_id(self) -> str: ...

    @property
    def name(self) -> str | None: ...


class _Package(Protocol):
    @property
    def related_parts(self) -> Mapping[str, object]: ...


class _Document(Protocol):
    """What is used of python-docx' `Document`."""

    @property
    def part(self) -> _Package: ...

    @property
    def styles(self) -> Iterable[_Style]: ...


class _Body:
    def __init__(self, document: _Document) -> None:
        self._part = document.part
        self._styles = {style.style_id: style.name or "" for style in document.styles}
        self._said = 0
        self._pictures = 0

    def walk(self, element: Element, depth: int = 0) -> None:
        """Say each paragraph, table and picture below `element`."""
        for child in element:
            if self._said > _PARAGRAPHS_LIMIT or depth > 20:
                return
            if child.tag == f"{_W}p":
                self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                self._table(child, depth)
            elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml", f"{_W}smartTag"):
                self.walk(child, depth + 1)

    def _paragraph(self, element: Element) -> None:
        found, pictures = paragraph(element, self._styles)
        boxes = list(element.iter(f"{_W}txbxContent"))
        if found.text.strip() or not pictures:
            self._say(found)
        for reference in pictures:
            self._picture(reference)
        for box in boxes[:1]:
            self.walk(box)

    def _say(self, found: Paragraph, kind: str = "") -> None:
        self._said += 1
        kind = kind or ("listing" if found.mono else "prose")
        say(
            kind=kind,
            text=found.text[:200_000],
            level=found.level,
            bold=found.bold,
            listed=found.listed,
            indent=found.indent,
        )

    def _table(self, element: Element, depth: int) -> None:
        """A table as rows of text; one with a single cell is a box, read like the text around it."""
        rows = [[cell for cell in row if cell.tag == f"{_W}tc"] for row in element.iter(f"{_W}tr")]
        if len(rows) == 1 and len(rows[0]) == 1:
            self.walk(rows[0][0], depth + 1)
            return
        for row in rows[:2_000]:
            texts = []
            for cell in row[:60]:
                inner = [paragraph(part, self._styles) for part in cell.iter(f"{_W}p")]
                texts.append(" ".join(found.text.strip() for found, _ in inner if found.text.strip()))
                for _, pictures in inner:
                    for reference in pictures:
                        self._picture(reference)
            self._say(Paragraph(text=" | ".join(texts)), "row")

    def _picture(self, reference: str) -> None:
        if self._pictures >= _PICTURES_LIMIT:
            return
        self._pictures += 1
        part = self._part.related_parts.get(reference)
        blob = getattr(part, "blob", b"")
        say(kind="picture", data=base64.b64encode(blob).decode() if len(blob) <= _PICTURE_LIMIT else "")


def main(arguments: list[str]) -> None:
    """Say each piece of the document, then `{"end": true}`; `{"error": ...}` for what is no Word document."""
    data = limit_worker(arguments)
    logging.disable(logging.CRITICAL)
    try:
        document = Document(io.BytesIO(data))
        body = document.element.body
        walker = _Body(document)
    except Exception as error:  # whatever the parser makes of a damaged file
        say(error=type(error).__name__)
        return
    walker.walk(body)
    say(end=True)


if __name__ == "__main__":
    main(sys.argv[1:])
