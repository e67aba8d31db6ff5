"""Functions with planted faults get what they deserve, and right ones in unusual form get everything."""

from __future__ import annotations

import math

import pytest
from faulty_functions import FAULTS
from function_trials import Tried
from right_functions import RIGHT

from grader.recorder import functions
from grader.records import FunctionTested


def share(event: FunctionTested) -> float:
    """Share of the question's points, 0 to 1."""
    whole = math.fsum(case.credit for case in event.cases)
    return math.fsum(case.credit * case.share for case in event.cases) / whole if whole else 0.0


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_named_and_priced(tried: Tried, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report says what is wrong in so many words, and the points are within reason."""
    if name == "endless that catches":
        monkeypatch.setattr(functions, "WALL_FACTOR", 1)
    question, least, most, words, code = FAULTS[name]
    event = tried(code, placed={0: question})[question]
    said = " ".join(case.message for case in event.cases)
    assert words in said, said
    assert least - 1e-9 <= share(event) <= most + 1e-9, [(case.title, case.share, case.message) for case in event.cases]


@pytest.mark.parametrize("name", RIGHT)
def test_unusual_but_right(tried: Tried, name: str) -> None:
    """Another language, another order, a class, lists: full marks, without any heading to find the function by."""
    question, code = RIGHT[name]
    event = tried(code)[question]
    assert event.function is not None
    assert share(event) == 1.0, [(case.title, case.share, case.message) for case in event.cases if case.share < 1]
