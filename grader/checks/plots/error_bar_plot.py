"""The criterion on a plot of a sweep's final values with their mean and spread."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from pydantic import JsonValue

from grader.checks.evidence import undrawn
from grader.checks.metrics import values_of
from grader.checks.plots.labels import label_sentence, lacking_labels
from grader.checks.plots.regularisers import Swept, swept_trainings
from grader.checks.subject import missing
from grader.checks.verdicts import graded, review
from grader.checks.wording import listed, place, places, sentence
from grader.records.criteria.models import SweepCriterion
from grader.records.criteria.plots import ErrorBarPlotCriterion
from grader.records.figures import Axes, Line
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import Evaluated, FigureDrawn
from grader.records.result import Verdict

_UNREAD = re.compile(r"\b(fill_between|boxplot|bxp|violinplot|vlines|lineplot|pointplot|catplot|relplot)\s{0,4}\(")
_MOST_SOURCE = 100_000


@dataclass(frozen=True)
class _Series:
    """A drawn series: points, and half the height of the bar at each where there are bars."""

    event: FigureDrawn
    axes: Axes
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...] | None


def check_error_bar_plot(
    criterion: ErrorBarPlotCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Error-bar plot

    The points must be the means over the replicas, the bars their standard deviations, and the places the factors of
    the sweep that was recorded. Half of the points are for that and half for the labels, where labels are asked for.
    """
    trainings = match.trainings(question.model)
    kinds = [c.regularizer for q in match.questions for c in q.question.criteria if isinstance(c, SweepCriterion)]
    sweep = swept_trainings(trainings, match.rerun.architectures, kinds[0] if kinds else "l2")
    series = _series(question.figures)
    if not series or not sweep.factors:
        if question.pictures and (not series or not trainings):
            where = listed(places(match, [picture.cell for picture in question.pictures])[:3])
            said = f"A picture is saved under {where}, but {undrawn(match)}. A person decides."
            return review(criterion, said, evidence=places(match, [p.cell for p in question.pictures]))
        unread = _unread_call(question.figures, match)
        if sweep.factors and unread is not None:
            return review(criterion, f"{unread} A person decides.", evidence=places(match, question.cells))
        return missing(criterion, question, match, "plot with error bars of a sweep")
    ranked = [(_content(item, sweep, criterion.of, match), item) for item in series]
    (content, said), best = max(ranked, key=lambda pair: pair[0][0])
    share, lacking = content, list[str]()
    if criterion.labelled:
        lacking = lacking_labels(best.event.figure, best.axes, criterion.labelled)
        if content > 0.0:
            share = 0.5 * content + 0.5 * (1.0 - len(lacking) / len(criterion.labelled))
            said += f" {label_sentence(lacking, criterion.labelled)}"
    where = place(match, best.event.cell)
    unread = _unread_call(question.figures, match) if content < 1.0 and best.error is None else None
    if unread is not None:
        said = sentence(f"{where}: {said if content else ''} {unread} A person decides.".replace(":  ", ": "))
        return review(criterion, said, evidence=places(match, [best.event.cell]))
    observed: JsonValue = {"x": _finite(best.x), "y": _finite(best.y), "lacks": list(lacking)}
    expected: JsonValue = {
        "x": _finite(sweep.factors),
        "y": _finite([fmean(group) for group in _final_values(sweep, sweep.factors, criterion.of)]),
    }
    return graded(
        criterion,
        share,
        sentence(f"{where}: {said}"),
        observed=observed,
        expected=expected,
        evidence=places(match, [best.event.cell]),
    )


def _unread_call(figures: Sequence[FigureDrawn], match: Match) -> str | None:
    """A sentence on a call in the figures' cells that may show the spread in a form that is not recorded."""
    for event in figures:
        inside = 0 <= event.cell < len(match.submission.cells)
        found = _UNREAD.search(match.submission.cells[event.cell].source[:_MOST_SOURCE]) if inside else None
        if found is not None:
            where = place(match, event.cell)
            return f"The code of {where} calls `{found[1]}`, which labgrade does not read as a spread."
    return None


def _series(figures: Sequence[FigureDrawn]) -> list[_Series]:
    """All error-bar series of `figures`; plain lines, without bars, where there are none."""
    bars = [
        _Series(event, axes, bar.x, bar.y, bar.error)
        for event in figures
        for axes in event.figure.axes
        for bar in axes.error_bars
    ]
    lines = [
        _Series(event, axes, line.x, line.y, _band(axes, line))
        for event in figures
        for axes in event.figure.axes
        for line in (*axes.lines, *axes.scattered)
        if len(line.y) > 1
    ]
    return bars or lines


def _finite(values: Sequence[float]) -> list[JsonValue]:
    """The first fifty values for the report, what is not a number left empty."""
    return [value if math.isfinite(value) else None for value in values[:50]]


def _band(axes: Axes, line: Line) -> tuple[float, ...] | None:
    """Half the height of a band drawn around `line`, shaded or as two lines, where there is one."""
    middle = line.y
    by_place = dict(zip(line.x, middle, strict=False))
    for band in axes.bands:
        if sorted(by_place) == list(band.x) and len(by_place) == len(middle):
            centred = [(low + high) / 2.0 for low, high in zip(band.low, band.high, strict=True)]
            if _equal([by_place[x] for x in band.x], centred, 1e-4):
                halves = {x: (high - low) / 2.0 for x, low, high in zip(band.x, band.low, band.high, strict=True)}
                return tuple(halves[x] for x in line.x)
    others = [line.y for line in axes.lines if len(line.y) == len(middle) and line.y != middle]
    for upper in others:
        gaps = tuple(high - centre for high, centre in zip(upper, middle, strict=True))
        mirrored = tuple(centre - gap for centre, gap in zip(middle, gaps, strict=True))
        if min(gaps) >= 0.0 and any(_equal(lower, mirrored, 1e-4) for lower in others):
            return gaps
    return None


