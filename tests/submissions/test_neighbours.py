"""A single file among others: whose are the files beside it?"""

from __future__ import annotations

import json
from pathlib import Path

from grader.submissions.read import read_submission


def notebook(path: Path, source: str) -> Path:
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def test_a_group_alone_in_its_folder_has_its_data(tmp_path: Path) -> None:
    """What the code names and lies beside it is given to it."""
    (tmp_path / "measured.csv").write_text("1,2")
    path = notebook(tmp_path / "lab.ipynb", "open('measured.csv')")
    assert [file.path for file in read_submission(path).data] == ["measured.csv"]


def test_a_file_in_the_folder_of_a_class_gets_nobody_elses(tmp_path: Path) -> None:
    """Among other hand-ins code gets no file by writing out its name: marks, weights and data there may be others'."""
    notebook(tmp_path / "group2.ipynb", "x = 1")
    (tmp_path / "group7").mkdir()
    for name in ("marks.csv", "group7/best.h5", "group7/answers.txt"):
        (tmp_path / name).write_text("private")
    path = notebook(
        tmp_path / "group1.ipynb", "[open(n) for n in ('marks.csv', 'best.h5', 'answers.txt', 'group2.ipynb')]"
    )
    assert read_submission(path).data == ()


def test_links_are_not_followed_out_of_a_hand_in(tmp_path: Path) -> None:
    """A link that names a file of the host is not the group's data."""
    (tmp_path / "secret.csv").write_text("private")
    group = tmp_path / "group"
    group.mkdir()
    (group / "data.csv").symlink_to(tmp_path / "secret.csv")
    (group / "more").symlink_to(tmp_path)
    notebook(group / "lab.ipynb", "open('data.csv'), open('more/secret.csv')")
    assert read_submission(group).data == ()
    assert read_submission(group / "lab.ipynb").data == ()
