"""Documents on disk: a report as HTML, PDF and `result.json`, any other as HTML and PDF.

Each file is whole or not there at all. A PDF that cannot be made leaves no older one behind, and a note says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from grader.records import Match, Reference, Result
from grader.reports.files import DocumentFiles, ReportFiles, remove_stale, result_json, write_whole
from grader.reports.pages import report_view
from grader.reports.printing import PdfLibrariesError, page, standalone_html, tagged_pdf
from grader.reports.view import ReportView

_LOG = logging.getLogger(__name__)


def write_report(result: Result, match: Match, reference: Reference, folder: Path, graded: date) -> ReportFiles:
    """Write `report.html`, `report.pdf` and `result.json` into `folder`, which is made when it is missing.

    The same arguments give the same bytes. Raises `UserError` when `folder` cannot be written.
    """
    view = report_view(result, match, reference, graded)
    files = ReportFiles(folder / "report.html", folder / "result.json", folder / "report.pdf")
    write_whole(files.result, result_json(result).encode())
    write_whole(files.html, report_html(view).encode())
    note = _write_pdf(folder / "report.pdf", lambda: report_pdf(view), result.submission)
    return replace(files, pdf=None, note=note) if note else files


def report_html(view: ReportView) -> str:
    """The report as one HTML file that needs no other: style sheet, fonts and figures are inside."""
    return standalone_html(page("report.html.j2", report=view))


def report_pdf(view: ReportView) -> bytes:
    """The report as tagged PDF/UA-1. Raises `PdfLibrariesError` when the machine lacks Pango."""
    return tagged_pdf(page("report.html.j2", report=view), date.fromisoformat(view.graded_iso))


def write_document(html: str, folder: Path, stem: str, made: date) -> DocumentFiles:
    """Write `html`, as `printing.page` gives it, into `folder` as `stem`.html and `stem`.pdf.

    Raises `UserError` when `folder` cannot be written.
    """
    files = DocumentFiles(folder / f"{stem}.html", folder / f"{stem}.pdf")
    write_whole(files.html, standalone_html(html).encode())
    note = _write_pdf(folder / f"{stem}.pdf", lambda: tagged_pdf(html, made), stem)
    return replace(files, pdf=None, note=note) if note else files


def _write_pdf(pdf: Path, content: Callable[[], bytes], subject: str) -> str:
    """Write what `content` gives to `pdf`; where it cannot be made, remove an older one and say why in a sentence."""
    try:
        data = content()
    except PdfLibrariesError as error:
        remove_stale(pdf)
        return str(error)
    except Exception as error:  # whatever a layout engine trips over must not cost anybody the document
        _LOG.exception("the PDF of %s could not be made", subject)
        remove_stale(pdf)
        return f"The PDF could not be made ({type(error).__name__}); {pdf.stem}.html holds all of it."
    write_whole(pdf, data)
    return ""
