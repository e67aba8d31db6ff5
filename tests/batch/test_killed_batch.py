"""A batch that is killed again and again ends with the files of one that never was."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from fictional_class import fictional_lab, fictional_submission, started

_POINTS, _FEW = 50, 4
"""Kills in the long tests, and in every run of the tests."""
_SECONDS = 600
"""After which a run is taken to hang, however busy the machine."""
_NAMES = tuple(f"group{number}" for number in range(1, 9))


def made(root: Path) -> Path:
    fictional_lab(root)
    for name in _NAMES:
        fictional_submission(root / "in", name, f"x = '{name}'")
    (root / "in" / "empty").mkdir()
    (root / "in" / "class.yaml").write_text("deadline: 2026-03-01\npenalty: {flat: 1}\n")
    return root


def contents(root: Path) -> dict[str, bytes]:
    """Every file of the reports, drafts and journal included, by name."""
    out = root / "out"
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.name != "lock"]
    here = str(root).encode()
    return {path.relative_to(out).as_posix(): path.read_bytes().replace(here, b"ROOT") for path in files}


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return psutil.Process(process.pid).children(recursive=True)
    return []


@contextmanager
def gone_with_its_family(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the whole group at the end, whatever is left of it, and wait until nothing is."""
    try:
        yield
    finally:
        known = family(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(120)
        _, alive = psutil.wait_procs(known, timeout=120)
        assert not alive


def run_and_kill(root: Path, dice: random.Random, left: int) -> tuple[int, int | None]:
    """One run: kills single processes at random moments, or all at once; (kills, exit code if it came to its end)."""
    kills = 0
    process = started(root)
    with gone_with_its_family(process):
        while kills < left:
            with suppress(subprocess.TimeoutExpired):
                return kills, process.wait(dice.choice((0.02, 0.1, 0.3, 0.8)))
            kills += 1
            if dice.random() < 0.2:
                return kills, None
            children = family(process)
            if children:
                with suppress(psutil.NoSuchProcess):
                    dice.choice(children).kill()
        return kills, process.wait(_SECONDS)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("points", [_FEW, pytest.param(_POINTS, marks=pytest.mark.long)])
def test_killed_at_many_points(tmp_path: Path, points: int) -> None:
    """Killed at many random points, the whole group or a single process, and started again: nothing is lost, nothing
    is doubled, and every file is byte for byte that of an undisturbed run."""
    calm = made(tmp_path / "calm")
    with gone_with_its_family(process := started(calm)):
        assert process.wait(_SECONDS) == 0
    expected = contents(calm)
    assert len([name for name in expected if name.endswith("report.pdf")]) == len(_NAMES)

    dice = random.Random(20261121)
    kills = rounds = 0
    while kills < points:
        rounds += 1
        root = made(tmp_path / f"round{rounds}")
        code: int | None = None
        runs = 0
        while code is None or code != 0:
            runs += 1
            assert runs < 3 * points, "it never came to its end"
            more, code = run_and_kill(root, dice, points - kills)
            kills += more
        ledger = (root / "cache" / "ledger").read_text().split()
        assert set(ledger) == {*_NAMES, "solution"}
        assert contents(root) == expected
