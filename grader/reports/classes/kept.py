"""A class report that nothing has changed is not rendered again."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

from grader.reports.classes.graded import GradedClass
from grader.reports.files import DocumentFiles, file_digests, noted, printing_code
from grader.reports.tables import write_whole


def current_class(
    graded: GradedClass, folder: Path, made: date, anonymous: bool, stem: str, ledger: Path
) -> DocumentFiles:
    """The report in `folder` as it lies there when it was made from the same content, else written anew.

    `ledger` is a folder of labgrade's own that remembers which files came from which content. Raises `UserError` when
    `folder` cannot be written.
    """
    entry = ledger / f"{stem}.json"
    files = DocumentFiles(folder / f"{stem}.html", folder / f"{stem}.pdf")
    content = _content_digest(graded, made, anonymous)
    if noted(entry) == [content, *_digests(files)]:
        return files
    from grader.reports.classes.document import write_class  # loads what draws and prints

    files = write_class(graded, folder, made, anonymous, stem)
    if files.pdf is not None:
        write_whole(entry, json.dumps([content, *_digests(files)]).encode())
    return files


def _digests(files: DocumentFiles) -> list[str]:
    return list(file_digests((files.html, files.pdf)).values())


def _content_digest(graded: GradedClass, made: date, anonymous: bool) -> str:
    """SHA-256 (hex) over all that the report is made of, labgrade's own templates and code included."""
    known = [made.isoformat(), anonymous, graded.lab, graded.language, sorted(graded.problems.items())]
    digest = hashlib.sha256(json.dumps(known).encode())
    for name in sorted(graded.results):
        digest.update(name.encode() + graded.results[name].model_dump_json().encode())
    digest.update(printing_code())
    return digest.hexdigest()
