"""A run's folder goes away, whatever the run has made of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from grader.sandbox.supervisor import remove_tree
from grader.sandbox.usage import folder_use

DIG = """
import os, sys
os.chdir(sys.argv[1])
for _ in range(3000):
    os.mkdir("d" * 40); os.chdir("d" * 40)
open("file", "w").close()
"""


def test_a_folder_deeper_than_any_path_is_removed(tmp_path: Path) -> None:
    """3,000 levels, whose path is longer than the system takes, and neighbours."""
    place = tmp_path / "run"
    (place / "a" / "b" / "c").mkdir(parents=True)
    (place / "a" / "file").write_text("x")
    subprocess.run([sys.executable, "-c", DIG, str(place)], check=True)
    assert folder_use(str(place))[2], "what cannot be counted is said"
    remove_tree(str(place))
    assert list(tmp_path.iterdir()) == []


def test_closed_folders_are_removed(tmp_path: Path) -> None:
    """Folders that nobody may enter, list or write to go with all that is in them."""
    place = tmp_path / "run"
    for mode in (0o000, 0o100, 0o300, 0o500, 0o700):
        inner = place / f"{mode:o}" / "inner"
        inner.mkdir(parents=True)
        (inner / "file").write_text("x")
        inner.chmod(mode)
        inner.parent.chmod(mode)
    place.chmod(0o000)
    remove_tree(str(place))
    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    """What a link names stays as it is; pipes and sockets go."""
    (tmp_path / "outside" / "inner").mkdir(parents=True)
    (tmp_path / "outside" / "file").write_text("kept")
    (tmp_path / "outside").chmod(0o755)
    place = tmp_path / "run"
    place.mkdir()
    (place / "folder").symlink_to(tmp_path / "outside")
    (place / "file").symlink_to(tmp_path / "outside" / "file")
    os.link(tmp_path / "outside" / "file", place / "hard")
    os.mkfifo(place / "pipe")
    remove_tree(str(place))
    assert not place.exists()
    assert (tmp_path / "outside" / "file").read_text() == "kept"
    assert (tmp_path / "outside" / "inner").is_dir()
    assert (tmp_path / "outside").stat().st_mode & 0o777 == 0o755
