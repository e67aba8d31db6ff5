"""What went wrong in many submissions: verdicts and observations that say the same, counted, with an example each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.records.result import Result

MOST_MISTAKES = 15
_NUMBER = re.compile(r"[-+−]?\d[\d,.]*(?:e-?\d+)?")
_QUOTED = re.compile(r"`[^`]{0,200}`|“[^”]{0,200}”|'[^']{0,200}'")


@dataclass(frozen=True)
class Mistake:
    """One thing that several submissions have in common."""

    question: str
    """Id; empty for one that belongs to none."""
    kind: str
    """Kind of the criterion or of the observation."""
    observed: bool
    """An observation, which costs no points."""
    count: int
    """Submissions that it was found in."""
    points: float
    """Mean points that it cost where it was found."""
    example: str
    """What was said to one of them."""
    group: str
    """Which."""


def common_mistakes(results: Mapping[str, Result]) -> tuple[Mistake, ...]:
    """Mistakes of at least two submissions, the most frequent first; the costlier first where equally frequent."""
    found: dict[tuple[str, str, bool, str], dict[str, tuple[float, str]]] = defaultdict(dict)
    for name in sorted(results):
        for question, kind, observed, text, lost in _faults(results[name]):
            found[question, kind, observed, _shape(text)].setdefault(name, (lost, text))
    mistakes = [
        Mistake(
            question=question,
            kind=kind,
            observed=observed,
            count=len(groups),
            points=sum(lost for lost, _ in groups.values()) / len(groups),
            example=next(iter(groups.values()))[1],
            group=next(iter(groups)),
        )
        for (question, kind, observed, _), groups in found.items()
        if len(groups) > 1
    ]
    mistakes.sort(key=lambda one: (-one.count, -one.points, one.question, one.kind, one.example))
    return tuple(mistakes[:MOST_MISTAKES])


def _faults(result: Result) -> Iterator[tuple[str, str, bool, str, float]]:
    for question in result.questions:
        for verdict in question.verdicts:
            if verdict.status in ("failed", "partial"):
                yield question.id, verdict.criterion, False, verdict.explanation, verdict.points - verdict.awarded
    for observation in result.observations:
        yield observation.question or "", observation.kind, True, observation.message, 0.0


def _shape(text: str) -> str:
    """`text` without its numbers and names: two that differ in those alone say the same."""
    return " ".join(_NUMBER.sub("#", _QUOTED.sub("“”", text)).split()).casefold()[:400]
