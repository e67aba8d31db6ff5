"""Two versions of one notebook: one is read, and which is said; notebooks of several tasks are all read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.submissions.read import read_submission

LINES = [f"step_{number} = {number} * width" for number in range(12)]


def put(path: Path, lines: list[str], outputs: bool = False) -> None:
    shown = [{"output_type": "stream", "name": "stdout", "text": "1"}] if outputs else []
    cells = [{"cell_type": "code", "source": line, "outputs": shown} for line in lines]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))


@pytest.mark.parametrize(
    ("first", "second", "kept", "why"),
    [
        (("lab.ipynb", LINES), ("lab-Copy1.ipynb", [*LINES[:-1], "step_11 = 0"]), "lab.ipynb", "has the plain name"),
        (("lab.ipynb", LINES[:7]), ("lab-Copy1.ipynb", LINES), "lab-Copy1.ipynb", "is the fuller"),
        (("lab (1).ipynb", LINES[:7]), ("lab (2).ipynb", LINES), "lab (2).ipynb", "is the fuller"),
        (("lab_v2.ipynb", LINES[:-1]), ("lab_v10.ipynb", LINES), "lab_v10.ipynb", "newer by its name"),
        (("lab_v1.ipynb", LINES), ("lab_v2.ipynb", LINES[:-2]), "lab_v2.ipynb", "newer by its name"),
        (("lab_final.ipynb", LINES[:2]), ("lab.ipynb", LINES), "lab.ipynb", "is the fuller"),
        (("old/lab.ipynb", [*LINES, "more = 1"]), ("lab.ipynb", LINES), "lab.ipynb", "newer by its name"),
        (("lab_v1.py", LINES[:-1]), ("lab_v2.py", LINES), "lab_v2.py", "newer by its name"),
    ],
)
def test_one_version_is_read(
    tmp_path: Path, first: tuple[str, list[str]], second: tuple[str, list[str]], kept: str, why: str
) -> None:
    """The newer by its name, unless it is nearly empty; else the fuller; else the plain one."""
    for name, lines in (first, second):
        if name.endswith(".py"):
            (tmp_path / name).write_text("\n".join(lines))
        else:
            put(tmp_path / name, lines)
    read = read_submission(tmp_path)
    assert read.files == (kept,)
    assert any("is another version of" in note and why in note for note in read.notes)


def test_outputs_tell_which_was_run(tmp_path: Path) -> None:
    """Of two that say the same the one with outputs counts."""
    put(tmp_path / "lab.ipynb", LINES)
    put(tmp_path / "lab - Copy.ipynb", [*LINES[:-1], "step_11 = 0"], outputs=True)
    assert read_submission(tmp_path).files == ("lab - Copy.ipynb",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("task1.ipynb", "task2.ipynb"),
        ("lab-1.ipynb", "lab-2.ipynb"),
        ("part1/lab.ipynb", "part2/lab.ipynb"),
        ("mobilenet_v2.ipynb", "mobilenet_v3.ipynb"),
        ("mlp.ipynb", "cnn.ipynb"),
        ("newton.ipynb", "ton.ipynb"),
        ("olds.ipynb", "s.ipynb"),
    ],
)
def test_several_tasks_are_all_read(tmp_path: Path, one: str, other: str) -> None:
    """Notebooks of two tasks share their code and differ in more than a version's mark."""
    put(tmp_path / one, LINES)
    put(tmp_path / other, [*LINES[:-1], "step_11 = 0"])
    assert len(read_submission(tmp_path).files) == 2


def test_kindred_names_with_other_code_are_both_read(tmp_path: Path) -> None:
    """A name alone proves nothing: `lab (2)` may be the second task, downloaded after the first."""
    put(tmp_path / "lab (1).ipynb", LINES)
    put(tmp_path / "lab (2).ipynb", [*LINES[:3], *(f"other_{number} = 0" for number in range(9))])
    assert len(read_submission(tmp_path).files) == 2
