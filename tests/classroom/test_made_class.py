"""The made-up class: as folders and as three platforms' downloads, from the roster to the readable hand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_class import BROKEN, as_download, made_class, zipped

from grader.classroom.roster import read_roster
from grader.errors import UserError
from grader.submissions.read import read_submission


@pytest.mark.parametrize("form", ["folder", "canvas", "moodle", "brightspace"])
def test_every_hand_in_is_found_and_the_broken_ones_alone_cannot_be_read(tmp_path: Path, form: str) -> None:
    """Of twenty-four submissions five are broken, and of one of those a half is saved: the others are all read,
    whatever the platform called them."""
    names = made_class(tmp_path / "class", 24)
    source = tmp_path / "class"
    if form != "folder":
        source = zipped(as_download(source, tmp_path / form, form))
    entries = read_roster(source, tmp_path / "staging").entries
    assert len(entries) == len(names) - (form != "folder")  # a zip holds no empty folder
    readable = [entry.name for entry in entries if is_readable(Path(entry.path))]
    assert len(readable) == len(names) - len(BROKEN) + 1
    assert len({entry.name for entry in entries}) == len(entries)


def is_readable(path: Path) -> bool:
    try:
        return bool(read_submission(path).cells)
    except UserError:
        return False


def test_same_class_is_made_twice(tmp_path: Path) -> None:
    """The generator is deterministic."""
    for name in ("one", "two"):
        made_class(tmp_path / name, 9)
    files = [sorted(p for p in (tmp_path / name).rglob("*") if p.is_file()) for name in ("one", "two")]
    assert [p.relative_to(tmp_path / "one") for p in files[0]] == [p.relative_to(tmp_path / "two") for p in files[1]]
    same = [a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True) if a.suffix != ".zip"]
    assert all(same)
