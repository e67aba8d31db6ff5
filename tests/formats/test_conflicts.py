"""Files with conflicts of git, and notebooks of other languages: what runs, and what is shown and runs nowhere."""

from __future__ import annotations

import json

import pytest

from grader.errors import UserError
from grader.formats.conflicts import beyond, conflict_sides
from grader.formats.notebook import read_notebook
from grader.formats.reader import Contents, SourceFile
from grader.formats.script import read_script

CONFLICT = """a
<<<<<<< HEAD
b
=======
c
d
>>>>>>> their branch
e"""


def test_both_sides() -> None:
    """A conflict has two sides; what stands around it belongs to both."""
    assert conflict_sides(CONFLICT) == ("a\nb\ne", "a\nc\nd\ne")


def test_the_common_ancestor_is_no_side() -> None:
    """In the style `diff3` the ancestor stands between the sides."""
    assert conflict_sides(CONFLICT.replace("=======", "||||||| base\nold\n=======")) == ("a\nb\ne", "a\nc\nd\ne")


@pytest.mark.parametrize(
    "text",
    [
        "Results\n=======\nGood",
        ">>>>>>> see above",
        "<<<<<<< HEAD\nnever closed\n=======\n",
        "    <<<<<<< HEAD\n    =======\n    >>>>>>> x",
        "<<<<<<<<<< a drawing >>>>>>>>>>\n=======\n>>>>>>>>>>",
        "=======\n<<<<<<< HEAD\n>>>>>>> x",
    ],
)
def test_no_conflict(text: str) -> None:
    """Underlined titles, quotations, drawings and single markers are no conflict."""
    assert conflict_sides(text) is None


def test_what_the_other_side_has_beyond() -> None:
    """Only what stands nowhere on the chosen side is left, with its place."""
    assert beyond(["a", "b", "d"], ["a", "c", "d", "a"], str) == [(2, "c")]


def notebook(language: str, *sources: str) -> Contents:
    cells = [
        {"cell_type": "code", "source": source, "outputs": [], "metadata": {}, "execution_count": None}
        for source in sources
    ]
    document = {"cells": cells, "metadata": {"language_info": {"name": language}}, "nbformat": 4, "nbformat_minor": 4}
    return read_notebook(SourceFile("work.ipynb", json.dumps(document).encode()))


def merged(ours: str, theirs: str) -> Contents:
    source = '{{"cell_type": "code", "source": "{}", "outputs": [], "metadata": {{}}}}'
    lines = [
        '{"cells": [',
        source.format("first = 1") + ",",
        "<<<<<<< HEAD",
        ours and source.format(ours) + ",",
        "=======",
        theirs and source.format(theirs) + ",",
        ">>>>>>> 1234567",
        source.format("last = 1"),
        '], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}',
    ]
    return read_notebook(SourceFile("work.ipynb", "\n".join(lines).encode()))


def test_a_notebook_with_a_conflict() -> None:
    """The fuller side runs, the other one is shown, and it is said."""
    contents = merged("two = 2", "two = 2 + 0")
    assert [(cell.source, cell.runs) for cell in contents.cells] == [
        ("first = 1", True),
        ("two = 2 + 0", True),
        ("two = 2", False),
        ("last = 1", True),
    ]
    assert any("conflicts of git" in note for note in contents.notes)


def test_a_side_with_nothing() -> None:
    """A cell that one side alone has is run."""
    assert [cell.source for cell in merged("", "two = 2").cells if cell.runs] == ["first = 1", "two = 2", "last = 1"]


def test_a_conflict_within_a_cell() -> None:
    """Merged by cells, a conflict stands in the code itself: the side that is Python runs."""
    cells = notebook("python", "<<<<<<< local\nx = 1\n=======\nx = 1 +\n>>>>>>> remote\nprint(x)").cells
    assert [(cell.source, cell.runs) for cell in cells] == [("x = 1\nprint(x)", True), ("x = 1 +\nprint(x)", False)]


def test_a_script_with_a_conflict() -> None:
    """A script runs with one side, too."""
    text = "x = 1\n\n<<<<<<< HEAD\ny = 2\n=======\ny = 2 + 3\n>>>>>>> other\n\nprint(x)\n"
    cells = read_script(SourceFile("work.py", text.encode())).cells
    assert [cell.source for cell in cells if cell.runs] == ["x = 1", "y = 2 + 3", "print(x)"]
    assert [cell.source for cell in cells if not cell.runs] == ["y = 2"]


def test_broken_on_both_sides() -> None:
    """Where neither side is a notebook, the group is asked for another file."""
    with pytest.raises(UserError):
        read_notebook(SourceFile("work.ipynb", b"{\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"))


@pytest.mark.parametrize("language", ["R", "julia", "scala"])
def test_another_language_is_not_run(language: str) -> None:
    """Code for another kernel is shown and not run."""
    contents = notebook(language, "library(keras)", "model <- keras_model_sequential()")
    assert [cell.unrun for cell in contents.cells] == ["language", "language"]
    assert any("not Python" in note for note in contents.notes)


@pytest.mark.parametrize("language", ["python", "Python", "ipython", "python3", "", "R"])
def test_python_is_run_whatever_the_kernel_is_called(language: str) -> None:
    """Spellings of Python run; so does Python code in a notebook whose kernel is called otherwise."""
    assert all(cell.runs for cell in notebook(language, "import numpy as np", "x = np.zeros(3)").cells)
