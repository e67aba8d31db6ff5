"""The files of reports: what they are, whether they still are what they were, and `result.json` both ways.

A report that nothing has changed is not rendered again. A manifest in a folder of labgrade's own remembers which files
came from which content. The content of a report is all that it is made of, labgrade's own templates and code included;
where it is the same, and the files lie there unchanged, they stay. What draws and prints is loaded only where something
has to be rendered: judging alone, `review` and `export` never need it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from grader.assets import templates_folder
from grader.errors import UserError
from grader.records import Match, Reference, Result, upgrade

RESULT_VERSION = 2
"""The version of `result.json` that is written, and the newest that is read."""


@dataclass(frozen=True)
class ReportFiles:
    """The three files of one submission's report, as they were written."""

    html: Path
    result: Path
    pdf: Path | None
    """`None` when no PDF could be made."""
    note: str = ""
    """One line for the terminal: why there is no PDF, and what to do; else empty."""


@dataclass(frozen=True)
class DocumentFiles:
    """The two files of any other document, as they were written."""

    html: Path
    pdf: Path | None
    """`None` when no PDF could be made."""
    note: str = ""
    """Why there is no PDF, and what to do; else empty."""


@dataclass(frozen=True)
class GradedClass:
    """The results of one lab's submissions, and what could not be graded."""

    lab: str
    """Title of the lab."""
    results: Mapping[str, Result]
    """By the name of the submission; at least one."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Submission without a result -> why."""
    language: str = "en"
    """Of the rubric, as a BCP 47 tag; the report's HTML declares it."""


def cached_report(
    result: Result, match: Match, reference: Reference, folder: Path, graded: date, manifests: Path
) -> ReportFiles:
    """The report in `folder`: as it lies there when it was made from the same content, else written anew.

    `manifests` is the folder that remembers. Raises `UserError` when `folder` cannot be written.
    """
    entry, files = _entry(result, match, reference, graded, manifests), _report_files(folder)
    if _entry_content(entry) == _digests(files):
        return files
    from grader.reports.pages import write_report

    files = write_report(result, match, reference, folder, graded)
    if files.pdf is not None:
        _remember(entry, _digests(files))
    return files


def find_cached_report(
    result: Result, match: Match, reference: Reference, folder: Path, graded: date, manifests: Path
) -> ReportFiles | None:
    """The report in `folder` if it was made from this content on the day `graded`, and lies there unchanged."""
    entry, files = _entry(result, match, reference, graded, manifests), _report_files(folder)
    return files if _entry_content(entry) == _digests(files) else None


def cached_class_report(
    graded: GradedClass, folder: Path, made: date, anonymous: bool, stem: str, manifests: Path
) -> DocumentFiles:
    """The class report in `folder` as it lies there when it was made from the same content, else written anew.

    `manifests` is the folder that remembers. Raises `UserError` when `folder` cannot be written.
    """
    entry = manifests / f"{stem}.json"
    files = DocumentFiles(folder / f"{stem}.html", folder / f"{stem}.pdf")
    content = _class_content(graded, made, anonymous)
    if _entry_content(entry) == [content, *_digests(files).values()]:
        return files
    from grader.reports.class_report import write_class

    files = write_class(graded, folder, made, anonymous, stem)
    if files.pdf is not None:
        _remember(entry, [content, *_digests(files).values()])
    return files


def _report_files(folder: Path) -> ReportFiles:
    return ReportFiles(folder / "report.html", folder / "result.json", folder / "report.pdf")


def _entry_content(entry: Path) -> object:
    """What the manifest `entry` holds; `None` when it is missing or damaged."""
    try:
        return json.loads(entry.read_text())
    except (OSError, ValueError):
        return None


def _remember(entry: Path, value: object) -> None:
    """Write a manifest. One that cannot be written costs nothing but the time of another rendering."""
    with suppress(UserError):
        write_whole(entry, json.dumps(value).encode())


def _digests(files: ReportFiles | DocumentFiles) -> dict[str, str]:
    """Name -> SHA-256 (hex) of the files that are there, in a fixed order."""
    result = files.result if isinstance(files, ReportFiles) else None
    found = {}
    for path in (files.html, result, files.pdf):
        with suppress(OSError):
            if path is not None:
                found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _entry(result: Result, match: Match, reference: Reference, graded: date, manifests: Path) -> Path:
    """The manifest of a report: named by the SHA-256 over its content."""
    digest = hashlib.sha256(graded.isoformat().encode())
    for record in (result, match, reference):
        digest.update(record.model_dump_json().encode())
    digest.update(_printing_code())
    return manifests / f"{digest.hexdigest()}.json"


def _class_content(graded: GradedClass, made: date, anonymous: bool) -> str:
    """SHA-256 (hex) over the content of a class report."""
    known = [made.isoformat(), anonymous, graded.lab, graded.language, sorted(graded.problems.items())]
    digest = hashlib.sha256(json.dumps(known).encode())
    for name in sorted(graded.results):
        digest.update(name.encode() + graded.results[name].model_dump_json().encode())
    digest.update(_printing_code())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _printing_code() -> bytes:
    """SHA-256 over the templates and this room's code, which every document rests on: read once in a process."""
    parts = bytearray()
    for folder in (templates_folder(), Path(__file__).parent):
        for file in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".j2", ".css")):
            parts += file.name.encode() + file.read_bytes()
    return hashlib.sha256(parts).digest()


def result_json(result: Result) -> str:
    """`result` as JSON text with a final line break; NaN and infinity are strings."""
    return result.model_dump_json(indent=2) + "\n"


def write_result(result: Result, path: Path) -> None:
    """Writes `result` to `path`, whole or not at all. Raises `UserError` when the folder cannot be written."""
    write_whole(path, result_json(result).encode())


def read_result(path: Path) -> Result:
    """The result in the file at `path`. Raises `UserError` when it is missing, damaged, or of a newer labgrade."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file. Run `labgrade check` first.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({_reason(error)}).") from error
    try:
        content = json.loads(text)
        version = _version(content)
        if version is not None and version > RESULT_VERSION:
            raise UserError(
                f"{path}: written by a newer labgrade (result version {version}; this one reads {RESULT_VERSION}). "
                "Update labgrade, or grade the submission again."
            )
        return Result.model_validate_json(json.dumps(upgrade(content)) if version == 1 else text)
    except (json.JSONDecodeError, RecursionError, ValidationError) as error:
        raise UserError(f"{path}: not a result of labgrade, or damaged. Grade the submission again.") from error


def write_whole(path: Path, data: bytes) -> None:
    """Writes `data` to a temporary file beside `path` and renames it, so that no half-written file is ever seen.

    Makes the folder. Raises `UserError` when it cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"{path.parent}: the report cannot be written there ({_reason(error)}). Choose another folder with --out."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def remove_stale(pdf: Path) -> None:
    """Remove the PDF of an earlier run, which would contradict what was written now. Raises `UserError`."""
    try:
        pdf.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{pdf}: an older report lies there and cannot be removed. Remove it by hand.") from error


def _version(value: object) -> int | None:
    version = value.get("version") if isinstance(value, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _reason(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "not UTF-8 text"


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