def _final_values(sweep: Swept, factors: Sequence[float], metric: str) -> list[list[float]]:
    """Final values of `metric` over the replicas of each of `factors`."""
    return [
        [values[-1] for training in sweep.replicas[factor] if (values := values_of(training.history, metric))]
        or [math.nan]
        for factor in factors
    ]


def _measures(sweep: Swept, factors: Sequence[float], metric: str, match: Match) -> list[list[list[float]]]:
    """The values that may have been plotted: final ones of the history, or those of an evaluation afterwards."""
    measures = [_final_values(sweep, factors, metric)]
    evaluated: dict[int | None, float] = {}
    for event in match.rerun.events:
        # Labgrade's own evaluation must bear it out, on rows of the data set.
        if isinstance(event, Evaluated) and event.measured is not None and event.data.split != "unknown":
            claimed = event.claimed_accuracy
            if claimed is not None:
                evaluated[event.trained] = event.measured.accuracy if event.disputed else claimed
    if "acc" in metric and evaluated:
        measures.append([[evaluated.get(t.seq, math.nan) for t in sweep.replicas[factor]] for factor in factors])
    return measures


def _choices(sweep: Swept, x: Sequence[float]) -> list[tuple[float, ...]]:
    """Sets of factors that may have been plotted: all, all without that of no decay, and those at the places drawn."""
    drawn = tuple(factor for factor in sweep.replicas if any(math.isclose(factor, place, rel_tol=0.01) for place in x))
    return list(dict.fromkeys(choice for choice in (tuple(sweep.replicas), sweep.factors, drawn) if len(choice) > 1))


def _content(series: _Series, sweep: Swept, metric: str, match: Match) -> tuple[float, str]:
    """Share of the content that is right, and what is said of it."""
    size = min(len(series.x), len(series.y), len(series.y if series.error is None else series.error))
    order = sorted(range(size), key=lambda index: (series.x[index], index))
    x = [series.x[index] for index in order]
    y = [series.y[index] for index in order]
    error = [series.error[index] for index in order] if series.error is not None else None
    best: tuple[float, str] = (0.0, "what is plotted is not the sweep that was recorded.")
    for factors in _choices(sweep, x):
        whole = min(1.0, len(factors) / max(len(sweep.factors), 1))
        for groups in _measures(sweep, factors, metric, match):
            for scale in (1.0, 100.0):
                scaled = [[scale * value for value in group] for group in groups]
                if not _equal(y, [fmean(group) for group in scaled], 1e-3):
                    continue
                spread_score, spread_said = _spread(error, scaled)
                x_score, x_said = _positions(x, factors)
                score = whole * (1.0 + spread_score + x_score) / 3.0
                part = "" if whole == 1.0 else f" of {len(factors)} of the {len(sweep.factors)} factors"
                said = f"the points are the means over the replicas{part}, {spread_said}, {x_said}."
                best = max(best, (score, said), key=lambda pair: pair[0])
    return best if best[0] else _other_points(x, y, error, sweep, metric, best)


def _other_points(
    x: list[float], y: list[float], error: list[float] | None, sweep: Swept, metric: str, otherwise: tuple[float, str]
) -> tuple[float, str]:
    """For best epochs plotted instead of final ones half of the points' share; for first replicas that share alone."""
    for factors in _choices(sweep, x):
        peaks = [
            [max(values_of(training.history, metric) or (math.nan,)) for training in sweep.replicas[factor]]
            for factor in factors
        ]
        for scale in (1.0, 100.0):
            scaled = [[scale * value for value in group] for group in peaks]
            if _equal(y, [fmean(group) for group in scaled], 1e-3):
                spread_score, spread_said = _spread(error, scaled)
                x_score, x_said = _positions(x, factors)
                said = "the points are the means of each training's best epoch (asked for were the final values)"
                return (0.5 + spread_score + x_score) / 3.0, f"{said}, {spread_said}, {x_said}."
            if _equal(y, [scale * group[0] for group in _final_values(sweep, factors, metric)], 1e-3):
                said = "the points are those of the first replica alone; asked for were the means of the final values."
                return 1.0 / 3.0, said
    return otherwise


def _spread(error: list[float] | None, groups: list[list[float]]) -> tuple[float, str]:
    if error is None:
        return 0.0, "without error bars"
    population = [pstdev(group) for group in groups]
    sample = [
        value * math.sqrt(len(g) / (len(g) - 1)) if len(g) > 1 else 0.0
        for value, g in zip(population, groups, strict=True)
    ]
    standard = [value / math.sqrt(len(group)) for value, group in zip(sample, groups, strict=True)]
    if _equal(error, population, 0.02) or _equal(error, sample, 0.02):
        return 1.0, "the bars their standard deviations"
    if _equal(error, standard, 0.02):
        return 0.5, "the bars the standard errors of the mean (standard deviations were asked for)"
    return 0.0, "the bars are not their standard deviations"


def _positions(x: list[float], factors: Sequence[float]) -> tuple[float, str]:
    if _equal(x, factors, 0.01):
        return 1.0, "placed at the factors"
    logarithms = [math.log10(factor) for factor in factors if factor > 0.0]
    if _equal(x, logarithms, 0.01) or x == [float(n) for n in range(len(factors))]:
        return 1.0, "placed in the order of the factors"
    return 0.0, "but not placed at the factors"


def _equal(ours: Sequence[float], theirs: Sequence[float], relative: float) -> bool:
    if len(ours) != len(theirs) or not ours:
        return False
    return all(math.isclose(a, b, rel_tol=relative, abs_tol=1e-9) for a, b in zip(ours, theirs, strict=True))
