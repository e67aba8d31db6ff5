"""A batch: what is graded, what is not repeated, and what a bad submission costs."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from fictional_class import RUBRIC, fictional_lab, fictional_submission, graded, started
from filelock import FileLock

from grader.batch.class_run import grade_class
from grader.errors import UserError
from grader.reports.files import read_result


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A class of three."""
    fictional_lab(tmp_path)
    for name in ("group1", "group2", "group10"):
        fictional_submission(tmp_path / "in", name)
    return tmp_path


def recorded(root: Path) -> list[str]:
    """Which submissions were run since this was last asked."""
    ledger = root / "cache" / "ledger"
    names = ledger.read_text().split() if ledger.exists() else []
    ledger.unlink(missing_ok=True)
    return sorted(names)


def contents(root: Path) -> dict[str, bytes]:
    out = root / "out"
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.name != "lock"]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def rows(root: Path) -> dict[str, dict[str, str]]:
    with (root / "out" / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def test_finished_work_is_not_repeated(root: Path) -> None:
    """The second run finds everything as it was: nothing runs, no file changes."""
    graded(root)
    assert recorded(root) == ["group1", "group10", "group2", "solution"]
    before = contents(root)
    assert {f"{name}/report.pdf" for name in ("group1", "group2", "group10")} <= before.keys()
    found, done = graded(root)
    assert (found.state.cached, done) == (3, [])
    assert recorded(root) == []
    assert contents(root) == before


def test_only_what_changed_is_graded_again(root: Path) -> None:
    """A submission that changed is run again; one whose file only moved to another name is not lost."""
    graded(root)
    recorded(root)
    fictional_submission(root / "in", "group2", "x = 2")
    _, done = graded(root)
    assert [item.name for item in done] == ["group2"]
    assert recorded(root) == ["group2"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("points: 3", "points: 4"),
        pytest.param("What is a tensor", "What a tensor is", marks=pytest.mark.long),
        pytest.param("[axis]", "[axis, dimension]", marks=pytest.mark.long),
    ],
)
def test_rubric_edit_runs_only_the_pure_checks(root: Path, before: str, after: str) -> None:
    """Points, titles and concepts change: every result is judged again, nothing is run, not even the reference."""
    graded(root)
    recorded(root)
    (root / "small-lab" / "rubric.yaml").write_text(RUBRIC.replace(before, after))
    _, done = graded(root)
    assert sorted(item.name for item in done) == ["group1", "group10", "group2"]
    assert recorded(root) == []


@pytest.mark.long
def test_changed_solution_is_recorded_and_submissions_are_not_run(root: Path) -> None:
    """The reference rests on the solution; the students' runs do not."""
    graded(root)
    recorded(root)
    with (root / "small-lab" / "solution.py").open("a") as file:
        file.write("y = 2\n")
    graded(root)
    assert recorded(root) == ["solution"]


@pytest.mark.long
def test_changed_limit_runs_everything_again(root: Path) -> None:
    """A recording rests on the limits under which it was made."""
    from grader.records import LimitChoices

    graded(root)
    recorded(root)
    graded(root, limits=LimitChoices(wall=77.0))
    assert recorded(root) == ["group1", "group10", "group2", "solution"]


@pytest.mark.long
def test_fresh_runs_the_submissions_again(root: Path) -> None:
    """`--fresh` overrides what is stored."""
    graded(root)
    recorded(root)
    graded(root, fresh=True)
    assert {"group1", "group2", "group10"} <= set(recorded(root))


@pytest.mark.long
def test_lost_report_is_made_again(root: Path) -> None:
    """A report that somebody removed or changed by hand is written anew, from what is stored."""
    graded(root)
    recorded(root)
    before = contents(root)
    (root / "out" / "group1" / "report.pdf").unlink()
    (root / "out" / "group2" / "result.json").write_text("{}")
    _, done = graded(root)
    assert sorted(item.name for item in done) == ["group1", "group2"]
    assert recorded(root) == []
    assert contents(root) == before


