"""Scores and questions of a class in numbers: classical test theory, on what is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from grader.records.result import QuestionResult, Result

LEAST_FOR_DISCRIMINATION = 10
"""Submissions below which a correlation says nothing."""


@dataclass(frozen=True)
class Distribution:
    """Final points of the submissions, as far as they are decided."""

    points: float
    """That can be reached."""
    final: tuple[float, ...]
    """Points of each submission, rising."""
    reachable: tuple[float, ...]
    """The same with all that awaits a person awarded in full, in the order of `final`."""

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of `final`, by linear interpolation."""
        low, middle, high = np.quantile(np.array(self.final), (0.25, 0.5, 0.75))
        return float(low), float(middle), float(high)


@dataclass(frozen=True)
class ItemStatistics:
    """One question over the class."""

    id: str
    title: str
    points: float
    difficulty: float | None
    """Mean share of the decided points that was awarded, 0 (hard) to 1 (easy); `None` where nothing is decided."""
    discrimination: float | None
    """Correlation of the question's share with the share of all other questions (corrected item-total correlation,
    Henrysson 1963), -1 to 1; `None` below ten submissions or without any spread."""
    awarded: float
    """Mean points awarded."""
    lost: float
    """Mean points decided and not awarded."""
    awaiting: float
    """Mean points that await a person."""


def distribution(results: Mapping[str, Result]) -> Distribution:
    """The distribution over `results`, of which there is at least one."""
    rows = sorted((result.final, result.final + result.score.awaiting) for result in results.values())
    points = max(result.score.points for result in results.values())
    return Distribution(points, tuple(row[0] for row in rows), tuple(row[1] for row in rows))


def item_statistics(results: Mapping[str, Result]) -> tuple[ItemStatistics, ...]:
    """One row per question, in the order of the results."""
    ids: dict[str, None] = {}
    for result in results.values():
        ids.update(dict.fromkeys(question.id for question in result.questions))
    return tuple(_item(question_id, results) for question_id in ids)


def _item(question_id: str, results: Mapping[str, Result]) -> ItemStatistics:
    found = [one for result in results.values() for one in result.questions if one.id == question_id]
    decided = [_decided(question) for question in found]
    shares = [question.awarded / points for question, points in zip(found, decided, strict=True) if points > 0]
    return ItemStatistics(
        id=question_id,
        title=found[0].title,
        points=found[0].points,
        difficulty=fmean(shares) if shares else None,
        discrimination=_discrimination(question_id, results),
        awarded=fmean(question.awarded for question in found),
        lost=fmean(points - question.awarded for question, points in zip(found, decided, strict=True)),
        awaiting=fmean(question.points - points for question, points in zip(found, decided, strict=True)),
    )


def _discrimination(question_id: str, results: Mapping[str, Result]) -> float | None:
    pairs = []
    for result in results.values():
        here = [question for question in result.questions if question.id == question_id]
        rest = [question for question in result.questions if question.id != question_id]
        own, others = sum(map(_decided, here)), sum(map(_decided, rest))
        if own > 0 and others > 0:
            pairs.append(
                (sum(question.awarded for question in here) / own, sum(question.awarded for question in rest) / others)
            )
    if len(pairs) < LEAST_FOR_DISCRIMINATION:
        return None
    table = np.array(pairs)
    if np.any(table.std(axis=0) < 1e-9):
        return None
    return float(np.corrcoef(table, rowvar=False)[0, 1])


def _decided(question: QuestionResult) -> float:
    return sum(verdict.points for verdict in question.verdicts if verdict.decided)
