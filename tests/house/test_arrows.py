"""Which room calls which: the contracts of `pyproject.toml`, and the imports that no reader of imports sees."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from house_files import FILES, PACKAGE, ROOT, nodes, place, room

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]

_MODULE = re.compile(r"grader(?:\.\w+)+(?::\w+)?")
BY_NAME = {
    ("sandbox", "grader.probe.cells:main"): "entry of a student's process: the server imports it in the forked child",
    ("sandbox", "grader.training.trainer:main"): "entry of a trainer, likewise: the sandbox knows no trainer",
    (
        "batch",
        "grader.session:Session",
    ): "what makes a session goes to workers as text; a cluster has its own",
}
"""(room, what it names in a string in another room) -> why by a string."""

BY_VALUE = {
    "cluster/cluster.py": "the kind of a cluster is named in a teacher's file",
    "criteria/registry.py": "each file of the room is a criterion; a package or a lab may bring others",
    "extensions.py": "what packages bring by entry points, and the files of a folder that declare themselves",
    "functions/loading.py": "a lab's own file of cases, below a package of its own",
    "probe/versions/libraries.py": "names of other libraries, where the table of versions has them today",
    "probe/versions/moved.py": "modules of other libraries, by their old names",
    "probe/old_keras/old_tensorflow.py": "TensorFlow 1's names, which its own loader puts together when it is asked",
    "probe/old_keras/old_names.py": "names of Keras, where the table of versions has them today",
    "probe/old_keras/old_modules.py": "Keras' modules of older versions, by their old names",
    "sandbox/container/inside.py": "what a forked process finds loaded",
    "sandbox/contract.py": "entry functions, by the strings above",
    "sandbox/server.py": "what a forked process finds loaded",
    "session.py": "what makes a session, by the strings above",
}
"""Modules that import what a value names -> what."""


def lint(root: Path) -> str:
    """What import-linter says of the checkout at `root`."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(root), "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def verdicts(told: str) -> dict[str, str]:
    """Name of a contract -> KEPT or BROKEN."""
    return {
        name: found[1]
        for name in (contract["name"] for contract in CONTRACTS)
        if (found := re.search(re.escape(name) + r"\s+(KEPT|BROKEN)", told))
    }


def test_the_contracts_are_kept() -> None:
    """Imports point one way, from floor to floor and from room to room as the contracts say."""
    told = lint(ROOT)
    assert verdicts(told) == {contract["name"]: "KEPT" for contract in CONTRACTS}, told


def test_what_a_contract_names_exists() -> None:
    """A room that was renamed would be allowed, or forbidden, nothing under its old name."""
    modules = {"grader"} | {".".join(("grader", *file.relative_to(PACKAGE).with_suffix("").parts)) for file in FILES}
    modules |= {name.removesuffix(".__init__") for name in modules}
    for contract in CONTRACTS:
        several = (*(contract.get(key, []) for key in ("source_modules", "protected_modules", "allowed_importers")),)
        named = {name for names in several for name in names if name.split(".")[0] == "grader"}
        assert named <= modules, contract["name"]


PLANTED = {
    "facts/keras.py": "import grader.records.result",
    "probe/link.py": "import grader.errors",
    "session.py": "import grader.probe.link\nimport grader.reports.words",
    "reports/words.py": "import grader.code.syntax",
    "code/syntax.py": "import grader.matching.matcher\nimport grader.sandbox.contract\nimport grader.recorder.host",
    "matching/matcher.py": "import grader.formats.text\nimport grader.questions.ids\nimport grader.criteria.accuracy",
    "pipeline.py": "import click, keras, weasyprint, distributed, pickle, marshal",
}
"""Modules -> imports that break each contract but the one of floors at least once."""


@pytest.mark.long
def test_the_contracts_break_where_they_should(tmp_path: Path) -> None:
    """One forbidden import for each contract is planted, and every contract notices its own."""
    shutil.copytree(PACKAGE, tmp_path / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, imports in PLANTED.items():
        with (tmp_path / "grader" / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{imports}\n")
    told = lint(tmp_path)
    assert verdicts(told) == {contract["name"]: "BROKEN" for contract in CONTRACTS}, told


@pytest.mark.parametrize("file", FILES, ids=place)
def test_strings_that_name_a_module(file: Path) -> None:
    """A module that a string names exists, and stands in the same room or in the table with a reason."""
    for node in nodes(file):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value)):
            continue
        name, _, attribute = node.value.partition(":")
        parts = name.split(".")[1:]
        target = next(
            (p for p in (PACKAGE.joinpath(*parts).with_suffix(".py"), PACKAGE.joinpath(*parts)) if p.exists()), None
        )
        assert target is not None, f"{place(file)}:{node.lineno} names {node.value}, which is nowhere"
        if attribute:
            defined = {child.name for child in nodes(target) if isinstance(child, ast.FunctionDef | ast.ClassDef)}
            assert attribute in defined, f"{place(file)}:{node.lineno} names {node.value}, which holds no {attribute}"
        if parts[0] != room(file):
            assert (room(file), node.value) in BY_NAME, f"{place(file)}:{node.lineno} names {node.value}"


def test_imports_by_value_are_few_and_known() -> None:
    """What is imported by a name that only the run knows is in its table with a reason, and no table holds more."""
    calls = ("import_module", "__import__", "run_module", "spec_from_file_location")
    found = {
        place(file)
        for file in FILES
        for node in nodes(file)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", None)) in calls
    }
    assert found == set(BY_VALUE)
    strings = {
        (room(file), node.value)
        for file in FILES
        for node in nodes(file)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(BY_NAME) <= strings