def test_bad_submission_costs_only_itself(root: Path) -> None:
    """An empty folder, a broken file, one that kills its worker and one at which labgrade fails: the rest is graded."""
    (root / "in" / "empty").mkdir()
    (root / "in" / "notes.ipynb").write_text("{")
    fictional_submission(root / "in", "killer", "kill the worker")
    fictional_submission(root / "in", "fault", "fail by labgrade")
    found, _ = graded(root)
    assert found.state.done == 3
    assert set(found.problems) == {"empty", "notes", "killer", "fault"}
    assert set(found.faults) == {"killer", "fault"}
    table = rows(root)
    assert {name for name, row in table.items() if row["status"] == "not graded"} == set(found.problems)
    assert "died 3 times" in table["killer"]["remark"]
    assert "RuntimeError" in (root / "cache" / "labgrade.log").read_text()
    _, done = graded(root)
    assert sorted(item.name for item in done) == ["fault", "killer"]


def test_class_rules_reach_result_and_gradebook(root: Path) -> None:
    """Weights, members and the penalty for being late show in result and gradebook, the penalty as its own line."""
    (root / "in" / "class.yaml").write_text(
        'deadline: 2026-03-01\npenalty: {per_day: 1}\nweights: {"2": 2}\nteams:\n'
        "  group2: {members: [Ada Example, =cmd()], submitted: 2026-03-03 10:00}\n"
    )
    graded(root)
    result = read_result(root / "out" / "group2" / "result.json")
    assert result.score.points == 8
    assert [deduction.points for deduction in result.deductions] == [2]
    row = rows(root)["group2"]
    assert row["names"] == "Ada Example; =cmd()"
    assert row["late"] in ("0", "-0")
    assert "2 days begun" in row["remark"]
    assert not read_result(root / "out" / "group1" / "result.json").deductions


def test_wrong_weight_stops_before_grading(root: Path) -> None:
    """A weight for a question that the rubric lacks is the teacher's slip: named at once."""
    (root / "in" / "class.yaml").write_text('weights: {"3": 2}\n')
    with pytest.raises(UserError, match="no question '3'"):
        graded(root)


def test_two_batches_do_not_share_a_folder(root: Path) -> None:
    """A second batch on the same reports is refused while the first is at work."""
    (root / "out" / ".labgrade").mkdir(parents=True)
    with FileLock(str(root / "out" / ".labgrade" / "lock")), pytest.raises(UserError, match="another batch"):
        graded(root)


def test_same_hand_in_twice_is_run_once(root: Path) -> None:
    """Two groups with the same code: one run serves both, even at the same moment."""
    for name in ("twin1", "twin2"):
        (root / "in" / name).mkdir()
        (root / "in" / name / "lab.py").write_text("# %%\nx = 'the same'\n")
    graded(root)
    assert len([name for name in recorded(root) if name.startswith("twin")]) == 1


def test_the_class_has_a_report_without_names_on_request(root: Path) -> None:
    """It lies beside the gradebook, is not rendered again without need, and names nobody when asked not to."""
    found, _ = graded(root)
    assert [report.html.name for report in found.reports] == ["class.html"]
    written = root / "out" / "class.html"
    assert "group10" in written.read_text()
    before = written.stat().st_mtime_ns
    graded(root)
    assert written.stat().st_mtime_ns == before
    with mock.patch("fictional_class.grade_class", partial(grade_class, anonymous=True)):
        graded(root)
    assert "group10" not in written.read_text()


def test_hand_ins_in_the_current_folder_are_never_imported(root: Path) -> None:
    """`labgrade batch .` in a folder of hand-ins called like modules: none of them runs outside the sandbox."""
    trap = "open(__file__ + '.ran', 'w').close()\n"
    (root / "in" / "grader").mkdir()
    (root / "in" / "grader" / "__init__.py").write_text(trap)
    for name in ("random.py", "socket.py", "signal.py", "psutil.py", "numpy.py"):
        (root / "in" / name).write_text(trap)
    process = started(root, folder=root / "in")
    assert process.wait(240) in (0, 3)
    assert not list((root / "in").rglob("*.ran"))
    assert (root / "out" / "group1" / "result.json").is_file()
