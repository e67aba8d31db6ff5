"""`class.yaml`: deadlines, penalties, weights and groups that a teacher sets for a class, and what they change.

Groups change the roster, weights a rubric's points. What being late costs is a line of its own in a result, beside the
points that the work itself got.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from grader.classroom.sheets import number_text, read_time
from grader.errors import UserError
from grader.formats.yaml_lines import Document, YamlMapping, line_of, plain, suggestion
from grader.records import ClassRules, Deduction, Entry, Member, Penalty, Points, Question, Rubric, Team

_KEYS = set(ClassRules.model_fields)
_PENALTY_KEYS = {"per_day", "flat", "at_most", "of"}
_MEMBER_KEYS = ("name", "id", "login", "email")
_TEAM_KEYS = {"members", "submitted", "deadline"}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")
"""Points (`1.5`) or a share of them (`10%`)."""


def read_rules(path: Path) -> ClassRules:
    """The rules in the file at `path`. Raises `UserError` that names file, line and the nearest known word."""
    document = Document(path)
    value = document.value
    if value is None:
        return ClassRules()
    if not isinstance(value, dict):
        raise document.error(1, "a class is a mapping with keys such as 'deadline' and 'rubric'.")
    _known(document, value, _KEYS, 1)
    if value.get("version", 1) != 1:
        raise document.error(line_of(value, "version"), "version must be 1; a newer file needs a newer labgrade.")
    zone = _text(document, value, "timezone") or "UTC"
    if zone not in available_timezones():
        near = suggestion(zone, available_timezones()) if len(zone) < 60 else ""
        raise document.error(line_of(value, "timezone"), f"no time zone is called '{zone[:60]}'.{near[:200]}")
    return ClassRules(
        title=_text(document, value, "title"),
        rubric=_text(document, value, "rubric") or None,
        deadline=_time(document, value, "deadline"),
        timezone=zone,
        grace_minutes=_number(document, value, "grace_minutes"),
        penalty=_penalty(document, value),
        weights=_weights(document, value),
        teams=_teams(document, value),
    )


def apply_rules(entries: Iterable[Entry], rules: ClassRules, path: Path) -> tuple[Entry, ...]:
    """The entries with what the rules say of their teams. Raises `UserError` for a team that handed nothing in."""
    entries = tuple(entries)
    teams = {name.casefold(): (name, team) for name, team in rules.teams.items()}
    for name in rules.teams:
        if name.casefold() not in {entry.name.casefold() for entry in entries}:
            document = Document(path)
            teams_read = document.value.get("teams") if isinstance(document.value, dict) else None
            line = line_of(teams_read, name)
            known = [entry.name for entry in entries]
            raise document.error(line, f"teams: no submission is called '{name[:80]}'.{suggestion(name, known)[:300]}")
    updated = []
    for entry in entries:
        _, team = teams.get(entry.name.casefold(), ("", Team()))
        update = {"members": team.members or entry.members, "submitted": team.submitted or entry.submitted}
        updated.append(entry.model_copy(update=update))
    return tuple(updated)


def deadline_of(entry: Entry, rules: ClassRules) -> datetime | None:
    """The deadline that counts for an entry, in UTC; `None` where there is none.

    Where the clock leaves two possibilities the group has the later one.
    """
    own = next((team.deadline for name, team in rules.teams.items() if name.casefold() == entry.name.casefold()), None)
    deadline = own or rules.deadline
    return max(_instants(deadline, rules)) if deadline else None


def _instants(time: datetime, rules: ClassRules) -> list[datetime]:
    """What `time` may be, in UTC; in the class's zone where it names none of its own.

    In an autumn night an hour stands on the clock twice, in a spring night one never does: such a time may be two.
    Times are told apart in UTC alone: Python takes two times of one zone by what their clocks show.
    """
    if time.tzinfo:
        return [time.astimezone(UTC)]
    zone = ZoneInfo(rules.timezone)
    return [time.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


def _known(document: Document, value: YamlMapping, keys: Collection[str], line: int, of: str = "") -> None:
    for key in value:
        if key not in keys:
            where = line_of(value, key, line)
            raise document.error(where, f"unknown key '{str(key)[:60]}'{of}.{suggestion(str(key), keys)}")


def _text(document: Document, value: YamlMapping, key: str) -> str:
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise document.error(line_of(value, key), f"{key} must be text: write it in quotes.")
    return found.strip()


def _time(document: Document, value: YamlMapping, key: str) -> datetime | None:
    found = value.get(key)
    if found is None:
        return None
    time = read_time(str(found))  # YAML's own times spell themselves as ISO 8601
    if time is None:
        raise document.error(line_of(value, key), f"{key} must be a time such as 2026-03-01 23:59.")
    if len(str(plain(found)).strip()) <= 10:
        time = time.replace(hour=23, minute=59, second=59)  # a day alone: until its end
    return time


def _number(document: Document, value: YamlMapping, key: str) -> float:
    found = value.get(key, 0)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e6:
        raise document.error(line_of(value, key), f"{key} must be a number, 0 or more.")
    return float(found)


def _penalty(document: Document, value: YamlMapping) -> Penalty:
    found = value.get("penalty")
    if found is None:
        return Penalty()
    line = line_of(value, "penalty")
    if not isinstance(found, dict):
        raise document.error(line, "penalty must be a mapping, such as {per_day: 10%, at_most: 50%}.")
    _known(document, found, _PENALTY_KEYS, line, " of penalty")
    amounts: dict[str, float] = {}
    units = set()
    for key in ("per_day", "flat", "at_most"):
        if found.get(key) is not None:
            amount = _AMOUNT.fullmatch(str(found[key]).strip())
            if amount is None:
                message = f"penalty.{key} must be points (1.5) or a share (10%)."
                raise document.error(line_of(found, key, line), message)
            share = amount[2] == "%"
            amounts[key] = float(amount[1]) / (100 if share else 1)
            units.add("share" if share else "points")
    if len(units) > 1:
        raise document.error(line, "penalty: give all amounts as points or all as shares (%), not some of each.")
    of = found.get("of", "total")
    if of not in ("total", "awarded"):
        raise document.error(line_of(found, "of", line), "penalty.of must be 'total' or 'awarded'.")
    return Penalty(**amounts, unit=units.pop() if units else "points", of=of)


def _weights(document: Document, value: YamlMapping) -> dict[str, float]:
    found = value.get("weights") or {}
    line = line_of(value, "weights")
    if not isinstance(found, dict):
        raise document.error(line, 'weights must be a mapping, such as {"2.3": 2}.')
    weights = {}
    for key, factor in found.items():
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor <= 1000:
            raise document.error(
                line_of(found, key, line), f"weights: the factor of '{key}' must be a number, 0 or more."
            )
        weights[document.key_text(found, key)] = float(factor)
    return weights


def _teams(document: Document, value: YamlMapping) -> dict[str, Team]:
    found = value.get("teams") or {}
    line = line_of(value, "teams")
    if not isinstance(found, dict):
        raise document.error(line, "teams must be a mapping from a submission's name to its members.")
    teams = {}
    for name, team in found.items():
        where = line_of(found, name, line)
        if isinstance(team, list):
            team = {"members": team}
        if not isinstance(team, dict):
            raise document.error(where, f"teams: '{name}' must have members, such as [Ada Example, Bo Example].")
        _known(document, team, _TEAM_KEYS, where, " of a team")
        members = tuple(_member(document, item, where) for item in team.get("members") or [])
        submitted, deadline = _time(document, team, "submitted"), _time(document, team, "deadline")
        teams[document.key_text(found, name)] = Team(members=members, submitted=submitted, deadline=deadline)
    return teams


def _member(document: Document, item: object, line: int) -> Member:
    if isinstance(item, str):
        return Member(name=item)
    if not isinstance(item, dict):
        raise document.error(line, "a member is a name, or a mapping with name, id, login and email.")
    _known(document, item, _MEMBER_KEYS, line, " of a member")
    return Member(**{str(key): document.text_of(item, key) for key in item})


def late_deduction(entry: Entry, rules: ClassRules, score: Points) -> Deduction | None:
    """The deduction for handing in after the deadline; `None` when it was in time or there is no deadline.

    A hand-in that the LMS marked as late without saying when costs only what does not depend on the time: its line
    then says that the teacher must name the time.
    """
    deadline = deadline_of(entry, rules)
    if deadline is None:
        return None
    if entry.submitted is None:
        return _unknown(_day(deadline, rules), rules.penalty, score) if entry.late else None
    over = min(_instants(entry.submitted, rules)) - deadline
    if over <= timedelta(minutes=rules.grace_minutes):
        return None
    days = max(1, math.ceil(over / timedelta(days=1)))
    penalty = rules.penalty
    amount = penalty.flat + penalty.per_day * days
    points = _points(amount, penalty, score)
    when = f"Handed in {_long(over)} after the deadline ({_day(deadline, rules)})"
    if not amount:
        return Deduction(kind="late", points=0, explanation=f"{when}; no penalty is set.")
    parts = [f"{_amount(penalty.flat, penalty)} once" if penalty.flat else ""]
    parts.append(f"{_amount(penalty.per_day, penalty)} for each of {days} days begun" if penalty.per_day else "")
    if days == 1 and penalty.per_day:
        parts[-1] = f"{_amount(penalty.per_day, penalty)} for one day begun"
    cap = f", at most {_amount(penalty.at_most, penalty)}" if penalty.at_most is not None else ""
    told = " and ".join(part for part in parts if part)
    return Deduction(kind="late", points=points, explanation=f"{when}: {told}{cap}.")


def _unknown(deadline: str, penalty: Penalty, score: Points) -> Deduction:
    said = f"Marked as late by the learning platform (deadline {deadline})"
    if penalty.per_day:
        return Deduction(kind="late", points=0, explanation=f"{said}, but not by how much: the teacher decides.")
    points = _points(penalty.flat, penalty, score)
    told = f": {_amount(penalty.flat, penalty)} once." if penalty.flat else "; no penalty is set."
    return Deduction(kind="late", points=points, explanation=said + told)


def _points(amount: float, penalty: Penalty, score: Points) -> float:
    if penalty.at_most is not None:
        amount = min(amount, penalty.at_most)
    if penalty.unit == "share":
        amount = min(amount, 1.0) * (score.points if penalty.of == "total" else score.awarded)
    return float(Decimal(repr(amount)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def _amount(amount: float, penalty: Penalty) -> str:
    if penalty.unit == "share":
        of = "all points" if penalty.of == "total" else "the points awarded"
        return f"{number_text(amount * 100)} % of {of}"
    return f"{number_text(amount)} {'point' if amount == 1 else 'points'}"


def _long(over: timedelta) -> str:
    minutes = max(1, int(over.total_seconds() // 60))
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    told = [f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number][:2]
    return " ".join(told)


def _day(time: datetime, rules: ClassRules) -> str:
    return time.astimezone(ZoneInfo(rules.timezone)).strftime("%Y-%m-%d %H:%M %Z").strip()


def apply_weights(rubric: Rubric, weights: Mapping[str, float]) -> Rubric:
    """`rubric` with the points of each question times its weight. Raises `UserError` for an unknown question."""
    known = {question.id for question in rubric.questions}
    for name in weights:
        if name not in known:
            raise UserError(f"class.yaml: weights: {rubric.name} has no question '{name}'.{suggestion(name, known)}")
    if not weights:
        return rubric
    questions = tuple(_weighted(question, weights.get(question.id, 1.0)) for question in rubric.questions)
    return rubric.model_copy(update={"questions": questions})


def _weighted(question: Question, weight: float) -> Question:
    criteria = tuple(
        criterion.model_copy(update={"points": round(criterion.points * weight, 6)}) for criterion in question.criteria
    )
    return question.model_copy(update={"criteria": criteria})
