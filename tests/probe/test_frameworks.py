"""What the probe's neutral chapters ask of a framework, and that none of them knows one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from grader.probe import function_calls, rows

CHAPTERS = sorted(Path(rows.__file__).parent.glob("*.py"))
FRAMEWORK = re.compile(r"keras|tensorflow|\btf\b|torch|\bjax", re.IGNORECASE)


class Tensor:
    """Numbers as a framework holds them."""

    values = np.arange(3.0)


@pytest.fixture
def seeds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds given to a framework whose tensors are `Tensor`; the one framework of this process."""

    def values(value: object) -> object:
        return value.values if isinstance(value, Tensor) else None

    given: list[int] = []
    monkeypatch.setattr(rows, "FRAMEWORKS", [rows.Framework(given.append, values, values)])
    monkeypatch.setattr(function_calls, "FRAMEWORKS", rows.FRAMEWORKS)
    return given


@pytest.mark.parametrize("file", CHAPTERS, ids=lambda file: file.name)
def test_no_chapter_names_a_framework(file: Path) -> None:
    """A framework is named in its own folder, and where the cells' process enters it."""
    named = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if FRAMEWORK.search(line)]
    entered = [line for line in named if "hooks" in line or "tensorflow_version" in line]
    assert named == (entered if file.name == "cells.py" else [])


@pytest.mark.usefixtures("seeds")
def test_tensors_are_arrays_where_a_framework_says_so() -> None:
    """Rows of data and what a function gave back may be tensors; anything else stays what it is."""
    assert rows.as_array(Tensor()) is Tensor.values
    assert rows.as_array(object()) is None
    parcel = function_calls.Parcel()
    parcel.pack((Tensor(), object()))
    assert [array.tolist() for array in parcel.arrays] == [[0.0, 1.0, 2.0]]


def test_frameworks_draw_anew_at_each_call(seeds: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Random numbers begin anew before a call, those of a framework too."""
    monkeypatch.setattr(np.random, "default_rng", np.random.default_rng)
    function_calls._draw(7)
    assert seeds == [7]
