"""A class report that nothing has changed is not rendered again."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import date
from pathlib import Path

from grader.assets import templates_folder
from grader.reports.classes.builder import GradedClass
from grader.reports.classes.document import ClassFiles, write_class
from grader.reports.tables import write_whole


def current_class(
    graded: GradedClass, folder: Path, made: date, anonymous: bool, stem: str, ledger: Path
) -> ClassFiles:
    """The report in `folder` as it lies there when it was made from the same content, else written anew.

    `ledger` is a folder of labgrade's own that remembers which files came from which content. Raises `UserError` when
    `folder` cannot be written.
    """
    entry = ledger / f"{stem}.json"
    files = ClassFiles(folder / f"{stem}.html", folder / f"{stem}.pdf")
    content = _content_digest(graded, made, anonymous)
    if _recorded(entry) == [content, *_digests(files)]:
        return files
    files = write_class(graded, folder, made, anonymous, stem)
    if files.pdf is not None:
        write_whole(entry, json.dumps([content, *_digests(files)]).encode())
    return files


def _recorded(entry: Path) -> object:
    try:
        return json.loads(entry.read_text())
    except (OSError, ValueError):
        return None


def _digests(files: ClassFiles) -> list[str]:
    found = []
    for path in (files.html, files.pdf):
        with suppress(OSError):
            if path is not None:
                found.append(hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def _content_digest(graded: GradedClass, made: date, anonymous: bool) -> str:
    """SHA-256 (hex) over all that the report is made of, labgrade's own templates and code included."""
    known = [made.isoformat(), anonymous, graded.lab, graded.language, sorted(graded.problems.items())]
    digest = hashlib.sha256(json.dumps(known).encode())
    for name in sorted(graded.results):
        digest.update(name.encode() + graded.results[name].model_dump_json().encode())
    for folder in (templates_folder(), Path(__file__).parents[1]):
        for file in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".j2", ".css")):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
