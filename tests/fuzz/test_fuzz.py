"""A thousand damaged hand-ins and rubrics, each of which ends in a result or in one line that says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

CASES = {"notebook": 360, "script": 300, "rubric": 240, "zip": 120, "web": 60, "markdown": 60, "pdf": 40, "word": 40}
_STEP = 400
"""Cases of one process."""
_SAMPLE = 12
"""Cases of each kind in every run of the tests. The thousand are `long`."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("kinds", "first", "last"),
    [
        pytest.param(list(CASES), 0, _SAMPLE, id="sample"),
        *(
            pytest.param([kind], first, min(first + _STEP, count), marks=pytest.mark.long, id=f"{kind}-{first}")
            for kind, count in CASES.items()
            for first in range(0, count, _STEP)
        ),
    ],
)
def test_damaged_input_ends_well(kinds: list[str], first: int, last: int, tmp_path: Path) -> None:
    """No traceback, no hang, no more memory than allowed; the same seeds every time."""
    command = [sys.executable, str(HERE / "fuzz_worker.py"), ",".join(kinds), str(first), str(last), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LABGRADE_OFFLINE": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1700)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    faults = [line for line in lines if "fault" in line]
    assert not faults, "\n".join(f"{line['kind']} {line['seed']}: {line['fault']}" for line in faults)
    assert lines[-1:] == [{"done": (last - first) * len(kinds)}], ran.stderr[-3000:]
