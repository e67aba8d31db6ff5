"""Every script in `benchmarks/` runs to its end at its smallest size, so that none breaks unnoticed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAB = ROOT / "tests" / "hostile" / "functions_lab"
"""A lab that trains nothing: what it costs is a start of the sandbox."""


def run(script: str, *arguments: str, cache: Path) -> list[str]:
    """The lines that `script` printed; fails where it ends otherwise than well."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT), "LABGRADE_CACHE": str(cache), "LABGRADE_OFFLINE": "1"},
        cwd=cache,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_script_has_a_smoke_test() -> None:
    """A script that no test here names would break without a word."""
    named = set(re.findall(r'run\(\s*"(\w+\.py)"', Path(__file__).read_text()))
    assert named == {script.name for script in (ROOT / "benchmarks").glob("*.py")}


def test_simulated_class(tmp_path: Path) -> None:
    """Each size of a cluster is one row of the table."""
    sizes = ["--submissions", "40", "--models", "5", "--workers", "2", "--workers", "4", "--trainers", "2"]
    rows = run("simulate_class.py", *sizes, cache=tmp_path)
    assert [row.split("|")[1].strip() for row in rows] == ["workers", "---", "2", "4"]


@pytest.mark.slow
@pytest.mark.long
def test_epoch_graph(tmp_path: Path) -> None:
    """The engine and Keras' own `fit` are compared on two networks."""
    lines = run("epoch_graph.py", "--epochs", "2", "--rows", "256", cache=tmp_path)
    assert [re.sub(r"\d+\.\d\d", "N", line) for line in lines] == [
        f"{network}: Keras' fit takes N times the engine's time per epoch" for network in ("dense", "convolutional")
    ]


@pytest.mark.slow
@pytest.mark.long
def test_check_again(tmp_path: Path) -> None:
    """Both runs of an unchanged hand-in are timed."""
    (line,) = run("check_again.py", str(LAB / "solution.py"), "--rubric", str(LAB), cache=tmp_path)
    assert re.fullmatch(r"first run \d+\.\d s, unchanged again \d+\.\d s: \d+\.\d%", line)


@pytest.mark.slow
@pytest.mark.long
def test_regrade(tmp_path: Path) -> None:
    """A class of two waits for its gradebook once, and once more after each edit of its rubric."""
    shutil.copytree(LAB, tmp_path / "labs" / LAB.name)
    hand_in = tmp_path / "hand-in"
    hand_in.mkdir()
    shutil.copy(LAB / "solution.py", hand_in)
    labs = ["--rubrics", str(tmp_path / "labs")]
    lines = run("regrade.py", "--number", "2", "--workers", "1", *labs, str(hand_in), cache=tmp_path)
    assert [line.partition(":")[0] for line in lines] == [
        *("recorded hand-in", "first run", "points edited", "threshold edited", "title edited")
    ]
