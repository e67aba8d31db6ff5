"""Questions by the headings of a solution, and the solution as a script."""

from __future__ import annotations

import ast

import pytest

from grader.authoring.draft import percent_script, sections_of
from grader.records import Cell, Submission


def submission(*sources: tuple[str, str]) -> Submission:
    cells = tuple(
        Cell(index=index, kind=kind, source=source, file="lab.ipynb", number=index + 1)  # type: ignore[arg-type]
        for index, (kind, source) in enumerate(sources)
    )
    return Submission(name="lab", files=("lab.ipynb",), cells=cells, digest="")


@pytest.mark.parametrize(
    ("headings", "ids"),
    [
        (["# A lab", "## 1 A grid", "## 2 Build it"], ["1", "2"]),
        (["# 2 Training", "## 2.1 Layers", "## 2.1.1 How many", "## 2.2 Loss"], ["2.1.1", "2.2"]),
        (["### Question 3", "### Q4: Plot", "### Uppgift 5. Träna"], ["3", "4", "5"]),
        (["## 2a) First", "## 2b) Second"], ["2a", "2b"]),
        (["# Digits", "## Show the data", "## Train it", "## Show the data"], ["show-the-data", "train-it"]),
        (["## 99% accuracy", "## 10 epochs"], ["10"]),
        (["no heading"], []),
    ],
)
def test_headings_name_the_questions(headings: list[str], ids: list[str]) -> None:
    """Numbers where there are any, those of chapters left out; else words. Each question once."""
    found = sections_of(submission(*(("prose", f"{heading}\n\nText.") for heading in headings)))
    assert [section.id for section in found] == ids


def test_a_heading_gives_a_title() -> None:
    """What stands behind the number; where nothing does, the number itself."""
    found = sections_of(submission(("prose", "## 1 A grid of images"), ("prose", "## Question 2")))
    assert [section.title for section in found] == ["A grid of images", "Question 2"]


def test_a_notebook_becomes_a_script() -> None:
    """Cells under percent lines, prose as comments, magics commented out: Python from end to end."""
    script = percent_script(
        submission(
            ("prose", "## 1 Plot\n\nSee below."), ("code", "%matplotlib inline\nx = 1"), ("code", "%%time\ny = 2")
        )
    )
    assert ast.unparse(ast.parse(script)) == "x = 1"
    assert "# %% [markdown]\n# ## 1 Plot\n#\n# See below." in script
    assert "# %%time\n# y = 2" in script
