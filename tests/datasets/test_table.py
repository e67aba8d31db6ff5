"""Tables in text files: what their columns become, and what is wrong with one in a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from datasets_support import table_file

from grader.cli import main
from grader.datasets.array_files import arrays_digest
from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import Fingerprints, dataset_fingerprints
from grader.datasets.identify import identify, prepare_test_set
from grader.datasets.sources import load_dataset
from grader.datasets.table import Table
from grader.errors import UserError


def houses(path: Path, **more: Any) -> dict[str, np.ndarray]:
    return Table("houses", "House prices", path, **{"targets": ("price",)} | more).source_arrays()


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Fingerprints:
    """A table of 1,000 houses, of which 200 are for testing."""
    folder = tmp_path_factory.mktemp("houses")
    arrays = houses(table_file(folder / "houses.csv", rows=1_000))
    dataset = Dataset(name="houses", source="test", digest=arrays_digest(arrays), standin=False, **arrays)
    return dataset_fingerprints(dataset, folder)


def test_columns_are_examples_and_the_target_is_a_number(tmp_path: Path) -> None:
    """All columns but the target, in the order of the file, and a fifth of the rows for testing, always the same."""
    arrays = houses(table_file(tmp_path / "houses.csv"))
    assert {name: array.shape for name, array in arrays.items()} == {
        "x_train": (80, 3),
        "y_train": (80,),
        "x_test": (20, 3),
        "y_test": (20,),
    }
    assert all(array.dtype == np.float32 for array in arrays.values())
    assert np.allclose(arrays["y_test"], arrays["x_test"] @ np.array([2.0, 10.0, -1.0]) + 5, rtol=1e-5)
    again = houses(tmp_path / "houses.csv")
    assert np.array_equal(again["x_test"], arrays["x_test"])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_of_spreadsheets(tmp_path: Path, separator: str) -> None:
    """Commas, semicolons and tabs, told by the line of names."""
    text = table_file(tmp_path / "a.csv").read_text().replace(",", separator)
    (tmp_path / "b.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert np.array_equal(houses(tmp_path / "b.csv")["x_train"], houses(tmp_path / "a.csv")["x_train"])


def test_words_are_classes_and_numbers_where_it_is_said(tmp_path: Path) -> None:
    """A target of words is a class by the alphabet; one of numbers is a class by their order, on request alone."""
    path = tmp_path / "flowers.csv"
    lines = [f"{at},{('rose', 'iris', 'aster')[at % 3]},{(10, 9, 100)[at % 3]}" for at in range(30)]
    path.write_text("\n".join(["length,kind,code", *lines]))
    words = houses(path, targets=("kind",), columns=("length",), test_share=0.1)
    assert words["y_train"].dtype == np.int64
    assert all(
        kind == (2, 1, 0)[int(length) % 3] for (length,), kind in zip(words["x_train"], words["y_train"], strict=True)
    )
    assert houses(path, targets=("code",), columns=("length",))["y_train"].dtype == np.float32
    codes = houses(path, targets=("code",), columns=("length",), classes=True)
    assert all(
        code == (1, 0, 2)[int(length) % 3] for (length,), code in zip(codes["x_test"], codes["y_test"], strict=True)
    )


def test_several_targets_and_a_test_file_of_its_own(tmp_path: Path) -> None:
    """A table that comes split stays split as it came."""
    train, test = table_file(tmp_path / "train.csv", rows=50), table_file(tmp_path / "test.csv", rows=7, seed=1)
    arrays = houses(train, targets=("price", "age"), test_path=test)
    assert (arrays["x_train"].shape, arrays["y_train"].shape) == ((50, 2), (50, 2))
    assert (arrays["x_test"].shape, arrays["y_test"].shape) == ((7, 2), (7, 2))


def test_missing_values_stay_missing(tmp_path: Path) -> None:
    """In an example they are NaN; a target cannot be missing."""
    path = tmp_path / "houses.csv"
    path.write_text("size,price\n" + "\n".join(f"{'' if at == 3 else at},{at}" for at in range(10)))
    arrays = houses(path)
    assert sum(np.isnan(arrays[name]).sum() for name in ("x_train", "x_test")) == 1
    with pytest.raises(UserError, match="column 'size'"):
        houses(path, targets=("size",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("size,price\n1,2\n3\n4,5", "row 2 has 1 values"),
        ("size,price\n1,2\nbig,3\n4,5", "column 'size' holds “big” in row 2"),
        ("size,cost\n1,2\n3,4\n5,6", "no column 'price'. Its columns: size, cost"),
        ("price\n1\n2\n3", "leave one to predict it from"),
        ("size,price", "holds no table"),
        ("", "holds no table"),
        ("size,size,price\n1,2,3\n1,2,3", "a name of its own"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    """The file, and the column and row of the fault."""
    path = tmp_path / "houses.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as raised:
        houses(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_teacher_adds_a_table(alone: Path, tmp_path: Path) -> None:
    """`labgrade data add FILE --target COLUMN` keeps it, and every later run finds it under the file's name."""
    path = table_file(tmp_path / "houses.csv")
    printed = CliRunner().invoke(main, ["data", "add", str(path), "--target", "price"])
    assert printed.exit_code == 0, printed.output
    assert "80 training and 20 test rows" in printed.output
    found = load_dataset("houses", None, alone)
    assert (found.x_test.shape, found.has_classes) == ((20, 3), False)
    assert "from houses.npz in labgrade's data folder" in found.source
    missing = CliRunner().invoke(main, ["data", "add", str(path)])
    assert (missing.exit_code, missing.output.count("\n")) == (2, 1)
    assert "--target" in missing.output
    other = CliRunner().invoke(main, ["data", "add", str(path), "--target", "price", "--name", "mnist"])
    assert other.exit_code == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_a_table_are_known_as_they_are(prices: Fingerprints, dtype: type) -> None:
    """In any order, and not when a single number is another one; agreeing targets are told, others tell nothing."""
    order = np.random.default_rng(0).permutation(800)[:300]
    x, y = prices.dataset.x_train[order].astype(dtype), prices.dataset.y_train[order]
    found = identify(x, y[:, None], [prices])
    assert np.array_equal(found.indices, order)
    assert (found.use.dataset, found.use.split, found.use.scale, found.use.offset) == ("houses", "train", 1.0, 0.0)
    assert (found.use.labels_agree, found.use.one_hot) == (1.0, None)
    assert identify(x, y / 100, [prices]).use.labels_agree is None
    x[7, 1] += 1
    assert identify(x, y, [prices]).indices[7] == -1


def test_scaled_columns_are_known_by_a_run_of_targets(prices: Fingerprints) -> None:
    """Where each column was scaled by itself the rows say nothing, and the targets in their order do."""
    x, y = prices.dataset.x_test, prices.dataset.y_test
    found = identify((x - x.mean(axis=0)) / x.std(axis=0), y, [prices])
    assert np.array_equal(found.indices, 800 + np.arange(200))
    assert (found.use.split, found.use.scale, found.found_by) == ("test", None, "labels")
    shuffled = np.random.default_rng(0).permutation(200)
    assert identify(((x - x.mean(axis=0)) / x.std(axis=0))[shuffled], y[shuffled], [prices]).found_by == "nothing"


def test_the_test_rows_come_with_numbers_to_predict(prices: Fingerprints) -> None:
    """What the host scores with: the table's own test rows, and their targets as numbers."""
    x, y = prepare_test_set(prices.dataset, 1.0, 0.0, (3,))
    assert np.array_equal(x, prices.dataset.x_test)
    assert (y.shape, y.dtype) == ((200, 1), np.float32)
    assert np.array_equal(y[:, 0], prices.dataset.y_test)
