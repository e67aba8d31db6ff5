"""What a data set must declare to be found: a name, and where its arrays may come from.

`grader/datasets/image_sets.py` declares the image sets that Keras loads by name, and `grader/datasets/table.py` is for
tables in files. A package declares its own by the entry point `labgrade.datasets`, a teacher needs no declaration at
all: a file `NAME.npz` in a data folder is a data set, and a rubric may name it (docs/datasets.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.datasets.array_files import npz_arrays
from grader.datasets.dataset import check_arrays
from grader.records import Array

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What a data set may be called. Names come from rubrics and from students' code, and become names of files."""


@dataclass(frozen=True)
class Standin:
    """Arrays in place of a data set that is not at hand, made when they are needed."""

    make: Callable[[], dict[str, Array]]
    made_of: str
    """As the report words it: `scikit-learn's digits`."""
    recipe: int
    """Raised whenever the arrays change."""


@dataclass(frozen=True)
class Declaration:
    """A data set that labgrade knows by name. This class is one in a file of arrays; others say more."""

    name: str
    """As a rubric and `--name` spell it: letters, digits, `-` and `_`."""
    title: str
    """As the report words it."""

    @property
    def files(self) -> tuple[str, ...]:
        """Names of files in a data folder that may hold it, the likeliest first."""
        return (f"{self.name}.npz",)

    @property
    def rows(self) -> tuple[int, int] | None:
        """Training and test rows of the complete data set, where it is a public one."""
        return None

    @property
    def classes(self) -> int:
        """How many classes the targets are of; 0 where the targets themselves tell, or are numbers."""
        return 0

    def read(self, path: Path) -> dict[str, Array]:
        """The four arrays in the file at `path`, checked and read-only. Raises `UserError`."""
        return self.check(npz_arrays(path), str(path))

    def check(self, arrays: Mapping[str, Array], origin: str) -> dict[str, Array]:
        """`arrays` with shapes and types put right, read-only. Raises `UserError` that names `origin`."""
        return check_arrays(arrays, origin)

    def source_files(self) -> tuple[Path, ...]:
        """Files outside the data folders that hold it together: what another program left, or a package brings."""
        return ()

    def source_arrays(self) -> dict[str, Array] | None:
        """The arrays in `source_files`; `None` where they are not whole. Raises `UserError` for a wrong file."""
        return None

    @property
    def source_words(self) -> str:
        """Whose files those are, as the report words it: `from Keras' cache`."""
        return ""

    def download(self, notes: Path) -> dict[str, Array] | None:
        """The arrays from the network; `None` where they cannot be had. `notes` is a folder for marks of failure."""
        return None

    def standin(self) -> Standin | None:
        """What may stand in for it; `None` where nothing can."""
        return None
