"""PDFs as a browser would print them, for tests."""

from __future__ import annotations

import pytest

from grader.formats.pdf.pdf import read_pdf
from grader.formats.reader import Contents, SourceFile

STYLE = """
@page { size: A4; margin: 60pt 55pt; @bottom-center { content: counter(page); font: 10pt serif } }
body { font: 10pt 'DejaVu Serif', serif; line-height: 1.3 }
h1 { font-size: 16pt } h2 { font-size: 13pt }
pre { font: 8pt 'DejaVu Sans Mono', monospace; margin: 6pt 0 0; white-space: pre-wrap }
.cell { display: flex } .prompt { width: 44pt; font: 8pt 'DejaVu Sans Mono', monospace; color: #303f9f }
.code { background: #f7f7f7; border: 1px solid #cfcfcf; flex: 1; margin: 0; padding: 3pt }
.printed { margin-left: 44pt }
.columns { columns: 2; column-gap: 24pt; hyphens: manual }
"""


HEADER = '<style>@page { @top-right { content: "Deep learning, lab 9"; font: 8pt serif } }</style>'


def pdf_bytes(body: str) -> bytes:
    """What is printed of an HTML body, with a number on each page."""
    weasyprint = pytest.importorskip("weasyprint")
    made = weasyprint.HTML(string=f"<html><head><style>{STYLE}</style></head><body>{body}</body></html>").write_pdf()
    assert isinstance(made, bytes)
    return made


def read_printed(body: str) -> Contents:
    """The cells of the PDF of an HTML body."""
    return read_pdf(SourceFile("report.pdf", pdf_bytes(body)))


def cell(code: str, prompt: str = "[1]:") -> str:
    """A code cell as nbconvert prints it."""
    return f'<div class="cell"><div class="prompt">{prompt}</div><pre class="code">{code}</pre></div>'
