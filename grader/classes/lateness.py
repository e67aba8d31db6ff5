"""What being late costs, as a line of its own."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from grader.classes.rules import deadline_of, in_zone
from grader.classes.sheets import number_text
from grader.records.result import Deduction, Score
from grader.records.roster import ClassRules, Entry, Penalty


def late_deduction(entry: Entry, rules: ClassRules, score: Score) -> Deduction | None:
    """The deduction for handing in after the deadline; `None` when it was in time or there is no deadline.

    A hand-in that the LMS marked as late without saying when costs only what does not depend on the time: its line
    then says that the teacher must name the time.
    """
    deadline = deadline_of(entry, rules)
    if deadline is None:
        return None
    if entry.submitted is None:
        return _unknown(deadline, rules.penalty, score) if entry.late else None
    submitted = in_zone(entry.submitted, rules)
    over = submitted - deadline
    if over <= timedelta(minutes=rules.grace_minutes):
        return None
    days = max(1, math.ceil(over / timedelta(days=1)))
    penalty = rules.penalty
    amount = penalty.flat + penalty.per_day * days
    points = _points(amount, penalty, score)
    when = f"Handed in {_long(over)} after the deadline ({_day(deadline)})"
    if not amount:
        return Deduction(kind="late", points=0, explanation=f"{when}; no penalty is set.")
    parts = [f"{_amount(penalty.flat, penalty)} once" if penalty.flat else ""]
    parts.append(f"{_amount(penalty.per_day, penalty)} for each of {days} days begun" if penalty.per_day else "")
    if days == 1 and penalty.per_day:
        parts[-1] = f"{_amount(penalty.per_day, penalty)} for one day begun"
    cap = f", at most {_amount(penalty.at_most, penalty)}" if penalty.at_most is not None else ""
    told = " and ".join(part for part in parts if part)
    return Deduction(kind="late", points=points, explanation=f"{when}: {told}{cap}.")


def _unknown(deadline: datetime, penalty: Penalty, score: Score) -> Deduction:
    said = f"Marked as late by the learning platform (deadline {_day(deadline)})"
    if penalty.per_day:
        return Deduction(kind="late", points=0, explanation=f"{said}, but not by how much: the teacher decides.")
    points = _points(penalty.flat, penalty, score)
    told = f": {_amount(penalty.flat, penalty)} once." if penalty.flat else "; no penalty is set."
    return Deduction(kind="late", points=points, explanation=said + told)


def _points(amount: float, penalty: Penalty, score: Score) -> float:
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


def _day(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M %Z").strip()
