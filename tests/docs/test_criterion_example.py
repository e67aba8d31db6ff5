"""The criterion in docs/extending.md, run as a lab's own `checks.py`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fictional_recordings import Stage, matched, mlp, question_of, reference_lab

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.criteria.registry import criteria_for
from grader.records import Score, Verdict
from grader.submissions.rubric_file import load_rubric

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
RUBRIC = """\
version: 1
title: House prices
questions:
  - id: "1"
    title: A network for prices
    model: small_mlp
    criteria:
      - mae: {points: 2, at_most: 3.5}
"""


def judge(folder: Path, metrics: dict[str, float]) -> Verdict:
    """The verdict of the page's criterion on a training whose model was measured so."""
    page = PAGE.read_text(encoding="utf-8")
    example = re.search(r"^```python\n# checks\.py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert example is not None
    (folder / "checks.py").write_text(example[1], encoding="utf-8")
    (folder / "rubric.yaml").write_text(RUBRIC, encoding="utf-8")
    criterion = load_rubric(folder).questions[0].criteria[0]
    stage = Stage()
    training = stage.train(1, mlp(64, 64), test=Score(dataset="houses", rows=100, metrics=metrics))
    asked = question_of("1", {"kind": "written", "points": 1}, model="small_mlp")
    question, match = matched(asked, stage, [training])
    return verdict_of(criterion, Case(question, match, reference_lab()))


@pytest.mark.parametrize(
    ("metrics", "status", "awarded", "code"),
    [
        ({"mae": 2.0}, "passed", 2.0, "mae.small_enough"),
        ({"mae": 9.25, "mse": 100.0}, "failed", 0.0, "mae.too_large"),
        ({"accuracy": 0.9}, "review", 0.0, "mae.not_measured"),
    ],
)
def test_a_labs_own_criterion_judges(
    tmp_path: Path, metrics: dict[str, float], status: str, awarded: float, code: str
) -> None:
    """What the page shows decides by labgrade's own measurement and leaves the rest to a person."""
    found = judge(tmp_path, metrics)
    assert (found.status, found.awarded, found.reasons[0].code) == (status, awarded, code)
    assert found.title == "Mean absolute error"


def test_another_lab_does_not_know_it(tmp_path: Path) -> None:
    """The criterion is that lab's alone."""
    judge(tmp_path, {"mae": 1.0})
    assert "mae" in criteria_for(tmp_path)
    assert "mae" not in criteria_for()
