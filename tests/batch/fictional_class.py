"""A class whose lab has two written questions: quick to grade, and all of the batch's machinery at work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from grader.batch.class_run import Class, grade_class
from grader.batch.job import Done
from grader.options import Options
from grader.reports import printing

HERE = Path(__file__).parent
SESSION = "fictional_session:FictionalSession"
RUBRIC = """
version: 1
title: A lab of two questions
questions:
  - id: "1"
    title: What is a tensor
    criteria: [{written: {points: 2, mentions: [[array], [axis]]}}]
  - id: "2"
    title: Why scale the input
    criteria: [{written: {points: 3}}]
"""


class Quiet:
    """A watcher that remembers what was finished."""

    def __init__(self) -> None:
        self.done: list[Done] = []

    def begin(self, state: object, workers: int) -> None:
        pass

    def show_workers(self, state: object, workers: object) -> None:
        pass

    def show_results(self, state: object) -> None:
        pass

    def show_finished(self, done: Done, state: object) -> None:
        self.done.append(done)


def fictional_lab(folder: Path) -> Path:
    """The lab's rubric; its folder."""
    lab = folder / "small-lab"
    lab.mkdir(parents=True)
    (lab / "rubric.yaml").write_text(RUBRIC)
    (lab / "solution.py").write_text("# %% [markdown]\n# ## 1\n# An array with axes.\n# ## 2\n# So.\n# %%\nx = 1\n")
    return lab


def fictional_submission(folder: Path, name: str, code: str = "x = 1") -> Path:
    """A script with two answers."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    answers = f"# ## 1\n# A tensor is an array, says {name}.\n# ## 2\n# For the gradients."
    (folder / name / "lab.py").write_text(f"# %% [markdown]\n{answers}\n# %%\n{code}\n")
    return folder / name


def options_for(root: Path, **more: object) -> Options:
    """Options of a run of the lab below `root`."""
    return Options(rubric=str(root / "small-lab"), out=root / "out", cache=root / "cache", **more)  # type: ignore[arg-type]


def graded(root: Path, workers: int = 2, **more: object) -> tuple[Class, list[Done]]:
    """Grade the class `root/in`, in this process's own workers."""
    watcher = Quiet()
    # laying out takes seconds and has tests of its own
    with (
        mock.patch.object(printing, "tagged_pdf", lambda html, day: html.encode()),
        mock.patch.object(printing, "standalone_html", str),
    ):
        found = grade_class(root / "in", options_for(root, **more), watcher, workers, session=SESSION)
    return found, watcher.done


def started(root: Path, workers: int = 2, folder: Path | None = None) -> subprocess.Popen[bytes]:
    """The same in a process group of its own, to be killed; `folder`: its current one."""
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    return subprocess.Popen(
        [sys.executable, str(HERE / "fictional_class.py"), str(root), str(workers)],
        env=os.environ | {"PYTHONPATH": path},
        cwd=folder,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    outcome, _ = graded(Path(sys.argv[1]), int(sys.argv[2]))
    sys.exit(3 if outcome.faults else 0)
