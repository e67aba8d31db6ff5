"""How what labgrade said is held against the truth, and how the table counts it."""

from __future__ import annotations

import pytest
from generator.compare import Outcome, verdict_kind
from generator.nouns import Expected
from generator.table import as_json, render, rows

FULL = Expected(frozenset({"passed"}), 1.0, 1.0)
PERSON = Expected(frozenset({"review"}), 1.0, 1.0)
SHORT = Expected(frozenset({"partial", "failed"}), 0.0, 0.999)
NOTHING = Expected(frozenset({"absent", "failed"}), 0.0, 0.0)
EXEMPT = Expected(frozenset(), 0.0, 1.0)


@pytest.mark.parametrize(
    ("expected", "status", "awarded", "kind"),
    [
        (FULL, "passed", 1.0, "right"),
        (FULL, "partial", 0.5, "unfair"),
        (FULL, "failed", 0.0, "unfair"),
        (FULL, "absent", 0.0, "unfair"),
        (FULL, "review", 0.0, "open"),
        (FULL, "errored", 0.0, "open"),
        (PERSON, "review", 0.0, "right"),
        (PERSON, "errored", 0.0, "open"),
        (PERSON, "absent", 0.0, "unfair"),
        (SHORT, "partial", 0.6, "right"),
        (SHORT, "failed", 0.0, "right"),
        (SHORT, "absent", 0.0, "right"),
        (SHORT, "passed", 1.0, "generous"),
        (NOTHING, "absent", 0.0, "right"),
        (NOTHING, "partial", 0.2, "generous"),
        (NOTHING, "review", 0.0, "open"),
        (EXEMPT, "failed", 0.0, "exempt"),
    ],
)
def test_a_verdict_is_right_unfair_generous_or_open(expected: Expected, status: str, awarded: float, kind: str) -> None:
    """Points that are lost against the truth are unfair, points too many generous, what is left undecided is open."""
    assert verdict_kind(expected, status, awarded) == kind


def outcome(number: int, *applied: str, unfair: int = 0, crash: str = "") -> dict[str, object]:
    """A hand-in with so many unfair verdicts."""
    return Outcome(f"lab/1/{number}", list(applied), 10, 10, 5, 5, 20 - unfair, unfair, crash=crash).as_json()


def test_the_worst_come_first() -> None:
    """Rows are sorted by what went wrong for each hand-in, and name the worst of them as the example."""
    outcomes = [outcome(1, "a", "b", unfair=3), outcome(2, "a"), outcome(3, "b", unfair=5), outcome(4, "c")]
    everything, alone, single, pair = rows(outcomes)
    assert everything.handins == 4
    assert everything.counts["unfair"] == 8
    assert [row.name for row in alone] == ["b", "a", "c"]
    assert [(row.name, row.handins, row.example) for row in single] == [("b", 2, "3"), ("a", 2, "1"), ("c", 1, "4")]
    assert [(row.name, row.counts["unfair"]) for row in pair] == [("a + b", 3)]


def test_a_hand_in_that_stops_labgrade_is_worse_than_any_verdict() -> None:
    """What crashed stands above what was merely judged wrongly."""
    _, alone, _, _ = rows([outcome(1, "a", unfair=20), outcome(2, "b", crash="Traceback")])
    assert [row.name for row in alone] == ["b", "a"]


def test_the_table_is_text_and_data() -> None:
    """Both say the same of a hand-in."""
    outcomes = [outcome(1, "a", "b", unfair=3)]
    assert "a + b" in render(outcomes)
    assert "17/20  85%" in render(outcomes)
    assert as_json(outcomes)["all"] == {**rows(outcomes)[0].as_json()}
