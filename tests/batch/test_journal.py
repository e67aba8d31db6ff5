"""The journal over versions: what an older labgrade noted still counts, what a newer one noted is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.batch.job import Journal, Note
from grader.errors import UserError


def written(folder: Path, **changes: object) -> Journal:
    """A journal with one note, its file changed afterwards; `None` takes a field away."""
    journal = Journal(folder)
    journal.write("group1", "abc", True, "3 of 4 points", "2026-01-02")
    path = folder / ".labgrade" / "journal" / "group1.json"
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))
    return journal


def test_a_note_comes_back(tmp_path: Path) -> None:
    """As it was written, as long as the files are what they were."""
    journal = written(tmp_path)
    assert journal.note("group1") == Note("abc", True, "3 of 4 points", "2026-01-02")
    (tmp_path / "group1").mkdir()
    (tmp_path / "group1" / "result.json").write_text("{}")
    assert journal.note("group1") is None
    assert journal.day("group1") == "2026-01-02"


def test_a_note_of_version_1_still_counts(tmp_path: Path) -> None:
    """It called the fingerprint basis."""
    journal = written(tmp_path, version=1, fingerprint=None, basis="abc")
    assert journal.fingerprint("group1") == "abc"
    assert journal.note("group1") == Note("abc", True, "3 of 4 points", "2026-01-02")


def test_a_newer_note_is_not_written_over(tmp_path: Path) -> None:
    """A teacher is told what to do, in one line."""
    with pytest.raises(UserError, match=r"newer labgrade.*--out") as error:
        written(tmp_path, version=3).note("group1")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("changes", [{"version": "x"}, {"fingerprint": 7}, {"day": None}, {"version": None}], ids=str)
def test_a_damaged_note_is_none(tmp_path: Path, changes: dict[str, object]) -> None:
    """What cannot be read is graded again."""
    journal = written(tmp_path, **changes)
    assert journal.note("group1") is None
    assert journal.fingerprint("group1") == ""
