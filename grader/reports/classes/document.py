"""A class report on disk: `class.html` and `class.pdf`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from grader.reports.classes.builder import class_view
from grader.reports.classes.graded import GradedClass
from grader.reports.files import DocumentFiles
from grader.reports.printing import page
from grader.reports.written import write_document


def write_class(graded: GradedClass, folder: Path, made: date, anonymous: bool, stem: str = "class") -> DocumentFiles:
    """Writes both files into `folder`, called `stem`. Raises `UserError` when it cannot be written."""
    html = page("class.html.j2", report=class_view(graded, made, anonymous))
    return write_document(html, folder, stem, made)
