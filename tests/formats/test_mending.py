from __future__ import annotations

import pytest

from grader.formats.listings import join_cut_lines, mend_code


@pytest.mark.parametrize("mark", ["↪ ", "   ↪→", ",→ ", "  → "])
def test_marks_of_wrapping(mark: str) -> None:
    """However the hooked arrow comes out of a PDF, the line is whole again."""
    assert join_cut_lines(f"x = dict(a=1,\n{mark}b=2)\ny = 1") == "x = dict(a=1, b=2)\ny = 1"


def test_visible_blanks() -> None:
    """The sign that LaTeX sets for a blank at a line's end is a blank again."""
    assert join_cut_lines("a = 'one␣\n↪two'") == "a = 'one two'"


@pytest.mark.parametrize(
    ("damaged", "whole"),
    [
        ("print(‘a’)", "print('a')"),
        ("    x = 1\n    y = 2", "x = 1\ny = 2"),
        (
            "x = f(a) # a remark that is too\nlong for the page\ny = 1",
            "x = f(a) # a remark that is too long for the page\ny = 1",
        ),
        ("model.add(Dense(10, activation='soft\nmax'))\nx = 1", "model.add(Dense(10, activation='softmax'))\nx = 1"),
    ],
)
def test_damaged_code(damaged: str, whole: str) -> None:
    """Typographic quotes, a common indentation and wrapped lines are undone where that makes Python of it."""
    source, parses = mend_code(damaged)
    assert parses
    assert source.replace("soft max", "softmax") == whole


def test_healthy_code_is_left_alone() -> None:
    """What is Python stays as it is, typographic quotes in strings too."""
    source = "x = 'it’s – fine'\n# “quoted”"
    assert mend_code(source) == (source, True)


def test_beyond_repair() -> None:
    """What cannot be made Python is given back and said to be none."""
    assert mend_code("def f(:\n    ((")[1] is False
