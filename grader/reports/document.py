"""A report on disk: `report.html`, `report.pdf` and `result.json`, each whole or not there at all."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date
from pathlib import Path

from grader.records.match import Match, Reference
from grader.records.result import Result
from grader.reports.builder import report_view
from grader.reports.files import ReportFiles, remove_stale
from grader.reports.printing import PdfLibrariesError, page, standalone_html, tagged_pdf
from grader.reports.tables import result_json, write_whole
from grader.reports.view import ReportView

_LOG = logging.getLogger(__name__)


def write_report(result: Result, match: Match, reference: Reference, folder: Path, graded: date) -> ReportFiles:
    """Writes the three files into `folder`, which is made when it is missing.

    The same arguments give the same bytes. Raises `UserError` when `folder` cannot be written.
    """
    view = report_view(result, match, reference, graded)
    files = ReportFiles(folder / "report.html", folder / "result.json", folder / "report.pdf")
    write_whole(files.result, result_json(result).encode())
    write_whole(files.html, report_html(view).encode())
    try:
        data = report_pdf(view)
    except PdfLibrariesError as error:
        return _without_pdf(files, str(error))
    except Exception as error:  # whatever a layout engine trips over must not cost the group its report
        _LOG.exception("the PDF of %s could not be made", result.submission)
        return _without_pdf(files, f"The PDF could not be made ({type(error).__name__}); report.html holds all of it.")
    write_whole(folder / "report.pdf", data)
    return files


def report_html(view: ReportView) -> str:
    """The report as one HTML file that needs no other: style sheet, fonts and figures are inside."""
    return standalone_html(page("report.html.j2", report=view))


def report_pdf(view: ReportView) -> bytes:
    """The report as tagged PDF/UA-1. Raises `PdfLibrariesError` when the machine lacks Pango."""
    return tagged_pdf(page("report.html.j2", report=view), date.fromisoformat(view.graded_iso))


def _without_pdf(files: ReportFiles, note: str) -> ReportFiles:
    assert files.pdf is not None
    remove_stale(files.pdf)
    return replace(files, pdf=None, note=note)
