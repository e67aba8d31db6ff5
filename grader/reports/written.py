"""A document on disk as an HTML file and a PDF, each whole or not there at all; and whether it is still what it was."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from grader.assets import templates_folder
from grader.errors import UserError
from grader.reports.printing import PdfLibrariesError, standalone_html, tagged_pdf
from grader.reports.tables import write_whole

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class DocumentFiles:
    """What was written."""

    html: Path
    pdf: Path | None
    """`None` when no PDF could be made."""
    note: str = ""
    """Why there is no PDF, and what to do; else empty."""


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


def remove_stale(pdf: Path) -> None:
    """Remove the PDF of an earlier run, which would contradict what was written now. Raises `UserError`."""
    try:
        pdf.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{pdf}: an older report lies there and cannot be removed. Remove it by hand.") from error


def noted(entry: Path) -> object:
    """What the file `entry` of a ledger holds; `None` when it is missing or damaged."""
    try:
        return json.loads(entry.read_text())
    except (OSError, ValueError):
        return None


def file_digests(paths: Iterable[Path | None]) -> dict[str, str]:
    """Name -> SHA-256 (hex) of those of `paths` that are there."""
    found = {}
    for path in paths:
        with suppress(OSError):
            if path is not None:
                found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def printing_code() -> bytes:
    """Names and bytes of the templates and of this room's code: what every document rests on."""
    parts = bytearray()
    for folder in (templates_folder(), Path(__file__).parent):
        for file in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".j2", ".css")):
            parts += file.name.encode() + file.read_bytes()
    return bytes(parts)
