from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.submissions.read import read_submission


def notebook(path: Path, *sources: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    return path


def test_all_candidates_in_natural_order(tmp_path: Path) -> None:
    """Every notebook of a folder is read, part 2 before part 10, and cells are counted over all."""
    for number in (10, 2, 1):
        notebook(tmp_path / "group" / f"part{number}.ipynb", f"x = {number}", f"y = {number}")
    submission = read_submission(tmp_path / "group")
    assert submission.name == "group"
    assert submission.files == ("part1.ipynb", "part2.ipynb", "part10.ipynb")
    assert [cell.index for cell in submission.cells] == list(range(6))
    assert [cell.number for cell in submission.cells] == [1, 2] * 3


def test_ignored_places(tmp_path: Path) -> None:
    """Checkpoints, hidden files, archives' leftovers and environments are no hand-in."""
    notebook(tmp_path / "lab.ipynb", "x = 1")
    for place in (".ipynb_checkpoints/lab-checkpoint", "__MACOSX/._lab", ".hidden/lab", "venv/lib/a"):
        notebook(tmp_path / f"{place}.ipynb", "no = 1")
    notebook(tmp_path / "myenv" / "lab.ipynb", "no = 1")
    (tmp_path / "myenv" / "pyvenv.cfg").touch()
    assert read_submission(tmp_path).files == ("lab.ipynb",)


def test_links_that_leave_are_ignored(tmp_path: Path) -> None:
    """A link to a file outside the folder is not followed."""
    notebook(tmp_path / "secret" / "other.ipynb", "secret = 1")
    notebook(tmp_path / "group" / "lab.ipynb", "x = 1")
    (tmp_path / "group" / "a.ipynb").symlink_to(tmp_path / "secret" / "other.ipynb")
    (tmp_path / "group" / "folder").symlink_to(tmp_path / "secret")
    assert read_submission(tmp_path / "group").files == ("lab.ipynb",)


def test_export_beside_its_notebook(tmp_path: Path) -> None:
    """A notebook and its export as a script are read once, and that is noted."""
    lines = [f"value_{number} = {number}" for number in range(20)]
    notebook(tmp_path / "lab.ipynb", "%matplotlib inline", *lines)
    exported = "\n\n".join(f"# In[{number}]:\n\n\n{line}\n" for number, line in enumerate(lines))
    (tmp_path / "lab.py").write_text(f"# coding: utf-8\n\n{exported}")
    submission = read_submission(tmp_path)
    assert submission.files == ("lab.ipynb",)
    assert any("lab.py" in note for note in submission.notes)


def test_different_script_beside_a_notebook(tmp_path: Path) -> None:
    """A script with code of its own is read as well."""
    notebook(tmp_path / "lab.ipynb", "a = 1", "b = 2")
    (tmp_path / "more.py").write_text("c = 3\n")
    assert read_submission(tmp_path).files == ("lab.ipynb", "more.py")


def test_broken_file_among_good_ones(tmp_path: Path) -> None:
    """A file that cannot be read is noted; the others are graded."""
    notebook(tmp_path / "lab.ipynb", "x = 1")
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "data.csv").write_text("1,2")
    submission = read_submission(tmp_path)
    assert submission.files == ("lab.ipynb",)
    assert any("broken.ipynb" in note for note in submission.notes)
    assert any("data.csv" in note for note in submission.notes)


def test_digest_covers_names_and_bytes(tmp_path: Path) -> None:
    """The digest is the same for the same files and another for another name or byte."""
    first = notebook(tmp_path / "a" / "lab.ipynb", "x = 1")
    same = notebook(tmp_path / "b" / "lab.ipynb", "x = 1")
    renamed = notebook(tmp_path / "c" / "lab2.ipynb", "x = 1")
    changed = notebook(tmp_path / "d" / "lab.ipynb", "x = 2")
    digests = [read_submission(path.parent).digest for path in (first, same, renamed, changed)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_single_file(tmp_path: Path) -> None:
    """A file's stem names the submission."""
    assert read_submission(notebook(tmp_path / "group7.ipynb", "x")).name == "group7"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (None, None, "does not exist"),
        ("report.docx", b"PK", "no Word document"),
        ("report.pdf", b"nothing", "not a PDF"),
        ("report.doc", b"x", r"hand in a \.docx"),
        ("all.rar", b"Rar!", r"hand in a \.zip"),
        ("all.zip", b"PK", "no zip archive"),
        ("data.csv", b"1,2", "no kind of file"),
        ("a.json", b'{"a": 1}', "no cells"),
        ("lab.ipynb", b'{"cells": [', "broken JSON"),
        ("lab.ipynb", b'{"cells": []}', "no cells"),
    ],
)
def test_bad_paths(tmp_path: Path, name: str | None, content: bytes | None, says: str) -> None:
    """What cannot be read is refused in one line that says what and what to do."""
    path = tmp_path / (name or "nothing")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=says) as caught:
        read_submission(path)
    assert "\n" not in str(caught.value)


def test_empty_folders(tmp_path: Path) -> None:
    """An empty folder says so; one without anything readable lists what is there."""
    with pytest.raises(UserError, match="is empty"):
        read_submission(tmp_path)
    (tmp_path / "essay.pages").touch()
    with pytest.raises(UserError, match=r"only: essay\.pages \(hand in a \.docx"):
        read_submission(tmp_path)
    (tmp_path / "lab.ipynb").write_text("nonsense")
    with pytest.raises(UserError, match="nothing in it can be read"):
        read_submission(tmp_path)


@pytest.mark.parametrize("name", ["...ipynb", "..ipynb", ". ..ipynb", "....zip"])
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    """A file called `...ipynb` is not the hand-in `..`, whose report would lie outside."""
    place = tmp_path / name
    if name.endswith("zip"):
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("a.py", "x = 1")
    else:
        place.write_text(json.dumps({"cells": [{"cell_type": "code", "source": "x = 1"}]}))
    assert read_submission(place).name == "submission"


def test_hostile_names(tmp_path: Path) -> None:
    """Control characters and undecodable bytes in names do not travel on."""
    folder = os.fsencode(tmp_path)
    for name in (b"a\x1b[31m.ipynb", b"b\xff.ipynb"):
        with open(os.path.join(folder, name), "w") as file:  # noqa: PTH118, PTH123
            json.dump({"cells": [{"cell_type": "code", "source": name.hex()}]}, file)
    submission = read_submission(tmp_path)
    assert all(file.isprintable() for file in submission.files)
    assert submission.as_json()["files"] == list(submission.files)
