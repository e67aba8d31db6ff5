"""An answer key on disk: `reference.html` and `reference.pdf`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from grader.records.match import Match, Reference
from grader.reports.key.builder import key_view
from grader.reports.printing import PdfLibrariesError, page, standalone_html, tagged_pdf
from grader.reports.tables import write_whole

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeyFiles:
    """What was written."""

    html: Path
    pdf: Path | None
    """`None` when no PDF could be made."""
    note: str = ""
    """Why there is no PDF, and what to do; else empty."""


def write_key(match: Match, reference: Reference, folder: Path, made: date) -> KeyFiles:
    """Writes both files into `folder`. Raises `UserError` when it cannot be written."""
    html = page("reference.html.j2", key=key_view(match, reference, made))
    write_whole(folder / "reference.html", standalone_html(html).encode())
    try:
        data = tagged_pdf(html, made)
    except PdfLibrariesError as error:
        return KeyFiles(folder / "reference.html", None, str(error))
    except Exception as error:  # whatever a layout engine trips over must not cost the teacher the key
        _LOG.exception("the PDF of the answer key could not be made")
        return KeyFiles(folder / "reference.html", None, f"The PDF could not be made ({type(error).__name__}).")
    write_whole(folder / "reference.pdf", data)
    return KeyFiles(folder / "reference.html", folder / "reference.pdf")
