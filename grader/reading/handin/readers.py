"""Which reader reads which kind of file."""

from __future__ import annotations

from pathlib import Path

from grader.errors import UserError
from grader.reading.formats.contents import Contents
from grader.reading.formats.html.web import read_web_page
from grader.reading.formats.markdown import Fetch, read_markdown
from grader.reading.formats.notebook import read_notebook
from grader.reading.formats.office.word import read_word
from grader.reading.formats.outputs import IMAGE_LIMIT
from grader.reading.formats.pdf.document import read_pdf
from grader.reading.formats.script import read_script
from grader.reading.handin.entries import Neighbours
from grader.reading.handin.kinds import Kind


def contents_of(kind: Kind, file: str, data: bytes, beside: Neighbours) -> Contents:
    """The cells of `file`, of the given kind. Raises `UserError` when nothing in it can be read."""
    path = Path(file)
    fetch: Fetch = lambda name: beside.data(file, name, IMAGE_LIMIT)  # noqa: E731
    if kind == "notebook":
        return read_notebook(path, file, data)
    if kind == "script":
        return read_script(path, file, data)
    if kind == "markdown":
        return read_markdown(path, file, data, fetch)
    if kind == "web":
        return read_web_page(path, file, data, fetch)
    if kind == "word":
        return read_word(path, file, data)
    if kind == "pdf":
        return read_pdf(path, file, data)
    raise UserError(f"{file} is an archive within an archive. Unpack it and hand in what it holds.")
