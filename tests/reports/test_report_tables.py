"""`result.json`: written whole, read back, and refused when it is newer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from report_records import result

from grader.errors import UserError
from grader.reports.files import read_result, result_json, write_result, write_whole


def test_a_result_survives_the_file(tmp_path: Path) -> None:
    """What is read back equals what was written, NaN in a history included."""
    write_result(result(), tmp_path / "result.json")
    assert result_json(read_result(tmp_path / "result.json")) == result_json(result())


def test_the_file_has_the_promised_shape() -> None:
    """Names and order of the fields are those that exports rely on."""
    data = json.loads(result_json(result()))
    assert list(data)[:5] == ["version", "submission", "rubric", "effort", "score"]
    assert list(data["score"]) == ["points", "decided", "awarded", "awaiting"]
    assert set(data["questions"][0]) == {"id", "title", "points", "awarded", "status", "verdicts", "answer", "basis"}
    assert data["models"][0]["histories"][0]["loss"] == [2.3, "NaN"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"version": 3}', "newer labgrade"),
        ("{", "damaged"),
        ("[]", "damaged"),
        ("{}", "damaged"),
        ("[" * 100_000, "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, text: str, why: str) -> None:
    """Newer, broken and foreign files give one line that says what to do."""
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(UserError, match=why) as raised:
        read_result(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_says_what_to_run(tmp_path: Path) -> None:
    """Without a result the teacher is told how to make one."""
    with pytest.raises(UserError, match="labgrade check"):
        read_result(tmp_path / "none.json")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up half-way leaves neither half a file nor a temporary one."""
    path = tmp_path / "result.json"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        write_whole(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.json"]
    assert path.read_text() == "old"


def test_written_files_follow_the_umask(tmp_path: Path) -> None:
    """A report can be read by those who may read other new files."""
    mask = os.umask(0o022)
    try:
        write_whole(tmp_path / "a", b"x")
    finally:
        os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_result_of_version_1_is_read(tmp_path: Path) -> None:
    """What labgrade 1 wrote reads as it stood: without titles and reasons, and `skipped` under its new name."""
    content = result().as_json() | {"version": 1}
    for question in content["questions"]:
        for verdict in question["verdicts"]:
            del verdict["title"], verdict["reasons"]
            verdict["status"] = "skipped" if verdict["status"] == "absent" else verdict["status"]
    assert "skipped" in json.dumps(content)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(content))
    read = read_result(path)
    assert read.version == 2
    assert [v.status for q in read.questions for v in q.verdicts] == [
        v.status for q in result().questions for v in q.verdicts
    ]
    assert [v.explanation for q in read.questions for v in q.verdicts] == [
        v.explanation for q in result().questions for v in q.verdicts
    ]
    assert read.score == result().score
