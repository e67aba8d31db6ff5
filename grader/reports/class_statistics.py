"""A class in numbers: the distribution of its points, its questions, its models, and the trainings it has in common.

Questions are described by classical test theory, on what is decided: difficulty and discrimination.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from grader.facts.keras import is_accuracy, is_validation_accuracy
from grader.records import ModelSummary, QuestionResult, Result
from grader.reports.charts import BLUE, GREY, INCH, WIDTH, data_uri, figure_settings, letter
from grader.reports.model_words import layer_words
from grader.reports.words import points

LEAST_FOR_DISCRIMINATION = 10
"""Submissions below which a correlation says nothing: of ten unrelated pairs one in twenty exceeds 0.63."""
MOST_MODELS = 20
"""Rows of the table of models, the most frequent."""
_HEIGHT = 58.0
"""Millimetres of the distribution's picture."""
_BINS = 20
"""Bars of the distribution: steps of 5 % of the points."""

# Points and questions


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


# Models and trainings


@dataclass(frozen=True)
class Definition:
    """A model as several submissions define it."""

    layers: str
    """In words, from the first to the last."""
    parameters: int | None
    matched: str | None
    """The reference model it was held against, where all agree."""
    groups: int
    """Submissions that have it."""
    accuracy: float | None
    """Median over the groups of the last validation accuracy (training where none was measured), 0 to 1."""


@dataclass(frozen=True)
class Sharing:
    """Trainings that a class asked for, and how many different ones there were."""

    asked: int
    """By all submissions together."""
    distinct: int
    epochs_asked: int
    epochs_distinct: int


def definitions(results: Mapping[str, Result]) -> tuple[Definition, ...]:
    """The models of a class by layers and parameters, the most frequent first; at most `MOST_MODELS`."""
    found: dict[tuple[str, int | None], dict[str, list[ModelSummary]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(results):
        for model in results[name].models:
            words = " – ".join(layer_words(layer, varied=True) for layer in model.layers)
            found[words or "layers unknown", model.parameters][name].append(model)
    rows = [
        Definition(words, parameters, _agreed(groups), len(groups), _accuracy(groups))
        for (words, parameters), groups in found.items()
    ]
    rows.sort(key=lambda row: (-row.groups, row.matched or "~", row.layers))
    return tuple(rows[:MOST_MODELS])


def sharing(results: Mapping[str, Result]) -> Sharing:
    """How many trainings were asked for and how many of them differ: equal histories are one training."""
    asked, epochs = 0, 0
    distinct: dict[tuple[object, ...], int] = {}
    for result in results.values():
        for model in result.models:
            for history in model.histories:
                length = max((len(values) for values in history.values()), default=0)
                asked, epochs = asked + 1, epochs + length
                distinct[tuple(sorted((name, tuple(map(repr, values))) for name, values in history.items()))] = length
    return Sharing(asked, len(distinct), epochs, sum(distinct.values()))


def _agreed(groups: Mapping[str, list[ModelSummary]]) -> str | None:
    names = {model.matched for models in groups.values() for model in models}
    return names.pop() if len(names) == 1 else None


def _accuracy(groups: Mapping[str, list[ModelSummary]]) -> float | None:
    last = [value for models in groups.values() if (value := _last(models)) is not None]
    return median(last) if last else None


def _last(models: list[ModelSummary]) -> float | None:
    for model in models:
        for history in model.histories:
            for name in sorted(filter(is_accuracy, history), key=is_validation_accuracy, reverse=True):
                values = history[name]
                if values and math.isfinite(values[-1]):
                    return values[-1]
    return None


# The picture


def distribution_figure(scores: Distribution) -> str:
    """Filled: points as they stand. Outlined: with all that awaits a person awarded in full. An SVG data URI."""
    with figure_settings():
        figure = Figure(figsize=(WIDTH / INCH, _HEIGHT / INCH))
        axes = figure.add_axes((0.055, 0.2, 0.925, 0.66))
        edges = np.linspace(0, max(scores.points, 1e-9), _BINS + 1)
        shown = np.clip(np.array(scores.final), 0, scores.points)
        reach = np.clip(np.array(scores.reachable), 0, scores.points)
        axes.hist(shown, bins=edges.tolist(), color=BLUE, rwidth=0.92)
        if not np.allclose(shown, reach):
            axes.hist(reach, bins=edges.tolist(), histtype="step", color=GREY, lw=1.1, ls=(0, (3, 1.5)))
        _, middle, _ = scores.quartiles
        axes.axvline(middle, color="#8a5200", lw=1)
        top = axes.get_ylim()[1]
        axes.set_ylim(0, top * 1.12)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_xlim(0, scores.points)
        letter(axes, f"Submissions by points; the line is the median, {points(middle)}", "points")
        return data_uri(figure)
