"""Reports that nothing has changed are not rendered again.

A manifest in a folder of labgrade's own remembers which files came from which content. The content of a report is all
that it is made of, labgrade's own templates and code included; where it is the same, and the files lie there unchanged,
they stay. What draws and prints is loaded only where something has to be rendered: judging alone never needs it.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import date
from pathlib import Path

from grader.errors import UserError
from grader.records import Match, Reference, Result
from grader.reports.files import DocumentFiles, ReportFiles, entry_content, file_digests, printing_code, write_whole
from grader.reports.graded_class import GradedClass


def cached_report(
    result: Result, match: Match, reference: Reference, folder: Path, graded: date, manifests: Path
) -> ReportFiles:
    """The report in `folder`: as it lies there when it was made from the same content, else written anew.

    `manifests` is the folder that remembers. Raises `UserError` when `folder` cannot be written.
    """
    entry, files = _entry(result, match, reference, graded, manifests), _report_files(folder)
    if entry_content(entry) == _digests(files):
        return files
    from grader.reports.document import write_report

    files = write_report(result, match, reference, folder, graded)
    if files.pdf is not None:
        _remember(entry, _digests(files))
    return files


def find_cached_report(
    result: Result, match: Match, reference: Reference, folder: Path, graded: date, manifests: Path
) -> ReportFiles | None:
    """The report in `folder` if it was made from this content on the day `graded`, and lies there unchanged."""
    entry, files = _entry(result, match, reference, graded, manifests), _report_files(folder)
    return files if entry_content(entry) == _digests(files) else None


def cached_class_report(
    graded: GradedClass, folder: Path, made: date, anonymous: bool, stem: str, manifests: Path
) -> DocumentFiles:
    """The class report in `folder` as it lies there when it was made from the same content, else written anew.

    `manifests` is the folder that remembers. Raises `UserError` when `folder` cannot be written.
    """
    entry = manifests / f"{stem}.json"
    files = DocumentFiles(folder / f"{stem}.html", folder / f"{stem}.pdf")
    content = _class_content(graded, made, anonymous)
    if entry_content(entry) == [content, *_digests(files).values()]:
        return files
    from grader.reports.class_report import write_class

    files = write_class(graded, folder, made, anonymous, stem)
    if files.pdf is not None:
        _remember(entry, [content, *_digests(files).values()])
    return files


def _report_files(folder: Path) -> ReportFiles:
    return ReportFiles(folder / "report.html", folder / "result.json", folder / "report.pdf")


def _remember(entry: Path, value: object) -> None:
    """Write a manifest. One that cannot be written costs nothing but the time of another rendering."""
    with suppress(UserError):
        write_whole(entry, json.dumps(value).encode())


def _digests(files: ReportFiles | DocumentFiles) -> dict[str, str]:
    """Name -> SHA-256 of the files that are there, in a fixed order."""
    result = files.result if isinstance(files, ReportFiles) else None
    return file_digests((files.html, result, files.pdf))


def _entry(result: Result, match: Match, reference: Reference, graded: date, manifests: Path) -> Path:
    """The manifest of a report: named by the SHA-256 over its content."""
    digest = hashlib.sha256(graded.isoformat().encode())
    for record in (result, match, reference):
        digest.update(record.model_dump_json().encode())
    digest.update(printing_code())
    return manifests / f"{digest.hexdigest()}.json"


def _class_content(graded: GradedClass, made: date, anonymous: bool) -> str:
    """SHA-256 (hex) over the content of a class report."""
    known = [made.isoformat(), anonymous, graded.lab, graded.language, sorted(graded.problems.items())]
    digest = hashlib.sha256(json.dumps(known).encode())
    for name in sorted(graded.results):
        digest.update(name.encode() + graded.results[name].model_dump_json().encode())
    digest.update(printing_code())
    return digest.hexdigest()
