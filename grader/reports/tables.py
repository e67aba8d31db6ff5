"""`result.json`: a result as a file, and back."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pydantic import ValidationError

from grader.errors import UserError
from grader.records.result import Result

RESULT_VERSION = 1
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
        version = _version(json.loads(text))
        if version is not None and version > RESULT_VERSION:
            raise UserError(
                f"{path}: written by a newer labgrade (result version {version}; this one reads {RESULT_VERSION}). "
                "Update labgrade, or grade the submission again."
            )
        return Result.model_validate_json(text)
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
