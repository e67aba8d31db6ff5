from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.formats.reader import SourceFile
from grader.formats.script import read_script
from grader.records import Cell


def cells(tmp_path: Path, text: str) -> tuple[Cell, ...]:
    path = tmp_path / "lab.py"
    path.write_text(text, encoding="utf-8")
    return read_script(SourceFile(path.name, path.read_bytes())).cells


def test_percent_cells(tmp_path: Path) -> None:
    """Percent cells keep their kinds, and a cell's title becomes a comment."""
    read = cells(tmp_path, "#%%\na = 1\n# %% [markdown]\n# ## Title\n#\n# text\n# %% Load data\nb = 2\n")
    assert [(cell.kind, cell.source) for cell in read] == [
        ("code", "a = 1"),
        ("prose", "## Title\n\ntext"),
        ("code", "# Load data\nb = 2"),
    ]


def test_percent_markdown_in_quotes(tmp_path: Path) -> None:
    """A text cell may be a string literal."""
    read = cells(tmp_path, '# %% [markdown]\n"""\n# 2.1 Layers\n"""\n# %%\nx = 1\n')
    assert (read[0].kind, read[0].source) == ("prose", "# 2.1 Layers")


def test_jupytext_header(tmp_path: Path) -> None:
    """Jupytext's header is no cell."""
    read = cells(tmp_path, "# ---\n# jupyter:\n#   jupytext:\n# ---\n\n# %%\nx = 1\n")
    assert [cell.source for cell in read] == ["x = 1"]


def test_exported_notebook(tmp_path: Path) -> None:
    """nbconvert's export is cells again, with texts and execution counts."""
    text = (
        "#!/usr/bin/env python\n# coding: utf-8\n\n# # Lab\n\n# In[1]:\n\n\nimport numpy\n\n\n# ## 2.1 Layers\n# four\n"
        "\n# In[2]:\n\n\nx = 1\n\n# a comment\ny = 2\n\n\n"
    )
    read = cells(tmp_path, text)
    assert [(cell.kind, cell.source) for cell in read] == [
        ("prose", "# Lab"),
        ("code", "import numpy"),
        ("prose", "## 2.1 Layers\nfour"),
        ("code", "x = 1\n\n# a comment\ny = 2"),
    ]
    assert read[3].execution_count == 2


def test_light_format(tmp_path: Path) -> None:
    """In the light format comment paragraphs are text, and `# +` holds code together."""
    text = "# ---\n# jupytext:\n#   format_name: light\n# ---\n\n# # Title\n\nx = 1\n\n# +\ny = 2\n\nz = 3\n# -\n"
    read = cells(tmp_path, text)
    assert [(cell.kind, cell.source) for cell in read] == [
        ("prose", "# Title"),
        ("code", "x = 1"),
        ("code", "y = 2\n\nz = 3"),
    ]


def test_colab_export(tmp_path: Path) -> None:
    """Colab's text cells are string literals; shell lines do not disturb the cutting."""
    read = cells(
        tmp_path,
        '"""Lab.ipynb\n\nAutomatically generated.\n"""\n\n!pip install keras\n\n"""## 2.1 Layers"""\n\nx = 1\n',
    )
    assert [cell.kind for cell in read] == ["prose", "code", "prose", "code"]
    assert read[2].source == "## 2.1 Layers"


def test_plain_script_is_cut(tmp_path: Path) -> None:
    """A plain script becomes several cells, cut at comments, trainings and new models."""
    text = (
        "import a\nimport b\n# data\nx = 1\ny = 2\nmodel = Sequential()\nmodel.add(D)\nh = model.fit(x)\n"
        "model.evaluate(x)\nz = 3\n"
    )
    assert [cell.source for cell in cells(tmp_path, text)] == [
        "import a\nimport b",
        "# data\nx = 1\ny = 2",
        "model = Sequential()\nmodel.add(D)\nh = model.fit(x)",
        "model.evaluate(x)",
        "z = 3",
    ]


def test_figures_stay_whole(tmp_path: Path) -> None:
    """Statements that draw one figure stay in one cell until it is shown."""
    text = "plt.plot(a)\n\n# legend\nplt.legend()\n\nplt.show()\n\nplt.plot(b)\nplt.show()\n"
    read = cells(tmp_path, text)
    assert [cell.source.count("plt.show()") for cell in read] == [1, 1]
    assert "legend" in read[0].source


def test_syntax_error_is_isolated(tmp_path: Path) -> None:
    """A broken statement stands alone, and everything else still parses."""
    text = "x = 1\n\ny = = 2\n\ndef f():\n    return (1,\n\n  2)\n\nif x:\n    a = 1\nelse:\n    a = 2\n"
    read = cells(tmp_path, text)
    broken = []
    for cell in read:
        try:
            ast.parse(cell.source)
        except SyntaxError:
            broken.append(cell.source)
    assert broken == ["y = = 2"]
    assert "".join("".join(cell.source.split()) for cell in read) == "".join(text.split())


def test_unclosed_bracket_loses_one_chunk(tmp_path: Path) -> None:
    """A bracket that is never closed does not take the rest of the file with it."""
    read = cells(tmp_path, "a = 1\n\nb = f(1,\n\nc = 3\n\nd = 4\n")
    assert [cell.source for cell in read] == ["a = 1", "b = f(1,", "c = 3", "d = 4"]


def test_python_2(tmp_path: Path) -> None:
    """Python 2 is named as such, and read as Python 3 means it."""
    path = tmp_path / "old.py"
    path.write_text('print "hello"\nx = 1\n')
    contents = read_script(SourceFile(path.name, path.read_bytes()))
    assert "Python 2" in contents.notes[0]
    assert "\n".join(cell.source for cell in contents.cells) == 'print("hello")\nx = 1'


def test_empty_script(tmp_path: Path) -> None:
    """An empty script is the user's error."""
    path = tmp_path / "lab.py"
    path.write_text(" \n")
    with pytest.raises(UserError, match=r"lab\.py is empty"):
        read_script(SourceFile(path.name, path.read_bytes()))


@pytest.mark.parametrize(
    ("body", "prose", "code"),
    [
        ('"""\nAbout it\n"""\n\nx = 1\nprint(x)', "About it", "x = 1\nprint(x)"),
        ("# About it\n\nimport os\nx = os.sep", "About it", "import os\nx = os.sep"),
        (
            '"""About it"""\n# doubled\ndef double(a):\n    return 2 * a',
            "About it",
            "# doubled\ndef double(a):\n    return 2 * a",
        ),
        ("# About it\n@staticmethod\ndef f():\n    pass", "About it", "@staticmethod\ndef f():\n    pass"),
    ],
)
def test_code_in_a_text_cell_is_code(tmp_path: Path, body: str, prose: str, code: str) -> None:
    """Code below the comments or the docstring of a text cell runs."""
    read = cells(tmp_path, f"# %% [markdown]\n{body}\n# %%\ny = 2\n")
    assert [(cell.kind, cell.source) for cell in read] == [("prose", prose), ("code", code), ("code", "y = 2")]


@pytest.mark.parametrize(
    "body",
    ["# About it\n#\n# x = 1", '"""\nx = 1\n"""', "Result: good", "yes", "We found that x = 1.", '"""a"""\n"""b"""'],
)
def test_text_in_a_text_cell_stays_text(tmp_path: Path, body: str) -> None:
    """Comments, docstrings and bare words are text, even where they parse as Python."""
    assert {cell.kind for cell in cells(tmp_path, f"# %% [markdown]\n{body}\n")} == {"prose"}
