"""The files of reports and documents, whether they are still what they were, and `result.json` both ways.

Nothing that renders is loaded here: the cache of reports, `review` and `export` need the files alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from grader.assets import templates_folder
from grader.errors import UserError
from grader.records import Result, upgrade


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


def remove_stale(pdf: Path) -> None:
    """Remove the PDF of an earlier run, which would contradict what was written now. Raises `UserError`."""
    try:
        pdf.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{pdf}: an older report lies there and cannot be removed. Remove it by hand.") from error


def entry_content(entry: Path) -> object:
    """What the manifest `entry` holds; `None` when it is missing or damaged."""
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


@lru_cache(maxsize=1)
def printing_code() -> bytes:
    """SHA-256 over the templates and this room's code, which every document rests on: read once in a process."""
    parts = bytearray()
    for folder in (templates_folder(), Path(__file__).parent):
        for file in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".j2", ".css")):
            parts += file.name.encode() + file.read_bytes()
    return hashlib.sha256(parts).digest()


# `result.json`: a result as a file, and back.

RESULT_VERSION = 2
"""The version of `result.json` that is written, and the newest that is read."""


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


def _version(value: object) -> int | None:
    version = value.get("version") if isinstance(value, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _reason(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "not UTF-8 text"


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
