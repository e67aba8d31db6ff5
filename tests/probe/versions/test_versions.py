"""A row of the table of versions is a promise: its example runs as it meant, and is noted; or fails for its cause."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TypedDict

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from argument_examples import argument_examples
from keras_examples import EXAMPLES as KERAS
from library_examples import EXAMPLES as LIBRARIES
from name_examples import name_examples

from grader.facts.versions.version_table import TABLE, lost

EXAMPLES = {**argument_examples(), **name_examples(), **KERAS, **LIBRARIES}
REWRITTEN = frozenset(
    {"print statement", "except E, e", "<>", "exec statement", "raise E, text", "0777"}
    | {key for key in TABLE if key.startswith(".") and key.endswith("()")}
)
"""Rows of Python 2's statements: tests/code holds their examples, as nothing of them runs before it is rewritten."""


class Outcome(TypedDict):
    """What became of an example."""

    noted: list[str]
    error: list[str] | None


@cache
def outcomes() -> dict[str, Outcome]:
    """What each example noted and raised, all in one process."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "run_examples.py")],
        input=json.dumps(EXAMPLES),
        capture_output=True,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "agg"},
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Outcome] = json.loads(done.stdout)
    return found


def test_every_row_has_an_example_and_every_example_a_row() -> None:
    """A row that nobody tried may promise anything."""
    assert set(EXAMPLES) == set(TABLE) - REWRITTEN


@pytest.mark.slow
@pytest.mark.parametrize("key", sorted(set(TABLE) - REWRITTEN))
def test_old_code_runs_as_it_meant_or_fails_for_its_cause(key: str) -> None:
    """What is shimmed runs, keeps its meaning and is noted; what is lost is known by what today's library says."""
    outcome = outcomes()[key]
    if TABLE[key].lost:
        assert outcome["error"] is not None
        found = lost(*outcome["error"])
        assert found is not None, outcome["error"]
        assert found.error == TABLE[key].error or found.key == key, found.key
    else:
        assert outcome["error"] is None, outcome["error"]
        assert key in outcome["noted"]
