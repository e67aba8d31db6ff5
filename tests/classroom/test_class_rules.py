"""`class.yaml` and what it does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from grader.classroom.rules import apply_rules, late_deduction, read_rules
from grader.errors import UserError
from grader.records import Entry, Points

SCORE = Points(points=20, decided=12, awarded=10, awaiting=8)
RULES = """
version: 1
title: Deep learning, autumn
rubric: dat405-neural-networks
timezone: Europe/Stockholm
deadline: 2026-03-01 23:59
grace_minutes: 15
penalty: {per_day: 10%, at_most: 30%}
weights: {"2.3": 2}
teams:
  group1:
    members: [Ada Example, {name: Bo Example, id: 17, email: bo@example.org}]
  group2:
    members: [Cy Example]
    submitted: 2026-03-03 08:00
    deadline: 2026-03-08
"""


def rules_file(folder: Path, text: str = RULES) -> Path:
    path = folder / "class.yaml"
    path.write_text(text)
    return path


def late(rules_text: str, folder: Path, when: str | None, flagged: bool = False) -> tuple[float, str] | None:
    rules = read_rules(rules_file(folder, rules_text))
    entry = Entry(name="group1", path="x", submitted=datetime.fromisoformat(when) if when else None, late=flagged)
    found = late_deduction(entry, rules, SCORE)
    return (found.points, found.explanation) if found else None


def test_class_file_is_read(tmp_path: Path) -> None:
    """Members, weights, deadline and extension reach the entries."""
    path = rules_file(tmp_path)
    rules = read_rules(path)
    entries = apply_rules([Entry(name="Group1", path="x"), Entry(name="group2", path="y")], rules, path)
    assert [member.id for member in entries[0].members] == ["", "17"]
    assert entries[1].submitted is not None
    assert rules.weights == {"2.3": 2.0}
    assert late_deduction(entries[1], rules, SCORE) is None


@pytest.mark.parametrize(
    ("when", "points"),
    [
        ("2026-03-01 23:00", None),
        ("2026-03-02 00:14", None),
        ("2026-03-02 00:15", 2.0),
        ("2026-03-03 08:00", 4.0),
        ("2026-03-30 08:00", 6.0),
        ("2026-03-01T23:30:00+00:00", 2.0),
    ],
)
def test_lateness_is_counted_in_days_begun(tmp_path: Path, when: str, points: float | None) -> None:
    """A day begun counts whole, grace does not, the cap holds, and a time with a zone is taken in its zone."""
    found = late(RULES, tmp_path, when)
    assert (found[0] if found else None) == points


def test_deduction_explains_itself(tmp_path: Path) -> None:
    """The line says how late, how much for it, and the cap."""
    found = late(RULES, tmp_path, "2026-03-03 08:00")
    assert found is not None
    assert found[1] == (
        "Handed in 1 day 8 hours after the deadline (2026-03-01 23:59 CET): 10 % of all points for each of 2 days "
        "begun, at most 30 % of all points."
    )


def test_late_without_a_time_is_the_teachers_matter(tmp_path: Path) -> None:
    """Canvas says LATE and not when: nothing is taken off by guess."""
    found = late(RULES, tmp_path, None, flagged=True)
    assert found is not None
    assert found[0] == 0
    assert "the teacher decides" in found[1]
    flat = late("deadline: 2026-03-01\npenalty: {flat: 1}\n", tmp_path, None, flagged=True)
    assert flat is not None
    assert flat[0] == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dedline: 2026-03-01\n", "class.yaml:1: unknown key 'dedline'. Did you mean 'deadline'"),
        ("deadline: soon\n", "class.yaml:1: deadline must be a time"),
        ("timezone: Europe/Stokholm\n", "Europe/Stockholm"),
        ("penalty: {per_day: 10%, flat: 1}\n", "all amounts as points or all as shares"),
        ("\npenalty: 10\n", "class.yaml:2"),
        ("penalty: {per_day: lots}\n", "penalty.per_day"),
        ("weights: {a: -1}\n", "factor of 'a'"),
        ("teams: {g: {member: [x]}}\n", "Did you mean 'members'"),
        ("version: 2\n", "newer"),
        ("- a\n", "mapping"),
    ],
)
def test_mistake_in_class_file_names_the_line(tmp_path: Path, text: str, says: str) -> None:
    """A teacher's slip is one line with file, line and the nearest known word."""
    with pytest.raises(UserError) as caught:
        read_rules(rules_file(tmp_path, text))
    assert says in str(caught.value)


