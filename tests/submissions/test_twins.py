from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.records import Submission
from grader.submissions.read import read_submission

PROGRAM = [
    "import keras",
    "model = keras.Sequential()",
    "model.add(keras.layers.Dense(256))",
    "model.add(keras.layers.Dense(10))",
    "model.compile(loss='mse')",
    "history = model.fit(x, y, epochs=3)",
    "print(model.evaluate(x, y))",
]
TEXT = "We find that the wide model learns faster than the narrow one, and that it generalises worse. " * 5


def notebook(path: Path, outputs: bool = True) -> None:
    shown = [{"output_type": "stream", "name": "stdout", "text": "loss: 0.5"}] if outputs else []
    cells: list[dict[str, object]] = [{"cell_type": "markdown", "source": TEXT}]
    cells += [{"cell_type": "code", "source": line, "outputs": shown} for line in PROGRAM]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))


def page(lines: list[str], text: str = TEXT, shown: str = "loss: 0.5") -> str:
    printed = f'<div class="jp-OutputArea-output"><pre>{shown}</pre></div>'
    cells = [f'<div class="jp-InputArea-editor"><pre>{line}</pre></div>{printed}' for line in lines]
    return f'<div class="jp-MarkdownOutput"><p>{text}</p></div>{"".join(cells)}'


def running(submission: Submission) -> list[str]:
    return [cell.source for cell in submission.cells if cell.kind == "code" and cell.runs]


def test_export_beside_its_notebook(tmp_path: Path) -> None:
    """A page exported from the notebook beside it is not read: no cell counts twice."""
    notebook(tmp_path / "lab.ipynb")
    (tmp_path / "lab.html").write_text(page(PROGRAM))
    submission = read_submission(tmp_path)
    assert submission.files == ("lab.ipynb",)
    assert any("lab.html" in note and "was not read" in note for note in submission.notes)


def test_outputs_of_an_export(tmp_path: Path) -> None:
    """Where the notebook was cleared, its export still lends it the saved outputs."""
    notebook(tmp_path / "lab.ipynb", outputs=False)
    (tmp_path / "lab.html").write_text(page(PROGRAM, shown="loss: 0.25"))
    submission = read_submission(tmp_path)
    assert submission.files == ("lab.ipynb",)
    assert {output.text for cell in submission.cells for output in cell.outputs} == {"loss: 0.25"}
    assert any("only its saved outputs" in note for note in submission.notes)


def test_report_and_script_are_one_submission(tmp_path: Path) -> None:
    """Prose comes from the report and code from the script: listings that repeat it do not run."""
    (tmp_path / "code.py").write_text("\n".join(PROGRAM))
    fenced = "\n".join(PROGRAM[1:5])
    (tmp_path / "report.md").write_text(f"# Question 1\n\n{TEXT}\n\n```python\n{fenced}\n```\n")
    submission = read_submission(tmp_path)
    assert submission.files == ("code.py", "report.md")
    assert "\n".join(running(submission)) == "\n".join(PROGRAM)
    assert any("report.md: 1 listing" in note for note in submission.notes)
    assert any(cell.kind == "prose" and TEXT.strip() in cell.source for cell in submission.cells)


def test_code_of_the_report_alone_runs(tmp_path: Path) -> None:
    """A function that only the report shows is run."""
    (tmp_path / "code.py").write_text("\n".join(PROGRAM))
    (tmp_path / "report.md").write_text("# Q\n\n```python\ndef relu(x):\n    return x * (x > 0)\n```\n")
    assert any("def relu" in source for source in running(read_submission(tmp_path)))


def test_own_report_beside_a_notebook(tmp_path: Path) -> None:
    """A report with text of its own is read though it repeats the notebook's code."""
    notebook(tmp_path / "lab.ipynb")
    own = "An essay with other words about generalisation, written for this course by nobody in particular. " * 6
    (tmp_path / "essay.html").write_text(page(PROGRAM, text=own))
    submission = read_submission(tmp_path)
    assert submission.files == ("essay.html", "lab.ipynb")
    assert len(running(submission)) == len(PROGRAM)


def test_same_report_in_two_forms(tmp_path: Path) -> None:
    """Of a report in Markdown and as a page, the Markdown is read."""
    (tmp_path / "report.md").write_text(f"# Question 1\n\n{TEXT}\n")
    (tmp_path / "report.html").write_text(f"<h1>Question 1</h1><p>{TEXT}</p>")
    assert read_submission(tmp_path).files == ("report.md",)


def test_excerpts_of_the_own_listing(tmp_path: Path) -> None:
    """Of a report that shows parts of its program and then all of it, only the whole runs."""
    parts = "\n\n".join(f"Text.\n\n```python\n{line}\n```" for line in PROGRAM[3:6])
    (tmp_path / "report.md").write_text(f"{parts}\n\nAll of it:\n\n```python\n" + "\n".join(PROGRAM) + "\n```\n")
    assert "\n".join(running(read_submission(tmp_path))) == "\n".join(PROGRAM)


@pytest.mark.parametrize("name", ["group-image-recognition", "group12-dat405"])
def test_real_folders(name: str) -> None:
    """In the real hand-ins the PDF says what stands beside it, and is left out."""
    folder = Path(__file__).parents[2] / "../shared/samples" / name
    if not folder.is_dir():
        pytest.skip("the samples are not at hand")
    submission = read_submission(folder)
    assert "submission.pdf" not in submission.files
    assert any(note.startswith("submission.pdf") for note in submission.notes)
