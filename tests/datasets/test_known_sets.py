"""Data sets that are declared: labgrade's own, those of packages, and files that nobody declared."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from datasets_support import small_arrays, table_file

from grader import datasets
from grader.cli import main
from grader.datasets import dataset
from grader.datasets.dataset import declaration, declarations, is_declared
from grader.datasets.sources import load_dataset
from grader.datasets.table import Table
from grader.errors import UserError
from grader.facts.datasets import IMAGE_SETS

DOCS = Path(__file__).parents[2] / "docs" / "datasets.md"


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str, entries: str) -> None:
    """An installed package `labgrade_houses` with that module and those entry points, and its table."""
    folder.mkdir()
    table_file(folder / "houses.csv")
    (folder / "labgrade_houses.py").write_text(code)
    info = folder / "labgrade_houses-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: labgrade-houses\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "labgrade_houses", raising=False)


def documented() -> tuple[str, str]:
    """The module and the entry points of the example in docs/datasets.md."""
    text = DOCS.read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (entries,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    return code, entries.replace('project.entry-points."labgrade.datasets"', "labgrade.datasets").replace('"', "")


def test_the_image_sets_of_keras_are_declared() -> None:
    """Each of them once, with nothing else beside them."""
    assert list(declarations()) == list(IMAGE_SETS)
    assert all(declaration(name).rows == form.rows for name, form in IMAGE_SETS.items())


def test_the_documented_package_brings_its_data_set(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of docs/datasets.md, as it stands there: found, loaded and listed."""
    package(tmp_path / "site", monkeypatch, *documented())
    assert is_declared("houses")
    houses = load_dataset("houses", None, alone)
    assert houses.source == "House prices: from houses.csv"
    assert (houses.x_train.shape, houses.x_test.shape, houses.has_classes) == ((80, 3), (20, 3), False)
    printed = CliRunner().invoke(main, ["data", "list", "--cache", str(alone)]).output
    assert "houses  for no lab that is here" in printed
    assert "80 training and 20 test rows of 3" in printed


def test_a_module_of_the_room_is_enough(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adds a data set to labgrade adds one file with `DATASETS`, and edits no list."""
    table_file(tmp_path / "houses.csv")
    (tmp_path / "houses.py").write_text(
        "from pathlib import Path\nfrom grader.datasets.table import Table\n"
        'DATASETS = (Table("houses", "House prices", Path(__file__).with_name("houses.csv"), targets=("price",)),)\n'
    )
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path)])
    dataset._built_in.cache_clear()
    try:
        assert list(declarations()) == [*IMAGE_SETS, "houses"]
        assert load_dataset("houses", None, alone).x_train.shape == (80, 3)
    finally:
        dataset._built_in.cache_clear()
        monkeypatch.delitem(sys.modules, "grader.datasets.houses", raising=False)


@pytest.mark.parametrize(("name", "said"), [("mnist", "there is one already"), ("../etc", "use letters")])
def test_a_package_cannot_take_a_name_that_is_taken_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    """Two data sets of one name would change what a rubric means; a path is no name."""
    code, entries = documented()
    package(tmp_path / "site", monkeypatch, code.replace('"houses",', f'"{name}",'), entries)
    with pytest.raises(UserError, match=said):
        declarations()


def test_what_is_no_declaration_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose entry point is something else is named with it."""
    package(tmp_path / "site", monkeypatch, "HOUSES = 3", documented()[1])
    with pytest.raises(UserError, match="labgrade-houses"):
        declarations()


def test_a_file_of_arrays_needs_no_declaration(alone: Path, tmp_path: Path) -> None:
    """Sequences with several numbers to predict, in a file of the data folder, are a data set; so is anything else."""
    random = np.random.default_rng(0)
    arrays = {f"x_{split}": random.random((rows, 12, 4)) for split, rows in (("train", 30), ("test", 10))}
    arrays |= {f"y_{split}": random.random((rows, 2)) for split, rows in (("train", 30), ("test", 10))}
    np.savez(tmp_path / "waves.npz", **arrays)
    waves = load_dataset("waves", tmp_path, alone)
    assert not is_declared("waves")
    assert (waves.example, waves.targets.shape, waves.classes, waves.noun) == ((12, 4), (40, 2), 0, "rows")
    assert not waves.x_train.flags.writeable
    printed = CliRunner().invoke(main, ["data", "list", "--data", str(tmp_path), "--cache", str(alone)]).output
    assert "30 training and 10 test rows of 12 x 4" in printed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x_train": np.array(["a"] * 30)}, "expected rows of numbers"),
        ({"x_train": np.zeros((30, 5))}, "one of x_test"),
        ({"y_test": np.zeros(9)}, "differ in their number of rows"),
        ({"y_train": np.zeros((0, 2))}, "expected rows of numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_named(
    alone: Path, tmp_path: Path, change: dict[str, np.ndarray], said: str
) -> None:
    """A file whose arrays are no data set is one line that says which array, and why."""
    arrays = {"x_train": np.zeros((30, 4)), "y_train": np.zeros(30), "x_test": np.zeros((10, 4)), "y_test": np.ones(10)}
    np.savez(tmp_path / "waves.npz", **arrays | change)
    with pytest.raises(UserError, match=said):
        load_dataset("waves", tmp_path, alone)


@pytest.mark.parametrize("name", ["../mnist", "", "a/b", "x" * 65, ".hidden", "ä"])
def test_a_name_is_no_path(name: str, alone: Path) -> None:
    """Names come from students' code too: one that could leave the data folder is refused before anything is opened."""
    with pytest.raises(UserError, match="is no name of a data set"):
        load_dataset(name, None, alone)


def test_a_part_of_a_set_keeps_its_classes(alone: Path, tmp_path: Path) -> None:
    """Ten classes are ten, though the part at hand lacks the last ones."""
    arrays = small_arrays()
    for split in ("train", "test"):
        arrays[f"y_{split}"] %= 7
    np.savez(tmp_path / "mnist.npz", **arrays)
    assert load_dataset("mnist", tmp_path, alone).classes == 10


def test_a_table_is_declared_in_one_line(tmp_path: Path) -> None:
    """What a declaration says of itself."""
    table = Table("houses", "House prices", tmp_path / "houses.csv", targets=("price",))
    assert (table.files, table.source_files(), table.standin()) == (("houses.npz",), (tmp_path / "houses.csv",), None)
