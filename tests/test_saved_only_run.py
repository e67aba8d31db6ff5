from __future__ import annotations

from pathlib import Path

import pytest

from grader.options import Options
from grader.records import Rubric, Silence
from grader.session import Session
from grader.submissions.read import read_submission

LAB = Rubric(version=1, name="lab", title="Lab", questions=())


@pytest.mark.parametrize(
    ("text", "saved_only", "says"),
    [
        ("# Report\n\n```python\nx = 1\n```\n", True, "--saved-only"),
        ("# Report\n\nNo code at all.\n", False, "no code"),
        ("# Report\n\n```python\ndef f(:\n```\n", False, "no code"),
    ],
)
def test_nothing_is_started(tmp_path: Path, text: str, saved_only: bool, says: str) -> None:
    """Where nothing is to be run, no server is started, and the recording says why nothing ran."""
    (tmp_path / "report.md").write_text(text)
    options = Options(cache=tmp_path / "cache", saved_only=saved_only)
    with Session(options, Silence()) as session:
        recording = session.rerun(read_submission(tmp_path / "report.md"), LAB)
        assert session._server is None
    assert recording.outcome.status == "not run"
    assert says in recording.outcome.message
    assert recording.events == ()
