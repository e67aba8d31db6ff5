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
    {"print statement", "except E, e", "<>", "exec statement", "raise E, text", "0777", "10L", "`x`", "/"}
    | {key for key in TABLE if key.startswith(".") and key.endswith("()")}
)
"""Rows of Python 2's statements, whose examples stand in tests/formats/test_python_2.py: they are rewritten as read."""


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


def test_every_row_says_what_it_means_and_since_when() -> None:
    """A sentence for the teacher, and the version that changed it."""
    for row in TABLE.values():
        assert row.now.endswith("."), row.key
        assert any(sign.isdigit() for sign in row.since), row.key


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


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("AttributeError", "module 'keras.layers' has no attribute 'Desne'"),
        ("AttributeError", "module 'helpers' has no attribute 'precision'"),
        ("ImportError", "cannot import name 'recall' from 'helpers' (helpers.py)"),
        ("ImportError", "cannot import name 'Graph' from 'networks' (networks.py)"),
        ("AttributeError", "'Trainer' object has no attribute 'minimize'"),
        ("AttributeError", "module 'tensorflow' has no attribute 'kears'"),
        ("ModuleNotFoundError", "No module named 'tensorflow_examples'"),
        ("ValueError", "Unrecognized keyword arguments passed to Dense: {'unit': 3}"),
        ("ValueError", "Unrecognized keyword arguments passed to BatchNormalization: {'moment': 1}"),
        ("TypeError", "LinearRegression.__init__() got an unexpected keyword argument 'normalise'"),
        ("IndexError", "invalid index to scalar variable."),
        ("ValueError", "setting an array element with a sequence."),
        ("NameError", "name 'contrib' is not defined"),
        ("KeyError", "'val_acc'"),
    ],
)
def test_a_groups_own_error_is_no_other_version(error: str, message: str) -> None:
    """A slip of the pen, a name of the group's own, and errors that any version raises stay the group's."""
    assert lost(error, message) is None
