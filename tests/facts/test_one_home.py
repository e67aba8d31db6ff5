"""Each fact about the world has one home: a second file that lists data sets, aliases, roles or signs is found."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from grader.facts import datasets, filetypes, keras, languages, status
from grader.formats.reader import readers

PACKAGE = Path(__file__).parents[2] / "grader"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "facts" not in path.relative_to(PACKAGE).parts)

LAYERS = (keras.STANDARD | keras.CODE | set(keras.ALIASES)) - {"Add", "Dot", "Identity"}
"""Less those that are also something else: Python's operators, an initializer."""
TRAINING = {
    *keras.LOSSES,
    *keras.LOSS_ALIASES,
    *keras.LOSSES.values(),
    *keras.OPTIMIZERS,
    *keras.LOWER_CASE_OPTIMIZERS,
    *keras.SCHEDULES,
    *keras.CALLBACKS,
    *keras.CHOOSING_CALLBACKS,
}
METRICS = {
    *keras.OF_CLASSES,
    *keras.OLD_NAMES,
    *(name for name in keras.METRIC_NAMES if "accuracy" in name),
    *(name for name in keras.METRIC_CLASSES if name.endswith("Accuracy")),
    keras.VALIDATION_ACCURACY,
} - {keras.ACCURACY, keras.ACCURACY.capitalize()}
"""`accuracy` itself is also the name of a criterion and of a score, and a word."""
STEMS = re.compile(
    r"accura\||\|accura|noggrann|genauigkeit|exactitud|\bacc\b\||\|acc\b|fråga|\bfrage\b|aufgabe|uppgift", re.IGNORECASE
)
"""Words for accuracies and questions, in languages in which they are nothing else."""
SIGNS = {known.sign for known in status.STATUSES.values()} - {"–"} | {"✕"}
"""A dash is also a dash. The cross was a second sign for what could not be checked."""
SUFFIXES = set(filetypes.SUFFIXES) | {suffix for reader in readers() for suffix in reader.suffixes}
"""Of files that a reader reads, its own file in `formats` is the home."""
MONTHS = {month.casefold() for month in languages.words(languages.MONTHS) if len(month) > 3}

ALLOWED = {
    ("layers", "training/keras/layer_costs.py"): "which function works out which layer's size: tables of code",
    ("training", "training/trainer.py"): "the names under which labgrade stores its own measures of numbers",
    ("stems", "observations/data_use.py"): "names of variables in code, not words of a language",
    ("stems", "observations/claims.py"): "names of variables in code, not words of a language",
    ("signs", "formats/pdf/page_layout.py"): "bullets that people put before the items of a list",
    ("suffixes", "authoring/draft.py"): "the two forms of a solution that a rubric can be drafted from",
}
"""(what, file) -> why it may stand there: the rest of what is found is a copy."""


@cache
def literals(path: Path) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """(line, texts) of each string, and of each list, set, tuple and table's keys, in which strings stand together.

    A string of several words counts as a list of them. Docstrings, those of names included, are left out.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found: list[tuple[int, tuple[str, ...]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            words = tuple(node.value.split())
            found.append((node.lineno, (node.value,)))
            found += [(node.lineno, words)] if len(words) > 1 else []
        items = node.elts if isinstance(node, ast.List | ast.Set | ast.Tuple) else ()
        items = [key for key in node.keys if key is not None] if isinstance(node, ast.Dict) else items
        texts = tuple(item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))
        found += [(node.lineno, texts)] if len(texts) > 1 and hasattr(node, "lineno") else []
    return tuple(found)


def copies(path: Path) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """(what, line, texts) of everything in the file that names a fact which has its home elsewhere."""
    for line, texts in literals(path):
        several = {text.strip(",;:").rstrip(".") for text in texts}
        one = texts[0] if len(texts) == 1 else ""
        if one in datasets.IMAGE_SETS or len(several & set(datasets.IMAGE_SETS)) > 1:
            yield "datasets", line, texts
        if one in METRICS or len(several & METRICS) > 1:
            yield "metrics", line, texts
        if STEMS.search(one):
            yield "stems", line, texts
        if len(several & LAYERS) > 1:
            yield "layers", line, texts
        if len(several & TRAINING) > 1:
            yield "training", line, texts
        if any(sign in one for sign in SIGNS):
            yield "signs", line, texts
        if (
            len(several & SUFFIXES) > 1
            and path.parent.name != "formats"
            and all(text.startswith(".") for text in texts)
        ):
            yield "suffixes", line, texts
        if len({text.casefold() for text in several} & MONTHS) > 2:
            yield "months", line, texts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_second_file_knows_it(path: Path) -> None:
    """What `grader/facts` tells is imported, not written out again."""
    place = path.relative_to(PACKAGE).as_posix()
    found = [(what, line, texts[:6]) for what, line, texts in copies(path) if (what, place) not in ALLOWED]
    assert not found, f"{place}: {found}"


def test_every_exception_is_needed() -> None:
    """An exception whose file holds nothing of the kind any more goes."""
    known = {(what, path.relative_to(PACKAGE).as_posix()) for path in FILES for what, _, _ in copies(path)}
    assert set(ALLOWED) <= known


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ('NAMES = ("mnist", "cifar10")', "datasets"),
        ('x = name == "fashion_mnist"', "datasets"),
        ('x = history["val_acc"]', "metrics"),
        ('X = re.compile("accura|exactitud")', "stems"),
        ('X = re.compile("question|fråga")', "stems"),
        ('ROLE = frozenset({"Flatten", "Reshape"})', "layers"),
        ('ROLE = frozenset("""Flatten Reshape Dense""".split())', "layers"),
        ('TABLE = {"LSTM": 1, "GRU": 2}', "layers"),
        ('TABLE = {"mse": "mean_squared_error", "mae": 1}', "training"),
        ('print("✕ it failed")', "signs"),
        ('x = f"● {name}"', "signs"),
        ('x = path.suffix in (".md", ".html")', "suffixes"),
        ('X = "januari februari mars april"', "months"),
    ],
)
def test_a_copy_is_found(tmp_path: Path, source: str, what: str) -> None:
    """Each kind of copy that there has been is found in a file that holds nothing else."""
    path = tmp_path / "copy.py"
    path.write_text(source, encoding="utf-8")
    assert what in {found for found, _, _ in copies(path)}


@pytest.mark.parametrize(
    "source",
    [
        '"""Layers such as Flatten and Reshape; see mnist."""',
        'X = 1\n"""Of `mnist`: ● and ✕."""',
        'kind = "accuracy"',
        'text = "Give a notebook (.ipynb), a script (.py) or a report (.pdf)."',
        'x = path.suffix == ".csv"',
        'x = layer == "Dense"',
    ],
)
def test_what_is_no_copy_is_left_alone(tmp_path: Path, source: str) -> None:
    """Docstrings, single names and sentences for people are no second home."""
    path = tmp_path / "plain.py"
    path.write_text(source, encoding="utf-8")
    assert not list(copies(path))
