"""Whole runs: the project's sample submissions, and a real hand-in where it is at hand.

One of them goes through the command line; the others share a session, as in a batch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from grader import pipeline
from grader.options import Options
from grader.records import Silence
from grader.session import Session

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

ROOT = Path(__file__).parents[1]
REAL = ROOT / "../shared/samples/group12-dat405/notebook.ipynb"
Check = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cache and reports of all runs here: the reference is trained once."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def check(folder: Path) -> Iterator[Check]:
    """Grades a submission; its result."""
    options = Options(cache=folder / "cache", out=folder / "reports")
    with pytest.MonkeyPatch.context() as patch, Session(options, Silence()) as session:
        patch.setenv("LABGRADE_OFFLINE", "1")

        def run(submission: Path) -> dict[str, Any]:
            checked = pipeline.check(submission, options, Silence(), session)
            result: dict[str, Any] = json.loads(checked.files.result.read_text())
            return result

        yield run


@pytest.fixture(scope="module")
def command(folder: Path) -> Check:
    """Grades a submission through the command line; its result."""

    def run(submission: Path) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "grader.cli", "check", str(submission), "--json", "--out", str(folder / "reports")],
            env=os.environ | {"LABGRADE_CACHE": str(folder / "cache"), "LABGRADE_OFFLINE": "1", "LABGRADE_DATA": ""},
            capture_output=True,
            text=True,
            timeout=2000,
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    return run


def verdicts(result: dict[str, Any]) -> dict[tuple[str, str], str]:
    """(question, criterion) -> status, without what a person decides."""
    return {
        (question["id"], verdict["criterion"]): verdict["status"]
        for question in result["questions"]
        for verdict in question["verdicts"]
        if verdict["criterion"] != "written"
    }


def kinds(result: dict[str, Any]) -> set[str]:
    return {observation["kind"] for observation in result["observations"]}


@pytest.mark.long
def test_perfect_submission_gets_every_decided_point(check: Check) -> None:
    """group03 has nothing wrong: all that is decided is awarded, and nothing is held against it."""
    result = check(ROOT / "submissions" / "group03")
    assert set(verdicts(result).values()) == {"passed"}
    assert result["score"]["awarded"] == result["score"]["decided"] == 11.5
    assert kinds(result) <= {"validation_on_test"}


def test_mistakes_are_found_and_good_parts_kept(command: Check) -> None:
    """group12: the wrong loss, the stale log, the missing labels, two replicates and the claimed number are found."""
    result = command(ROOT / "submissions" / "group12")
    golden = json.loads((ROOT / "tests" / "golden" / "group12.json").read_text())
    found = {f"{question} {criterion}": status for (question, criterion), status in verdicts(result).items()}
    assert found == golden["verdicts"]
    assert kinds(result) == set(golden["observations"])
    assert {model["matched"] for model in result["models"]} == {
        *("given_mlp", "small_mlp", "deep_mlp", "decayed_mlp", "conv_net")
    }


@pytest.mark.long
def test_nothing_after_a_crash_is_lost(check: Check) -> None:
    """broken: four failing cells cost their own parts alone, and the odd group name comes out as text."""
    result = check(ROOT / "submissions" / "broken")
    found = verdicts(result)
    assert found["2.3", "history_plot"] == "passed"
    assert found["2.4-train", "accuracy"] == "passed"
    assert found["3.1", "architecture"] == "passed"
    assert found["2.4-sweep", "sweep"] == "failed"
    failed = [item["kind"] for item in result["observations"] if item["kind"] in ("failed_cell", "undefined_name")]
    assert sorted(failed) == ["failed_cell", "failed_cell", "failed_cell", "undefined_name"]


@pytest.mark.long
def test_lab_without_question_ids(check: Check) -> None:
    """solo04: every part is found by its words, figures and models, and the unscaled pixels are noticed."""
    result = check(ROOT / "submissions" / "solo04")
    found = verdicts(result)
    assert {key for key, status in found.items() if status == "failed"} - {("model-plain", "accuracy")} == {
        ("input-scaling", "scaled")
    }
    assert found["loss-plot", "history_plot"] == "partial"
    for question in ("sample-digits", "pixel-histogram", "comparison-plot", "test-predictions", "confusion-matrix"):
        assert {status for (name, _), status in found.items() if name == question} == {"passed"}
    assert "unscaled_input" in kinds(result)


@pytest.mark.long
def test_same_hand_in_gets_the_same_marks(command: Check, folder: Path) -> None:
    """A second run gives the same result and leaves the same files."""
    first = command(ROOT / "submissions" / "group12")
    before = {path.name: path.read_bytes() for path in (folder / "reports" / "group12").iterdir()}
    assert command(ROOT / "submissions" / "group12") == first
    assert {path.name: path.read_bytes() for path in (folder / "reports" / "group12").iterdir()} == before


def test_report_can_be_read(check: Check, folder: Path) -> None:
    """The PDF is tagged, has bookmarks and a language, and says what the result says."""
    result = check(ROOT / "submissions" / "group12")
    reader = PdfReader(folder / "reports" / "group12" / "report.pdf")
    text = unicodedata.normalize("NFKC", "\n".join(page.extract_text() for page in reader.pages))
    assert len(reader.pages) >= 8
    assert reader.outline
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "en"
    for question in result["questions"]:
        assert question["title"].split(":")[0] in text
    assert "binary_crossentropy" in text
    page = (folder / "reports" / "group12" / "report.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page


@pytest.mark.long
@pytest.mark.skipif(not REAL.exists(), reason="the real hand-in is not at hand")
@pytest.mark.skipif(not os.environ.get("LABGRADE_LONG_TESTS"), reason="minutes of training: LABGRADE_LONG_TESTS=1")
def test_real_hand_in_is_judged_rightly(check: Check) -> None:
    """Every question placed, every model matched, its true faults found, and nothing that is not true."""
    result = check(REAL)
    found = verdicts(result)
    assert {key for key, status in found.items() if status in ("failed", "partial")} == {
        ("2.3", "compiled"),
        ("2.3", "accuracy"),
        ("2.4-train", "compiled"),
        ("2.4-train", "accuracy"),
        ("2.4-sweep", "sweep"),
    }
    assert [model["matched"] for model in result["models"]] == [
        *("given_mlp", "small_mlp", "deep_mlp", "decayed_mlp", "conv_net")
    ]
    assert kinds(result) == {
        *("stale_log", "loss_differs", "loss_mismatch", "better_than_claimed", "decay_missing", "validation_on_test"),
        *("chosen_on_test", "run_before", "unseeded"),
    }
    stale = {item["question"]: item["message"] for item in result["observations"] if item["kind"] == "stale_log"}
    assert "40 epochs" in stale["3.1"]
    assert "4 epochs" in stale["3.1"]
    assert set(stale) == {"3.1", "2.4-sweep"}
