"""Names that code in a cell of text makes: whoever uses them below is not said to use what nothing makes."""

from __future__ import annotations

import pytest
from fictional_recordings import Stage, matched, question_of, reference_lab, submission

from grader.observations.hand_in import HandIn


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rate = 0.1", {"rate"}),
        ("> first,  second = split(rows)", {"first", "second"}),
        ("    total : float   =   3.0", {"total"}),
        ("def  scale(x):", {"scale"}),
        ("async def fetch():", {"fetch"}),
        ("for place,\tvalue  in pairs:", {"place", "value"}),
        ("with open('rows.csv') as file:", {"file"}),
        ("from helpers import draw, show", {"draw", "show"}),
        ("import  numpy as np", {"numpy", "as", "np"}),
        ("The rate was 0.1.", set()),
        ("if rate == 0.1:", set()),
        ("we waited for the results in vain", set()),
        (" " * 50_000 + "late = 1", set()),
    ],
)
def test_names_that_a_text_makes(text: str, names: set[str]) -> None:
    """An assignment, a definition, a loop and an import make names, however they are spaced; a sentence makes none."""
    work = submission(3, prose={1: f"Some words.\n{text}\nMore of them."})
    asked = question_of("1", {"kind": "trained", "points": 1}, model="small_mlp")
    found = HandIn(matched(asked, Stage(), [], work=work)[1], reference_lab()).names_in_prose
    assert found == names
