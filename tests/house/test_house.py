"""The house: how long a file and how full a room may be, what its modules are called, and what loads when.

Which room may call which is said by the contracts in `pyproject.toml`; `test_arrows.py` holds the modules against them.
"""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from figures import named_by_a_participle
from house_files import CHAPTERS, FILES, PACKAGE, ROOT, functions, module, nodes, place, room

HEAVY = (
    *("tensorflow", "keras", "weasyprint", "matplotlib", "scipy", "nbformat", "IPython", "pandas", "numpy", "pydantic"),
    *("sklearn", "h5py", "PIL", "distributed", "jinja2", "rich"),
)
FOR_HELP = ("commands", "errors", "cli")
"""Rooms that `labgrade --help` may load: each command's own imports wait until it is called."""
ROOMS = {room(file) for file in FILES if file.parent != PACKAGE}
SUITES = {
    "benchmarks": "the scripts of benchmarks/, which are no part of the package",
    "docs": "the examples of docs/, which a reader copies",
    "fuzz": "a thousand damaged files through the whole of `check`",
    "golden": "no tests: results that the tests of whole runs are held against",
    "hostile": "attacks through the whole of `check`",
    "house": "the modules themselves",
    "judging": "no tests: the findings and scores that `judge.py` counts on samples",
    "strangers": "hand-ins composed by the thousand, whose truth is known, through the whole of `check`",
    "support": "no tests: what several rooms' tests are made with",
}
"""Folders of tests that are about no single room."""
WITHOUT_A_FOLDER = {
    "code": "it reads what hand-ins hold: the tests of observations, formats and functions read it",
    "records": "nouns without a will of their own: every test makes them",
}
"""Rooms whose tests stand elsewhere."""


@pytest.mark.parametrize("file", FILES, ids=place)
def test_files_and_functions_stay_small(file: Path) -> None:
    """No file over 500 lines, which one can still read through; no function over 60."""
    assert file.read_text(encoding="utf-8").count("\n") <= 500
    for function in functions(file):
        assert (function.end_lineno or 0) - function.lineno <= 60, f"{place(file)}:{function.lineno} {function.name}"


@pytest.mark.parametrize("folder", sorted({file.parent for file in CHAPTERS}), ids=place)
def test_rooms_stay_small(folder: Path) -> None:
    """Past 25 files a room is two subjects; and a room has two floors at most, so that one can see all of it."""
    assert len([file for file in folder.glob("*.py") if file.stem != "__init__"]) <= 25
    assert len(folder.relative_to(PACKAGE).parts) <= 2


@pytest.mark.parametrize("file", [file for file in FILES if room(file) != "records"], ids=place)
def test_the_nouns_are_imported_from_their_room(file: Path) -> None:
    """One statement brings all nouns that a file needs; in which chapter one stands is the room's own business."""
    for node in nodes(file):
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("grader.records."), f"{place(file)}:{node.lineno}"


def test_no_two_modules_share_their_name() -> None:
    """A file's name alone says which one is meant."""
    names = Counter(file.name for file in CHAPTERS if file.stem != "__main__")
    assert [name for name, many in names.items() if many > 1] == []


@pytest.mark.parametrize("file", FILES, ids=place)
def test_every_module_says_what_it_is_for(file: Path) -> None:
    """Each module opens with a docstring."""
    assert ast.get_docstring(module(file)) or file.stat().st_size == 0


def test_only_the_command_line_prints_or_exits() -> None:
    """Everything else returns or raises; the probe may print what Keras would have printed."""
    for file in FILES:
        if place(file).startswith(("cli.py", "commands/", "probe/", "sandbox/")):
            continue
        for node in nodes(file):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "exit", "quit"), f"{place(file)}:{node.lineno}"


def test_the_tests_mirror_the_rooms() -> None:
    """Each room has a folder of tests of its name, and each such folder a room; what is exempt says why."""
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - set(SUITES) == ROOMS - set(WITHOUT_A_FOLDER)
    assert set(SUITES) <= folders
    assert set(WITHOUT_A_FOLDER) <= ROOMS


@pytest.mark.parametrize(
    ("name", "participle"),
    [
        *(("judged_functions", True), ("laid_out", True), ("kept", True), ("read_notebook", False), ("seed_of", False)),
        *(("run_epochs", False), ("train", False), ("embed", False), ("score", False), ("unreached", True)),
    ],
)
def test_participles_are_known(name: str, participle: bool) -> None:
    """The figure that counts functions named by a participle takes neither verbs nor nouns for one."""
    assert named_by_a_participle(name) is participle


def test_help_loads_nothing_heavy() -> None:
    """`labgrade --help` loads none of the large libraries and nothing of labgrade beyond its commands."""
    script = (
        "import sys\nfrom grader.cli import main\nmain(['--help'], standalone_mode=False)\nprint()\nprint(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    names = loaded.splitlines()[-1].split()
    assert not {name.split(".")[0] for name in names} & set(HEAVY)
    assert {name.split(".")[1] for name in names if name.startswith("grader.")} <= set(FOR_HELP)


def test_help_answers_at_once() -> None:
    """A tenth of a second on a quiet machine; a shared one may take three times as long, and the best of three counts.

    Processor time is measured, which other processes stretch less than the time on the wall.
    """
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "grader.cli", "--help"], capture_output=True, check=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < 0.3
