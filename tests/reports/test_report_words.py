"""Numbers and states in words."""

from __future__ import annotations

import math
from datetime import date
from typing import get_args

import pytest

from grader.facts.status import STATUSES
from grader.records import Status
from grader.reports import words


@pytest.mark.parametrize(("value", "text"), [(2.0, "2"), (1.5, "1.5"), (1 / 3, "0.33"), (0.0, "0")])
def test_points_have_no_needless_decimals(value: float, text: str) -> None:
    """Points are written without needless decimals."""
    assert words.points(value) == text


def test_numbers_are_written_as_the_field_writes_them() -> None:
    """Parameters have thousands separators, scores four decimals, factors no exponent."""
    assert words.count(55050) == "55,050"
    assert words.count(None) == "–"
    assert words.score(0.83604) == "0.8360"
    assert words.score(math.nan) == "NaN"
    assert words.score(2.5e9) == "2.5e+09"
    assert words.setting(1e-6) == "0.000001"
    assert words.setting(0.1) == "0.1"
    assert words.setting(0.30000001192) == "0.3"


def test_durations_and_days_do_not_depend_on_the_locale() -> None:
    """Seconds become minutes when there are many, and months have English names."""
    assert [words.seconds(value) for value in (0.42, 74.2, 725)] == ["0.4 s", "74 s", "12 min 5 s"]
    assert words.day(date(2026, 11, 21)) == "21 November 2026"


def test_every_status_has_a_shape_of_its_own() -> None:
    """No two statuses look alike without colour."""
    signs = [STATUSES[status].sign for status in get_args(Status)]
    assert len(set(signs)) == len(get_args(Status))


def test_an_unknown_criterion_still_gets_a_title() -> None:
    """A criterion that the reports do not know is titled by its own name."""
    assert words.criterion_title("confusion_matrix") == "Confusion matrix"
    assert words.phrase(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5 awaits"), (1.0, "1 awaits"), (2.0, "2 await")])
def test_open_points_take_the_right_verb(value: float, text: str) -> None:
    """One point awaits, two await."""
    assert words.awaits(value) == text


def test_fast_epochs_are_given_in_milliseconds() -> None:
    """An epoch of 40 ms does not take `0.0 s`."""
    assert words.seconds(0.04) == "40 ms"
