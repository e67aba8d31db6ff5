"""The command line: what a teacher sees when something is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

LAB = "dat405-neural-networks"


def labgrade(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with a cache of its own."""
    return subprocess.run(
        [sys.executable, "-m", "grader.cli", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"LABGRADE_CACHE": str(cwd / "cache"), "LABGRADE_OFFLINE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def notebook(path: Path, *cells: str) -> Path:
    content = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in cells]
    path.write_text(json.dumps({"cells": content, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def test_help_names_the_command(tmp_path: Path) -> None:
    """`labgrade --help` lists what can be done."""
    done = labgrade("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "check" in done.stdout


def test_help_loads_no_library_but_click() -> None:
    """The commands import what they work with when they run: `labgrade --help` waits for neither rich nor pydantic."""
    script = "import sys, grader.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "click" in loaded
    assert not {"rich", "pydantic", "numpy", "yaml", "grader.pipeline", "grader.options"} & set(loaded)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["absent.ipynb"], "absent.ipynb"),
        (["empty"], "empty"),
        (["picture.png"], "picture.png"),
        (["\x1b[2J\x1b]0;x\x07.ipynb"], "?[2J?]0;x?.ipynb"),
        (["broken.ipynb"], "broken.ipynb"),
        (["good.ipynb", "--rubric", "dat405-neural-network"], LAB),
        (["good.ipynb", "--data", "nowhere"], "nowhere"),
        (["good.ipynb", "--rubric", LAB, "--out", "good.ipynb"], "--out"),
        (["shopping.ipynb"], "--rubric"),
    ],
)
def test_users_mistake_is_one_line(tmp_path: Path, arguments: list[str], says: str) -> None:
    """A mistake is answered in one line that says what to do, with exit code 2 and no traceback."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (tmp_path / "broken.ipynb").write_text('{"cells": [')
    notebook(tmp_path / "good.ipynb", "x = 1")
    notebook(tmp_path / "shopping.ipynb", "print('bread, milk')")
    done = labgrade("check", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    *_, last = done.stderr.strip().splitlines()
    assert last.startswith("labgrade: ")
    assert says in last


def test_nothing_is_written_after_a_mistake(tmp_path: Path) -> None:
    """A run that cannot begin leaves no report behind."""
    notebook(tmp_path / "shopping.ipynb", "print('bread, milk')")
    labgrade("check", "shopping.ipynb", cwd=tmp_path)
    assert not (tmp_path / "reports").exists()


def test_own_fault_is_one_line_and_a_log(tmp_path: Path) -> None:
    """A failure of labgrade's own is one line with exit code 1; the traceback is in the log."""
    notebook(tmp_path / "group.ipynb", "x = 1")
    (tmp_path / "sitecustomize.py").write_text("import grader.pipeline as p\np.read_submission = lambda path: 1 / 0\n")
    done = labgrade("check", "group.ipynb", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "ZeroDivisionError" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" in (tmp_path / "cache" / "labgrade.log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_interrupted_run_leaves_nothing_behind(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C in the middle of the work ends every process, in one line, with no half-written file."""
    notebook(tmp_path / "group.ipynb", "while True: pass")
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "check", "group.ipynb", "--rubric", LAB],
        cwd=tmp_path,
        env=os.environ | {"LABGRADE_CACHE": str(tmp_path / "cache"), "LABGRADE_OFFLINE": "1"},
        stderr=subprocess.PIPE,
        text=True,
        # a shell that runs these tests in the background has Ctrl-C ignored, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    family: list[psutil.Process] = []
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        family = psutil.Process(process.pid).children(recursive=True)
        if len(family) >= 4:
            break
        time.sleep(0.1)
    assert len(family) >= 4, "the warm server, supervisor, student and trainer never ran"
    process.send_signal(how)
    try:
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 2
    assert "Traceback" not in errors
    assert "interrupted" in errors.strip().splitlines()[-1]
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    assert not list((tmp_path / "reports").rglob("*.*"))
