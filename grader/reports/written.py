"""A document on disk as an HTML file and a PDF, each whole or not there at all."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

from grader.reports.files import DocumentFiles, remove_stale
from grader.reports.printing import PdfLibrariesError, standalone_html, tagged_pdf
from grader.reports.tables import write_whole

_LOG = logging.getLogger(__name__)


def write_document(html: str, folder: Path, stem: str, made: date) -> DocumentFiles:
    """Writes `html`, as `printing.page` gives it, into `folder` as `stem`.html and `stem`.pdf.

    Where no PDF can be made, one of an earlier run goes. Raises `UserError` when `folder` cannot be written.
    """
    written, pdf = folder / f"{stem}.html", folder / f"{stem}.pdf"
    write_whole(written, standalone_html(html).encode())
    try:
        data = tagged_pdf(html, made)
    except PdfLibrariesError as error:
        remove_stale(pdf)
        return DocumentFiles(written, None, str(error))
    except Exception as error:  # whatever a layout engine trips over must not cost the teacher the document
        _LOG.exception("the PDF of %s could not be made", stem)
        remove_stale(pdf)
        return DocumentFiles(written, None, f"The PDF could not be made ({type(error).__name__}).")
    write_whole(pdf, data)
    return DocumentFiles(written, pdf)
