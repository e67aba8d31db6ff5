"""What a change invalidates: exactly what rests on it, counted by what runs again and what is rendered again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fictional_class import RUBRIC, fictional_lab, fictional_submission, options_for
from fictional_session import FictionalSession, quick_reports

from grader import session
from grader.batch import job as jobs
from grader.batch.job import Job, Journal, job_fingerprint
from grader.batch.worker import do_stage
from grader.options import Options
from grader.records import ClassRules, Entry, LimitChoices
from grader.reports import pages

NAMES = ("group1", "images", "notebook")
EVERYTHING = [*NAMES, "solution"]


NOTEBOOK = "notebook/lab.ipynb"


def notebook(*texts: str) -> dict[str, object]:
    cells: list[dict[str, object]] = [{"cell_type": "markdown", "metadata": {}, "source": text} for text in texts]
    cells.append({"cell_type": "code", "metadata": {}, "source": "x = 3", "outputs": [], "execution_count": 1})
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


class Silent:
    """Progress that nobody looks at."""

    def stage(self, name: str) -> None:
        pass

    def cell(self, number: int, of: int) -> None:
        pass

    def training(self, label: str, epoch: int, epochs: int) -> None:
        pass


def arrays(seed: int, colour: bool = False) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shape = (20, 32, 32, 3) if colour else (20, 28, 28)
    made = {f"x_{split}": random.integers(0, 256, shape).astype(np.uint8) for split in ("train", "test")}
    return made | {f"y_{split}": random.integers(0, 10, 20).astype(np.uint8) for split in ("train", "test")}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A graded class of three in a lab on MNIST; the code of one loads CIFAR-10 by itself."""
    for name in ("report_pdf", "report_html"):
        monkeypatch.setattr(pages, name, getattr(pages, name))
    quick_reports()
    monkeypatch.setattr(jobs, "_LONG_SECONDS", -1.0)  # every hand-in is kept as it was read
    lab = fictional_lab(tmp_path)
    (lab / "rubric.yaml").write_text(RUBRIC.replace("questions:", "datasets: [mnist]\nquestions:"))
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "mnist.npz", **arrays(1))
    np.savez(tmp_path / "data" / "cifar10.npz", **arrays(2, colour=True))
    fictional_submission(tmp_path / "in", "group1", "x = 'group1'")
    fictional_submission(tmp_path / "in", "images", "load cifar10")
    (tmp_path / "in" / "notebook").mkdir()
    (tmp_path / "in" / NOTEBOOK).write_text(json.dumps(notebook("## 1", "An array.", "## 2", "For the gradients.")))
    assert done_again(tmp_path) == (EVERYTHING, sorted(NAMES))
    assert done_again(tmp_path) == ([], [])
    return tmp_path


def done_again(root: Path, options: Options | None = None) -> tuple[list[str], list[str]]:
    """(What was run, whose report was rendered) when the class is graded once more."""
    options = options or options_for(root, data=root / "data")
    ledger = root / "cache" / "ledger"
    ledger.unlink(missing_ok=True)
    pdfs = {name: root / "out" / name / "report.pdf" for name in NAMES}
    before = {name: path.stat().st_ino for name, path in pdfs.items() if path.is_file()}
    with Journal(options.out) as journal, FictionalSession(options, Silent()) as session:
        for name in NAMES:
            job = Job(Entry(name=name, path=str(root / "in" / name)), ClassRules(), options)
            note = journal.note(name)
            if note is not None and note.fingerprint == job_fingerprint(job):
                continue
            done = do_stage("judge", job, session, Silent())
            following = {"judged": "render", "unrecorded": "record"}.get(done.outcome)
            if following is not None:
                done = do_stage(following, job, session, Silent())  # type: ignore[arg-type]
            assert done.outcome == "graded", done
    ran = ledger.read_text().split() if ledger.exists() else []
    return sorted(ran), sorted(name for name, path in pdfs.items() if path.stat().st_ino != before.get(name))


def edited(file: str, before: str, after: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / file).read_text()
        assert before in text
        (root / file).write_text(text.replace(before, after, 1))

    return change


