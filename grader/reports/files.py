"""The files of reports and documents, and whether they are still what they were. Nothing that renders is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from grader.assets import templates_folder
from grader.errors import UserError


@dataclass(frozen=True)
class ReportFiles:
    """What was written."""

    html: Path
    result: Path
    pdf: Path | None
    """`None` when no PDF could be made."""
    note: str = ""
    """One line for the terminal: why there is no PDF, and what to do; else empty."""


@dataclass(frozen=True)
class DocumentFiles:
    """What was written."""

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


@lru_cache(maxsize=1)
def printing_code() -> bytes:
    """SHA-256 over the templates and this room's code, which every document rests on: read once in a process."""
    parts = bytearray()
    for folder in (templates_folder(), Path(__file__).parent):
        for file in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".j2", ".css")):
            parts += file.name.encode() + file.read_bytes()
    return hashlib.sha256(parts).digest()
