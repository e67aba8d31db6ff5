"""A class report on disk: `class.html` and `class.pdf`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from grader.reports.classes.builder import GradedClass, class_view
from grader.reports.printing import PdfLibrariesError, page, standalone_html, tagged_pdf
from grader.reports.tables import write_whole

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClassFiles:
    """What was written."""

    html: Path
    pdf: Path | None
    """`None` when no PDF could be made."""
    note: str = ""
    """Why there is no PDF, and what to do; else empty."""


def write_class(graded: GradedClass, folder: Path, made: date, anonymous: bool, stem: str = "class") -> ClassFiles:
    """Writes both files into `folder`, called `stem`. Raises `UserError` when it cannot be written."""
    html = page("class.html.j2", report=class_view(graded, made, anonymous))
    written = folder / f"{stem}.html"
    write_whole(written, standalone_html(html).encode())
    try:
        data = tagged_pdf(html, made)
    except PdfLibrariesError as error:
        return ClassFiles(written, None, str(error))
    except Exception as error:  # whatever a layout engine trips over must not cost the teacher the report
        _LOG.exception("the PDF of the class report could not be made")
        return ClassFiles(written, None, f"The PDF could not be made ({type(error).__name__}).")
    write_whole(folder / f"{stem}.pdf", data)
    return ClassFiles(written, folder / f"{stem}.pdf")
