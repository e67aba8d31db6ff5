"""Criteria are found, not listed: in the room, in installed packages, and in a lab's own `checks.py`."""

from __future__ import annotations

import pickle
import sys
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from grader.criteria import registry
from grader.criteria.registry import criteria_for, criterion_of
from grader.errors import UserError
from grader.submissions.rubric_file import load_rubric

CHECKS = '''
"""Criteria of this lab alone."""

from typing import ClassVar, Literal

from grader.criteria import Case, Criterion
from grader.records.result import Verdict


class NamedCriterion(Criterion):
    """The answer names the group's members."""

    title: ClassVar[str] = "Names"
    about: ClassVar[str] = "text"
    sentences: ClassVar[dict[str, str]] = {"names": "{names:count name} {names:plural is/are} given."}

    kind: Literal["named"] = "named"
    names: int = 2

    def judge(self, case: Case) -> Verdict:
        count = case.answer.count("@")
        return self.graded(min(1.0, count / self.names), self.because("names", names=count))
'''
RUBRIC = """\
version: 1
title: A lab
questions:
  - id: "1"
    title: Who
    criteria:
      - named: {points: 1, names: 3}
      - written: {points: 1}
"""


def test_a_labs_own_checks(tmp_path: Path) -> None:
    """A rubric may ask for what its own `checks.py` defines, with its options; another lab knows nothing of it."""
    (tmp_path / "checks.py").write_text(CHECKS)
    (tmp_path / "rubric.yaml").write_text(RUBRIC)
    criterion = load_rubric(tmp_path).questions[0].criteria[0]
    assert (criterion.kind, criterion.title, criterion.points) == ("named", "Names", 1.0)
    assert criterion.model_dump()["names"] == 3
    assert "named" not in criteria_for()


def test_a_labs_own_criterion_travels(tmp_path: Path) -> None:
    """A worker process that never read the lab's rubric loads its `checks.py` by itself."""
    (tmp_path / "checks.py").write_text(CHECKS)
    criterion = criterion_of({"kind": "named", "points": 2, "names": 4}, tmp_path)
    travelled = pickle.loads(pickle.dumps(criterion))
    assert travelled == criterion
    assert travelled.kind == "named"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "holds no criterion"),
        ("x = 1\nraise ValueError('no')\n", "checks.py:2: cannot be run (ValueError: no)"),
        ("def f(:\n", "checks.py:1: cannot be run (SyntaxError"),
    ],
)
def test_checks_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    """A `checks.py` with a mistake is refused in one line, with file and line."""
    (tmp_path / "checks.py").write_text(text)
    with pytest.raises(UserError) as raised:
        criteria_for(tmp_path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_package_brings_criteria(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point of an installed package adds its criterion to the others."""
    module = ModuleType("a_package")
    sys.modules["a_package"] = module
    try:
        exec(compile(CHECKS, "a_package", "exec"), module.__dict__)
        entry = EntryPoint(name="named", value="a_package:NamedCriterion", group=registry.GROUP)
        monkeypatch.setattr(metadata, "entry_points", lambda group: [entry] if group == registry.GROUP else [])
        registry._known.cache_clear()
        assert criteria_for()["named"].title == "Names"
    finally:
        del sys.modules["a_package"]
        registry._known.cache_clear()


def test_every_file_is_one_criterion() -> None:
    """A file of the room's folders holds one criterion, and bears its name."""
    for kind, one in criteria_for().items():
        assert one.__module__.rsplit(".", 1)[-1] == kind
