"""The statuses of a verdict: how a report, the terminal and the exports show them, and how they are ordered."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Status: TypeAlias = Literal["passed", "partial", "failed", "absent", "review", "errored"]
"""`absent`: what it rests on is not there. `review`: a person decides. `errored`: labgrade's fault or a limit."""


class StatusWords(NamedTuple):
    """A status as it is shown."""

    sign: str
    """A shape that differs from the others without colour."""
    word: str
    meaning: str
    colour: str
    """Its colour, or its style, as terminals call it. No meaning hangs on it alone."""


STATUSES: dict[Status, StatusWords] = {
    "passed": StatusWords("●", "met", "met in full", "green"),
    "partial": StatusWords("◐", "partly met", "met in part", "yellow"),
    "failed": StatusWords("○", "not met", "not met", "red"),
    "review": StatusWords("◇", "awaits the teacher", "a person decides; the points are open", "cyan"),
    "errored": StatusWords("△", "could not be checked", "labgrade could not check it; the teacher decides", "magenta"),
    "absent": StatusWords("–", "not there", "not checked, as what it rests on is missing", "dim"),
}
"""In the order of a legend."""

AWAITING: tuple[Status, ...] = ("errored", "review")
"""Statuses that a person settles; the gravest first."""

DECIDED: tuple[Status, ...] = ("passed", "partial", "failed")
"""Statuses with points that labgrade gave."""

BY_FAVOUR: tuple[Status, ...] = ("absent", "failed", "errored", "review", "partial", "passed")
"""From the one that serves a group least to the best: what is open may still become points."""
