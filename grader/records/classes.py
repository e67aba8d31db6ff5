"""A class: who handed in what and when, and the rules that a teacher set for it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from grader.records.record import Record


class Member(Record):
    """A student. Empty fields are unknown; any one of them may be enough to find the student in an LMS."""

    name: str = ""
    id: str = ""
    """A number: Canvas' user id, Moodle's participant number, Brightspace's `OrgDefinedId`, a student number."""
    platform: Literal["", "canvas", "moodle"] = ""
    """Whose number `id` is, where a download said so: it means nothing to another platform. Empty: the teacher's."""
    login: str = ""
    email: str = ""


class Entry(Record):
    """One submission of a class, before it is read."""

    name: str
    """Unique in the class and safe as the name of a folder: that of its report."""
    path: str
    """File or folder of what was handed in; empty when there is nothing."""
    members: tuple[Member, ...] = ()
    submitted: datetime | None = None
    """When it was handed in, with or without a time zone; `None` when unknown."""
    late: bool = False
    """The LMS marked it as late (Canvas says so, without saying how late)."""
    source: Literal["folder", "canvas", "moodle", "brightspace", "csv"] = "folder"
    problem: str = ""
    """Why it cannot be graded, known already; else empty."""
    notes: tuple[str, ...] = ()
    """What a reader of the report should know, such as an earlier attempt that was set aside."""


class Penalty(Record):
    """What being late costs. Amounts are points, or shares of them."""

    per_day: float = 0.0
    """For each day begun after the deadline."""
    flat: float = 0.0
    """Once, however late."""
    at_most: float | None = None
    unit: Literal["points", "share"] = "points"
    """`share`: the three numbers are shares (0 to 1) of the points."""
    of: Literal["total", "awarded"] = "total"
    """Shares of the points that can be reached, or of those awarded."""


class Team(Record):
    """What a teacher knows of one submission."""

    members: tuple[Member, ...] = ()
    submitted: datetime | None = None
    deadline: datetime | None = None
    """Its own deadline: an extension."""


class ClassRules(Record):
    """What `class.yaml` holds."""

    version: Literal[1] = 1
    title: str = ""
    rubric: str | None = None
    deadline: datetime | None = None
    timezone: str = "UTC"
    """IANA name; times without a zone are in it."""
    grace_minutes: float = 0.0
    penalty: Penalty = Penalty()
    weights: dict[str, float] = {}
    """Question id -> factor on its points."""
    teams: dict[str, Team] = {}
    """By the name of the submission."""
