"""Where the rubrics and templates that ship with labgrade lie."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _shipped(name: str) -> Path:
    beside = _PACKAGE.parent / name
    return beside if beside.is_dir() else _PACKAGE / "_bundled" / name


def rubrics_folder() -> Path:
    """The folder with one folder per lab."""
    return _shipped("rubrics")


def templates_folder() -> Path:
    """The folder with the report's templates and style sheet."""
    return _shipped("templates")
