"""`labgrade rubric`: what a teacher sees of a rubric, and a solution held against it."""

from __future__ import annotations

import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

from grader.cli import main
from grader.functions.loading import load_cases

RUBRIC = """\
version: 1
title: Two functions
questions:
  - id: "1"
    title: Doubling
    criteria:
      - function: {points: 2}
  - id: "2"
    title: Why doubling matters
    criteria:
      - written: {points: 1}
"""
CASES = """
import numpy as np
from numpy.testing import assert_allclose
from grader.functions import FunctionTests

class TestDouble(FunctionTests):
    question = "1"
    names = ("double", "twice")
    arguments = {"x": ("values",)}

    def test_doubles(self, call):
        '''Three numbers'''
        assert_allclose(call(np.arange(3.0)), [0, 2, 4])
"""
SOLUTION = """\
# %% [markdown]
# ### Question 1

# %%
def double(x):
    return x + x

# %% [markdown]
# ### Question 2
#
# Because it does.
"""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A lab without models: nothing is trained."""
    folder = tmp_path / "doubling"
    folder.mkdir()
    for name, text in (("rubric.yaml", RUBRIC), ("cases.py", CASES), ("solution.py", SOLUTION)):
        (folder / name).write_text(dedent(text))
    return folder


def labgrade(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_list_names_each_lab_with_its_points() -> None:
    """The three labs that come along, each worth what its sheet says."""
    printed = labgrade("rubric", "list")
    assert printed.exit_code == 0
    assert "image-recognition" in printed.output
    assert "100" in printed.output


def test_show_lists_questions_and_criteria(lab: Path) -> None:
    """One line for each question, with its criteria."""
    printed = labgrade("rubric", "show", lab)
    assert printed.exit_code == 0
    assert "2 questions, 3 points" in printed.output
    assert "function 2" in printed.output


def test_show_knows_no_such_lab() -> None:
    """A name that is none is one line and exit code 2."""
    printed = labgrade("rubric", "show", "image-recogniton")
    assert printed.exit_code == 2
    assert "Traceback" not in printed.output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("cases.py", "import numpy as np", "import nunpy as np"), "cases.py:2: ModuleNotFoundError"),
        (("cases.py", 'question = "1"', 'question = "7"'), "question 7 has no criterion 'function'"),
        (("cases.py", "'''Three numbers'''", "pass"), "needs a docstring"),
        (("cases.py", "def test_doubles", "def doubles"), "has no case"),
        (("cases.py", "class TestDouble", "class TestDouble("), "cases.py:6:"),
        (("cases.py", CASES, "x = 1"), "no class with question"),
    ],
)
def test_a_teachers_mistake_is_one_line(lab: Path, change: tuple[str, str, str], said: str) -> None:
    """What is wrong in cases.py is said with file and line, before anything is run."""
    file, old, new = change
    text = (lab / file).read_text()
    assert dedent(old) in text
    (lab / file).write_text(text.replace(dedent(old), new))
    printed = labgrade("rubric", "validate", lab, "--cache", lab.parent / "cache")
    assert printed.exit_code == 2
    assert said in printed.output
    assert printed.output.count("labgrade:") == 1


def test_cases_in_a_folder(lab: Path) -> None:
    """The tests may be several files, which import from each other; a mistake names the right one of them."""
    (lab / "cases").mkdir()
    shared = CASES.replace("import numpy as np", "import numpy as np\nfrom .inputs import THREE").replace(
        "np.arange(3.0)", "THREE"
    )
    (lab / "cases" / "doubling.py").write_text(shared)
    (lab / "cases" / "inputs.py").write_text("import numpy as np\n\nTHREE = np.arange(3.0)\n")
    both = labgrade("rubric", "validate", lab)
    assert both.exit_code == 2
    assert "holds cases.py and a folder cases" in both.output
    (lab / "cases.py").unlink()
    first = load_cases(lab, ("1",))
    assert first is not None
    assert [group.question for group in first.groups] == ["1"]
    (lab / "cases" / "inputs.py").write_text("import numpy as np\n\nTHREE = np.arange(4.0)\n")
    second = load_cases(lab, ("1",))
    assert second is not None
    assert second.digest != first.digest
    assert not list(lab.rglob("*.pyc"))
    (lab / "cases" / "inputs.py").write_text("import numpy as np\n\nTHREE = np.arrange(3.0)\n")
    assert "inputs.py:3: AttributeError" in labgrade("rubric", "validate", lab).output
    for file in (lab / "cases").glob("*.py"):
        file.unlink()
    assert "missing; the rubric's criterion 'function'" in labgrade("rubric", "validate", lab).output


def test_cases_may_be_missing(lab: Path) -> None:
    """A function is asked for, and no cases are there: the file is named."""
    (lab / "cases.py").unlink()
    printed = labgrade("rubric", "validate", lab, "--cache", lab.parent / "cache")
    assert printed.exit_code == 2
    assert "cases.py: missing" in printed.output


@pytest.mark.long
@pytest.mark.slow
def test_validate_runs_the_solution(lab: Path) -> None:
    """Full marks are exit code 0; a solution that falls short, or a case with a fault of its own, is named, and 1."""
    cache = lab.parent / "cache"
    good = labgrade("rubric", "validate", lab, "--cache", cache)
    assert good.exit_code == 0, good.output
    assert "2 of 2 decided points; 1 of 3 are left to a person" in good.output
    wrong = shutil.copytree(lab, lab.parent / "wrong")
    (wrong / "solution.py").write_text(SOLUTION.replace("x + x", "x + 1"))
    (wrong / "cases.py").write_text(CASES + "\n    def test_own(self, call):\n        'Faulty'\n        call(1)[7]\n")
    bad = labgrade("rubric", "validate", wrong, "--cache", cache)
    assert bad.exit_code == 1
    assert "question 1, function: could not be checked" in bad.output
    assert "cases.py:17: IndexError" in bad.output
