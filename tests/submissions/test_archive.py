from __future__ import annotations

import io
import json
import stat
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.submissions.read import read_submission

NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1"}], "nbformat": 4}).encode()


def packed(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, data in members:
            archive.writestr(name, data, method)
    return out.getvalue()


def special(name: str, mode: int, target: bytes) -> tuple[zipfile.ZipInfo, bytes]:
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = mode << 16
    return member, target


def locked(data: bytes) -> bytes:
    """`data` with the flag of encryption set on each member."""
    out = bytearray(data)
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = out.find(mark)
        while place >= 0:
            out[place + offset] |= 1
            place = out.find(mark, place + 4)
    return bytes(out)


def test_archive_is_read_like_a_folder(tmp_path: Path) -> None:
    """Notebooks of a zip archive are read; systems' leftovers are not; the archive names the group."""
    path = tmp_path / "group7.zip"
    path.write_bytes(
        packed(
            ("lab/part2.ipynb", NOTEBOOK),
            ("lab\\part10.ipynb", NOTEBOOK.replace(b"1", b"2")),
            ("__MACOSX/lab/._part2.ipynb", b"junk"),
            ("lab/.ipynb_checkpoints/part2-checkpoint.ipynb", NOTEBOOK),
            ("lab/data.csv", b"1,2"),
        )
    )
    submission = read_submission(path)
    assert submission.name == "group7"
    assert submission.files == ("lab/part2.ipynb", "lab/part10.ipynb")
    assert any("data.csv" in note for note in submission.notes)


def test_archive_in_a_folder_and_in_an_archive(tmp_path: Path) -> None:
    """An archive in a folder is opened, one within an archive too, one deeper is named."""
    inner = packed(("deep.ipynb", NOTEBOOK))
    (tmp_path / "all.zip").write_bytes(packed(("a.ipynb", NOTEBOOK), ("inner.zip", inner)))
    submission = read_submission(tmp_path)
    assert submission.files == ("all.zip/a.ipynb",)
    assert any("inner.zip" in note and "unpack" in note for note in submission.notes)
    outer = tmp_path / "outer.zip"
    outer.write_bytes(packed(("inner.zip", inner)))
    assert read_submission(outer).files == ("inner.zip/deep.ipynb",)


def test_names_that_lead_out(tmp_path: Path) -> None:
    """Nothing is written outside, whatever names say; such members are named and passed over."""
    path = tmp_path / "in" / "g.zip"
    path.parent.mkdir()
    names = ("../evil.py", "/tmp/labgrade-evil.py", "C:\\evil.py", "a/../../evil.py", "..\\evil.py")
    path.write_bytes(packed(*((name, b"evil = 1") for name in names), ("good.py", b"x = 1")))
    submission = read_submission(path)
    assert submission.files == ("good.py",)
    assert any("leads out" in note or "leads" in note or "out of the archive" in note for note in submission.notes)
    assert [found.name for found in tmp_path.rglob("*evil*")] == []


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices(tmp_path: Path, mode: int) -> None:
    """Links, pipes and devices in an archive are no files."""
    path = tmp_path / "g.zip"
    path.write_bytes(packed(special("a.py", mode | 0o644, b"/etc/passwd"), ("good.py", b"x = 1")))
    submission = read_submission(path)
    assert submission.files == ("good.py",)
    assert any("no plain file" in note for note in submission.notes)


def test_bombs(tmp_path: Path) -> None:
    """Members that unpack to hundreds of times their size, and too much in all, are not unpacked."""
    path = tmp_path / "g.zip"
    path.write_bytes(packed(("bomb.py", b"\0" * 50_000_000), ("good.py", b"x = 1")))
    submission = read_submission(path)
    assert submission.files == ("good.py",)
    assert any("far more than it packs" in note for note in submission.notes)


def test_too_many_members(tmp_path: Path) -> None:
    """An archive with tens of thousands of files is refused."""
    path = tmp_path / "g.zip"
    path.write_bytes(packed(*((f"{number}.py", b"") for number in range(20_001)), method=zipfile.ZIP_STORED))
    with pytest.raises(UserError, match="more than 20,000 files"):
        read_submission(path)


def test_locked_archives(tmp_path: Path) -> None:
    """An archive with a password says so."""
    path = tmp_path / "g.zip"
    path.write_bytes(locked(packed(("a.py", b"x = 1"))))
    with pytest.raises(UserError, match="locked with a password"):
        read_submission(path)


def test_names_twice(tmp_path: Path) -> None:
    """Of two members with one name the first is read, and that is noted."""
    path = tmp_path / "g.zip"
    path.write_bytes(packed(("a.py", b"first = 1"), ("a.py", b"second = 2")))
    submission = read_submission(path)
    assert [cell.source for cell in submission.cells] == ["first = 1"]
    assert any("twice" in note for note in submission.notes)


@pytest.mark.parametrize("cut", [4, 30, 60, 100])
def test_damaged_archives(tmp_path: Path, cut: int) -> None:
    """A damaged archive is refused, or its damaged members are named, in one line."""
    data = packed(("a.py", b"x = 1\n" * 50), ("b.py", b"y = 2\n"))
    for damaged in (data[:-cut], data[:cut], data[:cut] + b"\xff\xff" + data[cut + 2 :]):
        path = tmp_path / "g.zip"
        path.write_bytes(damaged)
        with suppress(UserError):
            assert read_submission(path).cells
