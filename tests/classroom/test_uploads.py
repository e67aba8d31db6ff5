"""Names in bulk downloads, as the platforms' own sources build them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from grader.classroom.downloads import Upload, upload_of
from grader.classroom.roster import read_roster
from grader.classroom.sheets import read_time


@pytest.mark.parametrize(
    ("name", "who", "user", "rest", "late"),
    [
        ("oneilbo_20001_900001_lab-1.ipynb", "oneilbo", "20001", "lab-1.ipynb", False),
        ("müllerlüdenscheidtada_LATE_20001_900001_lab_2.ipynb", "müllerlüdenscheidtada", "20001", "lab_2.ipynb", True),
        ("王小明_20001_900001_实验.ipynb", "王小明", "20001", "实验.ipynb", False),
        ("van_der_bergflo_20001_900001_2_lab.py", "van_der_bergflo", "20001", "2_lab.py", False),
        ("group_1_20001_900001_lab.py", "group_1", "20001", "lab.py", False),
        ("group_1_LATE_20001_900001_lab.py", "group_1", "20001", "lab.py", True),
        ("exampleada_20001_text.html", "exampleada", "20001", "text.html", False),
        ("anon_aB3x9_900001_lab.ipynb", "anon_aB3x9", "aB3x9", "lab.ipynb", False),
        ("LATE_anon_aB3x9_900001_lab.ipynb", "anon_aB3x9", "aB3x9", "lab.ipynb", True),
    ],
)
def test_canvas_names(name: str, who: str, user: str, rest: str, late: bool) -> None:
    """Underscores, other alphabets, groups with a number, typed text and anonymous students."""
    number = "" if who.startswith("anon") else user
    assert upload_of(name, is_file=True) == Upload("canvas", who, user, number, rest, late)


@pytest.mark.parametrize(
    ("name", "who", "number"),
    [
        ("Ada O'Neil-Müller_4711_assignsubmission_file", "Ada O'Neil-Müller", "4711"),
        ("Lab A-Bo van_der Berg_4712_assignsubmission_file_", "Lab A-Bo van_der Berg", "4712"),
        ("小明 王_4713_assignsubmission_file", "小明 王", "4713"),
        ("Participant_4714_assignsubmission_file", "Participant", "4714"),
        ("Default group_assignsubmission_file", "Default group", ""),
    ],
)
def test_moodle_names(name: str, who: str, number: str) -> None:
    """Signs in names, groups, anonymous participants, and those who belong to no group."""
    assert upload_of(name, is_file=False) == Upload("moodle", who, number or who, number)


def test_brightspace_numbers_do_not_tell_students_apart(tmp_path: Path) -> None:
    """Where both numbers are those of the whole folder, the names do; a name may hold a dash of its own."""
    names = (
        "397063-2557369 - Mary-Ann Example - Sep 24, 2026 926 PM",
        "397063-2557369 - Lab - Group 3 - Sep 24, 2026 926 PM",
        "397063-2557369 - Bo Example - 24 september, 2026 2126",
    )
    for name in names:
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "lab.py").write_text("x = 1\n")
    entries = read_roster(tmp_path / "in", tmp_path / "staging").entries
    assert sorted(entry.members[0].name for entry in entries) == ["Bo Example", "Lab - Group 3", "Mary-Ann Example"]
    assert {entry.members[0].id for entry in entries} == {""}
    assert all(entry.submitted is not None for entry in entries)


def test_names_in_an_archive_that_does_not_say_utf8(tmp_path: Path) -> None:
    """Canvas and macOS store UTF-8 names without saying so: they are read as such, and leftovers are passed over."""
    plain = zipfile.ZipInfo("x")
    plain.filename = "müllerada_20001_900001_lab.py".encode().decode("cp437")
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        archive.writestr(plain, "x = 1\n")
        archive.writestr("__MACOSX/._müllerada_20001_900001_lab.py", "")
        archive.writestr("oneilbo_20002_900002_lab.py", "x = 1\n")
        archive.writestr(".DS_Store", "")
    data = (tmp_path / "submissions.zip").read_bytes()
    raw = plain.filename.encode("utf-8")
    (tmp_path / "submissions.zip").write_bytes(as_cp437(data, raw))
    entries = read_roster(tmp_path / "submissions.zip", tmp_path / "staging").entries
    assert [entry.name for entry in entries] == ["müllerada 20001", "oneilbo 20002"]


def as_cp437(data: bytes, name: bytes) -> bytes:
    """The archive with the first name's flag for UTF-8 taken away and its bytes as an old tool writes them."""
    short = "müllerada_20001_900001_lab.py".encode()
    padded = short + b"_" * (len(name) - len(short))
    assert data.count(name) == 2
    for place in (30, 46):  # in the local header and in the central directory, the flags lie 24 and 38 bytes before
        at = data.index(name) if place == 30 else data.rindex(name)
        flags = at - (24 if place == 30 else 38)
        data = data[:flags] + b"\0\0" + data[flags + 2 :]
    return data.replace(name, padded)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Mar 1, 2026 1159 PM", "2026-03-01T23:59:00"),
        ("1 mars, 2026 2359", "2026-03-01T23:59:00"),
        ("1. März 2026 23.59", "2026-03-01T23:59:00"),
        ("lundi 2 mars 2026, 23:59", "2026-03-02T23:59:00"),
        ("2 de marzo de 2026, 23:59", "2026-03-02T23:59:00"),
        ("févr. 3, 2026 905 AM", "2026-02-03T09:05:00"),
        ("Monday, 2 March 2026, 11:59 PM", "2026-03-02T23:59:00"),
    ],
)
def test_times_in_five_languages(text: str, iso: str) -> None:
    """Brightspace and Moodle write times in the language of whoever downloads."""
    found = read_time(text)
    assert found is not None
    assert found.isoformat() == iso


def test_no_time_is_invented() -> None:
    """What is no time is none."""
    assert [read_time(text) for text in ("", "yesterday", "31 Feb 2026 2359", "lab 3, 2026")] == [None] * 4