def new_data(name: str) -> Callable[[Path], None]:
    return lambda root: np.savez(root / "data" / f"{name}.npz", **arrays(9, colour=name == "cifar10"))


RUBRIC_FILE, SOLUTION = "small-lab/rubric.yaml", "small-lab/solution.py"
CHANGES: dict[str, tuple[Callable[[Path], None], list[str], list[str]]] = {
    "points": (edited(RUBRIC_FILE, "points: 3", "points: 4"), [], [*NAMES]),
    "a concept": (edited(RUBRIC_FILE, "[axis]", "[axis, dimension]"), [], [*NAMES]),
    "a title": (edited(RUBRIC_FILE, "What is a tensor", "What a tensor is"), [], [*NAMES]),
    "a remark in the rubric": (edited(RUBRIC_FILE, "questions:", "# checked\nquestions:"), [], []),
    "a limit in the rubric": (edited(RUBRIC_FILE, "questions:", "limits: {wall: 77}\nquestions:"), EVERYTHING, []),
    "the solution's code": (edited(SOLUTION, "x = 1", "x = 2"), ["solution"], []),
    "the solution's text": (edited(SOLUTION, "An array with axes", "Many axes"), [], []),
    "a submission's code": (edited("in/group1/lab.py", "x = 'group1'", "x = 7"), ["group1"], ["group1"]),
    "a submission's text": (edited(f"in/{NOTEBOOK}", "gradients", "slopes"), [], ["notebook"]),
    "text of a script, which its code might read": (
        edited("in/group1/lab.py", "gradients", "x"),
        ["group1"],
        ["group1"],
    ),
    "the lab's data": (new_data("mnist"), EVERYTHING, []),
    "data that one hand-in asks for": (new_data("cifar10"), ["images"], []),
    "data that nobody asks for": (new_data("cifar100"), [], []),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_invalidates_what_rests_on_it(change: str, root: Path) -> None:
    """Nothing more runs or is rendered than rests on what changed, nothing less; and the next time nothing at all."""
    alter, run, rendered = CHANGES[change]
    alter(root)
    ran, anew = done_again(root)
    assert ran == sorted(run)
    assert set(rendered) <= set(anew)
    assert not rendered or anew == sorted(rendered)
    assert done_again(root) == ([], [])


@pytest.mark.parametrize("function", ["library_versions", "student_libraries"])
def test_another_version_of_a_library_runs_everything_again(
    function: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow, Keras and NumPy decide trainings; what students import beside them decides what their code does."""
    known = getattr(session, function)()
    newer = (("keras", "99"),) if function == "library_versions" else {**known, "matplotlib": "99"}
    monkeypatch.setattr(session, function, lambda: newer)
    monkeypatch.setattr(f"grader.batch.job.{function}", lambda: newer)
    monkeypatch.setattr("grader.batch.job._code", lambda: [function])
    assert done_again(root)[0] == EVERYTHING


def test_a_limit_of_the_command_line_runs_everything_again(root: Path) -> None:
    """A recording rests on the limits in force; and the old one serves again as soon as they are as before."""
    stricter = options_for(root, data=root / "data", limits=LimitChoices(wall=77.0))
    assert done_again(root, stricter)[0] == EVERYTHING
    assert done_again(root)[0] == []


def test_the_old_recording_serves_when_a_change_is_taken_back(root: Path) -> None:
    """Recordings are kept by content: to go back costs nothing."""
    source = root / "in" / "group1" / "lab.py"
    before = source.read_text()
    source.write_text(before.replace("x = 'group1'", "x = 7"))
    assert done_again(root)[0] == ["group1"]
    source.write_text(before)
    assert done_again(root)[0] == []
    assert done_again(root) == ([], [])


def test_fresh_runs_the_code_again(root: Path) -> None:
    """`--fresh` asks for new recordings, whatever is stored."""
    with FictionalSession(options_for(root, data=root / "data", fresh=True), Silent()) as session:
        job = Job(Entry(name="group1", path=str(root / "in" / "group1")), ClassRules(), session.options)
        assert do_stage("judge", job, session, Silent()).outcome == "unrecorded"
