"""A report that nothing has changed is not rendered again."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import date
from pathlib import Path

from grader.records.match import Match, Reference
from grader.records.result import Result
from grader.reports.files import ReportFiles, file_digests, noted, printing_code
from grader.reports.tables import write_whole


def current_report(
    result: Result, match: Match, reference: Reference, folder: Path, graded: date, ledger: Path
) -> ReportFiles:
    """The report in `folder`: as it lies there when it was made from the same content, else written anew.

    `ledger` is a folder of labgrade's own that remembers which files came from which content. Raises `UserError` when
    `folder` cannot be written.
    """
    entry = ledger / f"{_content_digest(result, match, reference, graded)}.json"
    files = ReportFiles(folder / "report.html", folder / "result.json", folder / "report.pdf")
    if noted(entry) == _digests(files):
        return files
    from grader.reports.document import write_report  # loads what draws and prints, which judging alone never needs

    files = write_report(result, match, reference, folder, graded)
    if files.pdf is not None:
        with suppress(OSError):
            ledger.mkdir(parents=True, exist_ok=True)
            write_whole(entry, json.dumps(_digests(files)).encode())
    return files


def kept_report(
    result: Result, match: Match, reference: Reference, folder: Path, graded: date, ledger: Path
) -> ReportFiles | None:
    """The report in `folder` if it was made from this content on the day `graded`, and lies there unchanged."""
    files = ReportFiles(folder / "report.html", folder / "result.json", folder / "report.pdf")
    entry = ledger / f"{_content_digest(result, match, reference, graded)}.json"
    return files if noted(entry) == _digests(files) else None


def _digests(files: ReportFiles) -> dict[str, str]:
    return file_digests((files.html, files.result, files.pdf))


def _content_digest(result: Result, match: Match, reference: Reference, graded: date) -> str:
    """SHA-256 (hex) over all that a report is made of, labgrade's own templates and code included."""
    digest = hashlib.sha256(graded.isoformat().encode())
    for record in (result, match, reference):
        digest.update(record.model_dump_json().encode())
    digest.update(printing_code())
    return digest.hexdigest()