def test_team_that_handed_nothing_in_is_named(tmp_path: Path) -> None:
    """A name in `class.yaml` that no submission bears is likely misspelt."""
    path = rules_file(tmp_path)
    with pytest.raises(UserError, match=r"no submission is called 'group2'"):
        apply_rules([Entry(name="group1", path="x")], read_rules(path), path)


CLOCKS = """
timezone: Europe/Stockholm
deadline: 2026-03-28 12:00
penalty: {per_day: 10%%}
teams:
  group1: {members: [Ada], deadline: %s}
"""


@pytest.mark.parametrize(
    ("deadline", "when", "says"),
    [
        ("2026-03-28 12:00", "2026-03-29 12:30", "23 hours 30 minutes"),  # the night in between has an hour less
        ("2026-03-28 12:00", "2026-03-29T10:30:00+00:00", "23 hours 30 minutes"),
        ("2026-10-24 12:00", "2026-10-25 11:30", "1 day 30 minutes"),  # and this one an hour more
        ("2026-10-24 12:00", "2026-10-25T05:30:00-05:00", "1 day 30 minutes"),
        ("2026-06-01 12:00", "2026-06-02 12:30", "1 day 30 minutes"),
        ("2026-03-29 02:30", "2026-03-29 03:29", None),  # an hour that no clock shows: the group has the later
        ("2026-03-29 02:30", "2026-03-29 03:31", "1 minute"),
        ("2026-10-25 02:30", "2026-10-25T01:29:00+00:00", None),  # an hour that stands twice on the clock
        ("2026-10-25 02:30", "2026-10-25 02:40", None),
        ("2026-10-25 02:30", "2026-10-25T01:40:00+00:00", "10 minutes"),
    ],
)
def test_lateness_is_a_difference_of_instants(tmp_path: Path, deadline: str, when: str, says: str | None) -> None:
    """A change of the clock makes nobody later or earlier, in whichever zone a time is given."""
    found = late(CLOCKS % deadline, tmp_path, when)
    assert (found[1] if found else "").startswith(f"Handed in {says} after" if says else "")
    assert (found is None) == (says is None)


def test_ids_stand_as_they_are_written(tmp_path: Path) -> None:
    """Zeros in front, an exponent, a sign of another base, a date and the name Null are no numbers of YAML here."""
    text = """
weights: {2.10: 3, "3.1": 2}
teams:
  0042:
    members:
      - {name: Ada, id: 0012345, login: 12e4}
      - {name: Null, id: 0x1F, login: 1_000} # a comment
      - name: Bo
        id: 0099   # his
        email:
      - {name: Cy, id: 2026-03-01, login: true}
      - {name: Di, id: 17, login: ~}
      - {name: Ed, id: "007", login: 1.50}
"""
    rules = read_rules(rules_file(tmp_path, text))
    assert rules.weights == {"2.10": 3.0, "3.1": 2.0}
    members = rules.teams["0042"].members
    assert [member.id for member in members] == ["0012345", "0x1F", "0099", "2026-03-01", "17", "007"]
    assert [member.login for member in members] == ["12e4", "1_000", "", "true", "", "1.50"]
    assert [member.name for member in members] == ["Ada", "Null", "Bo", "Cy", "Di", "Ed"]
    assert members[2].email == ""
