"""The house: which room may call which, how long a file and how full a folder may be, and what loads when."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "grader"
FILES = sorted(PACKAGE.rglob("*.py"))

ROOMS = {
    "errors": set[str](),
    "records": {"errors"},
    "assets": set[str](),
    "datasets": {"records", "errors"},
    "sandbox": {"records", "errors"},
    "source": {"records"},
    "reading": {"source", "records", "errors", "assets"},
    "matching": {"records", "errors"},
    "checks": {"source", "records", "errors"},
    "reports": {"records", "errors", "assets"},
    "training": {"sandbox", "datasets", "records", "errors"},
    "functions": {"records", "errors"},
    "recorder": {"functions", "training", "sandbox", "datasets", "records", "errors"},
    "options": {"sandbox", "records", "errors"},
    "workshop": {"functions", "recorder", "training", "options", "sandbox", "datasets", "records", "errors"},
    "pipeline": {
        *("workshop", "options", "assets", "reading", "recorder", "training", "matching", "checks", "reports"),
        *("functions", "reviews", "records", "errors"),
    },
    "classes": {"reading", "reports", "records", "errors"},
    "reviews": {"checks", "classes", "reading", "reports", "records", "errors"},
    "exports": {"classes", "reports", "records", "errors"},
    "batch": {
        *(
            "pipeline",
            "workshop",
            "options",
            "assets",
            "classes",
            "reviews",
            "reading",
            "recorder",
            "training",
            "datasets",
            "reports",
        ),
        *("records", "errors"),
    },
    "cluster": {"batch", "workshop", "training", "recorder", "options", "records", "errors"},
    "answer_key": {"pipeline", "workshop", "options", "assets", "reading", "matching", "reports", "records"},
    "doctor": {"sandbox", "training", "datasets", "reports", "records", "errors"},
    "validation": {"pipeline", "workshop", "options", "assets", "reading", "records"},
    "drafting": {"pipeline", "workshop", "options", "reading", "records", "errors"},
    "mutation": {"pipeline", "workshop", "options", "assets", "functions", "reading", "records", "errors"},
    "display": {"records"},
    "commands": {
        *("pipeline", "workshop", "options", "display", "assets", "reading", "sandbox", "records", "errors"),
        *(
            "datasets",
            "doctor",
            "validation",
            "mutation",
            "drafting",
            "answer_key",
            "batch",
            "cluster",
            "classes",
            "reviews",
            "exports",
        ),
    },
    "cli": {"commands"},
}
HEAVY = (
    "tensorflow",
    "keras",
    "weasyprint",
    "matplotlib",
    "scipy",
    "nbformat",
    "IPython",
    "pandas",
    "numpy",
    "pydantic",
)


def room(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree(file: Path) -> tuple[ast.Module, tuple[ast.AST, ...]]:
    """The file's module and all nodes in it."""
    module = ast.parse(file.read_text())
    return module, tuple(ast.walk(module))


@cache
def imports(file: Path) -> set[str]:
    """Every module that the file imports, at its top or inside a function."""
    found: set[str] = set()
    for node in tree(file)[1]:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


@pytest.mark.parametrize("file", [file for file in FILES if file.parent != PACKAGE or file.stem != "__init__"], ids=str)
def test_imports_point_one_way(file: Path) -> None:
    """A room imports itself and the rooms below it, never beside or above."""
    here = room(file)
    used = {name.split(".")[1] for name in imports(file) if name.startswith("grader.")}
    allowed = ROOMS[here] | {here, "__version__"}
    assert used <= allowed, f"{here} may not import {sorted(used - allowed)}"


@pytest.mark.parametrize("file", sorted((PACKAGE / "recorder" / "probe").rglob("*.py")), ids=str)
def test_probe_knows_nothing_of_the_grader(file: Path) -> None:
    """What runs beside student code imports its own folder and the message format alone."""
    used = {name for name in imports(file) if name.startswith("grader.")}
    assert all(name.startswith(("grader.recorder.probe", "grader.sandbox.frames")) for name in used), used


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("tensorflow", ("recorder/probe/", "training/worker.py", "training/engine.py", "sandbox/")),
        ("keras", ("recorder/probe/", "training/worker.py", "training/engine.py", "training/assembly.py", "sandbox/")),
        ("weasyprint", ("reports/printing.py",)),
        ("distributed", ("cluster/",)),
        ("click", ("cli.py", "commands/")),
        # one reader for Keras' own CIFAR archives, which resolves NumPy's arrays alone
        ("pickle", ("datasets/files.py", "datasets/download.py")),
        ("marshal", ()),
    ],
)
def test_heavy_and_dangerous_libraries_stay_in_their_rooms(library: str, allowed: tuple[str, ...]) -> None:
    """TensorFlow loads only in the warm server and the trainer, WeasyPrint in one file, pickle nowhere."""
    for file in FILES:
        used = any(name == library or name.startswith(library + ".") for name in imports(file))
        place = file.relative_to(PACKAGE).as_posix()
        assert not used or place.startswith(allowed), f"{place} imports {library}"


def test_only_the_command_line_prints_or_exits() -> None:
    """Everything else returns or raises; the probe may print what Keras would have printed."""
    for file in FILES:
        place = file.relative_to(PACKAGE).as_posix()
        if place == "display.py" or place.startswith(("commands/", "recorder/probe/", "sandbox/")):
            continue
        for node in tree(file)[1]:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "exit", "quit"), f"{place}:{node.lineno}"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_files_and_functions_stay_small(file: Path) -> None:
    """No file over 300 lines, no function over 60."""
    text = file.read_text()
    assert text.count("\n") <= 300
    for node in tree(file)[1]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 60, f"{file}:{node.lineno} {node.name}"


@pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}), ids=str)
def test_folders_stay_small(folder: Path) -> None:
    """Past a dozen files a folder wants another room."""
    assert len([file for file in folder.glob("*.py") if file.stem != "__init__"]) <= 12


@pytest.mark.parametrize("file", FILES, ids=str)
def test_every_module_says_what_it_is_for(file: Path) -> None:
    """Each module opens with a docstring."""
    assert ast.get_docstring(tree(file)[0]) or file.stat().st_size == 0


def test_help_loads_nothing_heavy() -> None:
    """`labgrade --help` imports none of the large libraries: that is why it answers at once."""
    script = "import sys, grader.cli; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)
