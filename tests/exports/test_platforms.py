"""Platforms are found by what they declare."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import grader.exports
from grader.cli import main
from grader.errors import UserError
from grader.exports.platform import ExportRequest, platforms

NAMED = """
from grader.exports.platform import Platform

PLATFORM = Platform(name="{name}", writes="`x.csv`", export=lambda request: None)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules count as modules of grader/exports."""
    monkeypatch.setattr(grader.exports, "__path__", [*grader.exports.__path__, str(tmp_path)])
    platforms.cache_clear()
    yield tmp_path
    sys.modules.pop("grader.exports.ours", None)
    platforms.cache_clear()


def test_a_platform_is_added_by_its_own_file(folder: Path) -> None:
    """A file in the folder that declares PLATFORM is a choice of `--to`, in the order of the names."""
    (folder / "ours.py").write_text(NAMED.format(name="ours"))
    shown = CliRunner().invoke(main, ["export", "--help"]).output
    assert "[brightspace|canvas|csv|gradescope|moodle|ours]" in shown


def test_two_platforms_of_one_name(folder: Path) -> None:
    """Two of one name are refused: grades would go out in a form that nobody chose."""
    (folder / "ours.py").write_text(NAMED.format(name="canvas"))
    with pytest.raises(UserError, match="Two exports are called 'canvas'"):
        platforms()


@pytest.mark.parametrize(
    ("name", "asks"), [("canvas", "the gradebook that Canvas exports"), ("moodle", "Moodle's grading worksheet")]
)
def test_a_platform_asks_for_its_sheet(name: str, asks: str, tmp_path: Path) -> None:
    """A platform whose own list is filled in says which one to give."""
    with pytest.raises(UserError, match=f"Give {asks} with --sheet"):
        platforms()[name].export(ExportRequest(grades=[], reports=tmp_path))


def test_a_platform_that_there_is_not() -> None:
    """An unknown name is answered with those that there are."""
    answer = CliRunner().invoke(main, ["export", "--to", "kanvas"])
    assert answer.exit_code == 2
    assert "'kanvas' is not one of brightspace, canvas, csv, gradescope, moodle." in answer.output
