"""Verdicts of each status, with points rounded in one way.

Partial credit is rounded to a quarter of a point, or to a twentieth where a criterion is worth less than one point. It
never rounds up to full marks. What is not there is `failed`, with its reason, and so is what rests on it: nothing is
`skipped` by these checks. `errored` is a limit or labgrade's own fault.
"""

from __future__ import annotations

import math

from pydantic import JsonValue

from grader.records.result import Status, Verdict
from grader.records.rubric import Criterion


def rounded_points(points: float, share: float) -> float:
    """Points for `share` (0 to 1) of `points`. Full marks only for the whole share."""
    if not math.isfinite(share) or share <= 0.0 or points <= 0.0:
        return 0.0
    if share >= 1.0 - 1e-9:
        return points
    step = 0.25 if points >= 1.0 else 0.05
    steps = math.floor(points * share / step + 0.5)
    most = math.ceil(points / step - 1e-9) - 1
    return round(max(0, min(steps, most)) * step, 2)


def graded(
    criterion: Criterion,
    share: float,
    explanation: str,
    *,
    observed: JsonValue = None,
    expected: JsonValue = None,
    evidence: tuple[str, ...] = (),
) -> Verdict:
    """A decided verdict: passed, partial or failed by `share` (0 to 1) of the points."""
    share = share if math.isfinite(share) else 0.0
    awarded = rounded_points(criterion.points, share)
    status: Status = "passed" if share >= 1.0 - 1e-9 else ("partial" if share > 0.0 else "failed")
    if status == "partial" and awarded == 0.0 and criterion.points > 0.0:
        status = "failed"
    return _verdict(criterion, status, awarded, explanation, observed, expected, evidence)


def review(
    criterion: Criterion,
    explanation: str,
    *,
    observed: JsonValue = None,
    expected: JsonValue = None,
    evidence: tuple[str, ...] = (),
) -> Verdict:
    """A person decides."""
    return _verdict(criterion, "review", 0.0, explanation, observed, expected, evidence)


def errored(criterion: Criterion, explanation: str, *, evidence: tuple[str, ...] = ()) -> Verdict:
    """A limit was hit or labgrade failed: it costs nobody points and goes to the teacher."""
    return _verdict(criterion, "errored", 0.0, explanation, None, None, evidence)


def _verdict(
    criterion: Criterion,
    status: Status,
    awarded: float,
    explanation: str,
    observed: JsonValue,
    expected: JsonValue,
    evidence: tuple[str, ...],
) -> Verdict:
    return Verdict(
        criterion=criterion.kind,
        status=status,
        points=criterion.points,
        awarded=awarded,
        observed=observed,
        expected=expected,
        explanation=explanation,
        evidence=evidence,
    )
