"""An answer key on disk: `reference.html` and `reference.pdf`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from grader.records.match import Match, Reference
from grader.reports.files import DocumentFiles
from grader.reports.key.builder import key_view
from grader.reports.printing import page
from grader.reports.written import write_document


def write_key(match: Match, reference: Reference, folder: Path, made: date) -> DocumentFiles:
    """Writes both files into `folder`. Raises `UserError` when it cannot be written."""
    return write_document(page("reference.html.j2", key=key_view(match, reference, made)), folder, "reference", made)
