"""Tables: a data set in a text file with one example a line, as spreadsheets and `pandas` write it.

A package or a module of this room declares one in a line:

    DATASETS = (Table("houses", "House prices", Path(__file__).with_name("houses.csv"), targets=("price",)),)

A teacher needs none of it: `labgrade data add houses.csv --target price`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.datasets.dataset import Declaration, check_arrays
from grader.errors import UserError
from grader.records import Array

_SEPARATORS = ",;\t|"
_MOST_BYTES = 500_000_000
"""Of a table in text: a table of a lab has some megabytes; beyond this, reading it takes minutes and gigabytes."""
_MOST_CLASSES = 1_000
"""More different values than this in a column are no classes, but numbers or names of the rows."""
_SEED = 0
"""Of the draw of test rows: fixed, so that every machine tests with the same rows."""
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""How tables spell a value that is not known, in lower case."""


@dataclass(frozen=True)
class Table(Declaration):
    """A table in a CSV file with a line of column names: `targets` are what is to be predicted, the rest the example.

    An example is (columns,) float32; a value that is missing is NaN. A target is a number, or several, float32; where
    `classes` is given it is a class number int64, in the order of the column's sorted values.
    """

    path: Path
    targets: tuple[str, ...]
    """Columns that are to be predicted."""
    classes: bool = False
    """Whether the target, of which there is one then, is a class: words always are."""
    columns: tuple[str, ...] = ()
    """Columns that make an example; all that are no target where none is named."""
    test_share: float = 0.2
    """Share of the rows that are kept for testing, drawn once and for all."""
    test_path: Path | None = None
    """A file of its own with the test rows, where the table comes split already."""

    def source_files(self) -> tuple[Path, ...]:
        """The table's own file or files."""
        return (self.path,) if self.test_path is None else (self.path, self.test_path)

    def source_arrays(self) -> dict[str, Array]:
        """The four arrays. Raises `UserError` that names the file, and the column and line, of what is wrong."""
        names, rows = _rows(self.path)
        train = np.ones(len(rows), bool)
        if self.test_path is not None:
            test_names, more = _rows(self.test_path)
            if test_names != names:
                raise UserError(f"{self.test_path} has other columns than {self.path}.")
            rows, train = rows + more, np.concatenate([train, np.zeros(len(more), bool)])
        else:
            count = max(1, round(len(rows) * self.test_share))
            train[np.random.RandomState(_SEED).permutation(len(rows))[:count]] = False
        x, y = self._arrays(names, rows)
        arrays = {"x_train": x[train], "y_train": y[train], "x_test": x[~train], "y_test": y[~train]}
        return check_arrays(arrays, str(self.path))

    @property
    def source_words(self) -> str:
        """Whose file that is."""
        return f"from {self.path.name}"

    def _arrays(self, names: Sequence[str], rows: list[list[str]]) -> tuple[Array, Array]:
        """Examples (rows, columns) and targets (rows,) or (rows, targets)."""
        wanted = self.columns or tuple(name for name in names if name not in self.targets)
        for name in (*self.targets, *wanted):
            if name not in names:
                raise UserError(f"{self.path} has no column '{name}'. Its columns: {', '.join(names)}.")
        if not self.targets or not wanted:
            raise UserError(f"{self.path}: name at least one column to predict, and leave one to predict it from.")
        texts = {name: [row[at] for row in rows] for at, name in enumerate(names)}
        x = np.stack([self._numbers(name, texts[name], missing=True) for name in wanted], axis=1)
        for name in self.targets:
            missing = [at for at, text in enumerate(texts[name]) if text.casefold() in _MISSING]
            if missing:
                raise UserError(f"{self.path}: column '{name}' has no value in row {missing[0] + 1}.")
        if self.classes or (len(self.targets) == 1 and not _is_numeric(texts[self.targets[0]])):
            return x, self._class_numbers(texts)
        y = np.stack([self._numbers(name, texts[name], missing=False) for name in self.targets], axis=1)
        return x, y[:, 0] if len(self.targets) == 1 else y

    def _numbers(self, name: str, texts: Sequence[str], missing: bool) -> Array:
        """A column as float32 (rows,); values that are `missing` are NaN where that is allowed."""
        numbers = np.empty(len(texts), np.float32)
        for at, text in enumerate(texts):
            if missing and text.casefold() in _MISSING:
                numbers[at] = math.nan
                continue
            try:
                numbers[at] = float(text)
            except ValueError:
                where = f"{self.path}: column '{name}' holds “{text[:40]}” in row {at + 1}, which is no number"
                raise UserError(f"{where}. Turn it into numbers, or leave the column out.") from None
        return numbers

    def _class_numbers(self, texts: dict[str, list[str]]) -> Array:
        """The target as class numbers int64 (rows,): of numbers in their own order, of words in the alphabet's."""
        if len(self.targets) > 1:
            raise UserError(f"{self.path}: a class is one column, not {', '.join(self.targets)}.")
        values = texts[self.targets[0]]
        order = sorted(set(values), key=float) if _is_numeric(values) else sorted(set(values))
        if len(order) > _MOST_CLASSES:
            raise UserError(f"{self.path}: column '{self.targets[0]}' has {len(order):,} values: those are no classes.")
        place = {value: at for at, value in enumerate(order)}
        return np.array([place[value] for value in values], np.int64)


def _is_numeric(texts: Sequence[str]) -> bool:
    try:
        return all(math.isfinite(float(text)) for text in texts)
    except ValueError:
        return False


def _rows(path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    """(names of the columns, values of each row) of the text table at `path`. Raises `UserError`."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"{path} has {path.stat().st_size / 1e6:,.0f} MB, more than a table may have.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text in UTF-8: save the table as CSV with that encoding.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    # The line of names tells the separator: it has no numbers in it, whose decimal commas would count as well.
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    try:
        lines = [
            [value.strip() for value in line] for line in csv.reader(io.StringIO(text), delimiter=separator) if line
        ]
    except csv.Error as error:
        raise UserError(f"{path} is no table ({error}).") from None
    if len(lines) < 3:
        raise UserError(f"{path} holds no table: a line of column names and at least two rows are wanted.")
    names, rows = tuple(lines[0]), lines[1:]
    if len(set(names)) < len(names) or not all(names):
        raise UserError(f"{path}: each column needs a name of its own in the first line.")
    for at, row in enumerate(rows):
        if len(row) != len(names):
            raise UserError(f"{path}: row {at + 1} has {len(row)} values, and there are {len(names)} columns.")
    return names, rows
