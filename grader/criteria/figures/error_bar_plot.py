"""The criterion `error_bar_plot`: the sweep's final values with error bars."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import ClassVar, Literal

from pydantic import JsonValue

from grader.criteria import Case, Criterion
from grader.criteria.figure_parts import SCALES, label_reasons, lacking_labels
from grader.criteria.training_evidence import Swept, swept_trainings
from grader.facts.keras import VALIDATION_ACCURACY, is_accuracy
from grader.records import Axes, Evaluated, Figure, FigureDrawn, Figures, Line, Mistake, Reason, Subject, Verdict

_USUAL = "l2"
"""The regulariser of a sweep where no criterion of the rubric names one: weight decay is what is swept most."""
_LABELS = 0.5
"""Share of the points for labels, where labels are asked for: points that nobody can name show nothing."""
_HALF = 0.5
"""Share for the next best thing: standard errors for standard deviations, best epochs for final ones."""
_SAME_MEAN = 1e-3
"""Relative deviation of means that are the same: those of values rounded to three decimals are."""
_SAME_SPREAD = 0.02
"""Relative deviation of bars that are the same: deviations are small, so rounding to three decimals moves them more;
the standard error of two replicas still differs from their deviations by 29 percent."""
_SAME_PLACE = 0.01
"""Relative deviation of places that are the same: factors that are typed with two digits are."""
_SAME_BAND = 1e-4
"""Relative deviation of a band's middle from the line that it is drawn around: both are of the same numbers."""
_MOST_VALUES = 50
"""Values that the result keeps: a sweep has a handful of factors."""
_UNREAD = re.compile(r"\b(fill_between|boxplot|bxp|violinplot|vlines|lineplot|pointplot|catplot|relplot)\s{0,4}\(")
"""Calls that may show a spread."""
_MOST_SOURCE = 100_000
"""Characters of a cell that are searched for them: what is longer was not typed."""


@dataclass(frozen=True)
class _Series:
    """A drawn series: points, and half the height of the bar at each where there are bars."""

    event: FigureDrawn
    axes: Axes
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...] | None

    def ordered(self) -> tuple[list[float], list[float], list[float] | None]:
        """`x`, `y` and `error`, cut to the same length, in the order of `x`."""
        size = min(len(self.x), len(self.y), len(self.y if self.error is None else self.error))
        order = sorted(range(size), key=lambda index: (self.x[index], index))
        error = [self.error[index] for index in order] if self.error is not None else None
        return [self.x[index] for index in order], [self.y[index] for index in order], error


@dataclass(frozen=True)
class _Rating:
    """How much of a series' content is right (0 to 1), and the reasons on it."""

    share: float
    reasons: tuple[Reason, ...]


class ErrorBarPlotCriterion(Criterion):
    """A plot of the sweep's final values with error bars: mean and standard deviation over replicas."""

    title: ClassVar[str] = "Plot with error bars"
    about: ClassVar[Subject] = "figure"
    rests_on_history: ClassVar[bool] = True
    of_sweep: ClassVar[bool] = True
    beside_curves: ClassVar[bool] = True
    figures: ClassVar[Figures] = "histories"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"drawing", "no_error_bars"})
    sentences: ClassVar[Mapping[str, str]] = {
        "means": "The points of {place} are the means over the replicas.",
        "means_of_some": ("The points of {place} are the means over the replicas of {factors} of the {swept} factors."),
        "best_epochs": (
            "The points of {place} are the means of each training's best epoch; the final values were asked for."
        ),
        "first_replica": (
            "The points of {place} are those of the first replica alone; the means of the final values were asked for."
        ),
        "other_points": "What {place} plots is not the sweep that was recorded.",
        "deviations": "The bars are their standard deviations.",
        "standard_errors": "The bars are the standard errors of the mean; standard deviations were asked for.",
        "other_bars": "The bars are not their standard deviations.",
        "no_bars": "There are no error bars.",
        "at_factors": "The points are placed at the factors.",
        "in_order": "The points are placed in the order of the factors.",
        "not_at_factors": "The points are not placed at the factors.",
        "unread": "The code of {place} calls `{call}`, which labgrade does not read as a spread.",
    }

    kind: Literal["error_bar_plot"] = "error_bar_plot"
    of: str = VALIDATION_ACCURACY
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()

    def judge(self, case: Case) -> Verdict:
        """The points must be means over replicas, the bars their deviations, the places the factors of the sweep.

        Half of the points are for that and half for the labels, where labels are asked for. A saved picture that the
        rerun did not draw, and a spread in a form that is not read, are for a person.
        """
        question, trainings = case.question, case.all_trainings
        kinds = [c.swept_regularizer for q in case.match.questions for c in q.question.criteria if c.swept_regularizer]
        sweep = swept_trainings(trainings, case.match.rerun.architectures, kinds[0] if kinds else _USUAL)
        series, unread = _series(question.figures), self._unread(case)
        if not series or not sweep.factors:
            if question.pictures and (not series or not trainings):
                return self.review(case.undrawn_pictures, evidence=case.places(p.cell for p in question.pictures))
            if sweep.factors and unread:
                return self.review(*unread, evidence=case.places(case.cells))
            return self.missing(case, "plot with error bars of a sweep")
        rated = [(self._rated(item, sweep, case), item) for item in series]
        rating, best = max(rated, key=lambda pair: pair[0].share)
        share, reasons, lacking = rating.share, list(rating.reasons), list[str]()
        if self.labelled:
            lacking = lacking_labels(best.event.figure, best.axes, self.labelled)
            if rating.share > 0.0:
                share = (1.0 - _LABELS) * rating.share + _LABELS * (1.0 - len(lacking) / len(self.labelled))
                reasons += label_reasons(lacking, self.labelled, case.question.figures)
        evidence = case.places([best.event.cell])
        if unread and rating.share < 1.0 and best.error is None:
            return self.review(*(reasons if rating.share else ()), *unread, evidence=evidence)
        means = [fmean(group) for group in _final_values(sweep, sweep.factors, self.of)]
        observed: JsonValue = {"x": _finite(best.x), "y": _finite(best.y), "lacks": list(lacking)}
        expected: JsonValue = {"x": _finite(sweep.factors), "y": _finite(means)}
        return self.graded(share, *reasons, observed=observed, expected=expected, evidence=evidence)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that are asked for."""
        return self.labelled

    def is_shown_in(self, figure: Figure) -> bool:
        """Whether it has lines."""
        return figure.has_lines

    def _rated(self, series: _Series, sweep: Swept, case: Case) -> _Rating:
        """How much of the content is right: points, bars and places, a third each."""
        x, y, error = series.ordered()
        where = case.place(series.event.cell)
        best = _Rating(0.0, (self.because("other_points", place=where),))
        for factors in _choices(sweep, x):
            whole = min(1.0, len(factors) / max(len(sweep.factors), 1))
            for groups in _measures(sweep, factors, self.of, case):
                for scale in SCALES:
                    scaled = [[scale * value for value in group] for group in groups]
                    if not _equal(y, [fmean(group) for group in scaled], _SAME_MEAN):
                        continue
                    (spread, on_bars), (position, on_places) = _spread(error, scaled), _positions(x, factors)
                    share = whole * (1.0 + spread + position) / 3.0
                    if share > best.share:
                        said = (
                            self.because("means", place=where)
                            if whole == 1.0
                            else self.because(
                                "means_of_some", place=where, factors=len(factors), swept=len(sweep.factors)
                            )
                        )
                        best = _Rating(share, (said, self.because(on_bars), self.because(on_places)))
        return best if best.share else self._other_points(series, sweep, case) or best

    def _other_points(self, series: _Series, sweep: Swept, case: Case) -> _Rating | None:
        """For best epochs in place of final ones half of the points' share; for first replicas that share alone."""
        x, y, error = series.ordered()
        where = case.place(series.event.cell)
        for factors in _choices(sweep, x):
            peaks = [
                [max(training.history.values_of(self.of) or (math.nan,)) for training in sweep.replicas[factor]]
                for factor in factors
            ]
            for scale in SCALES:
                scaled = [[scale * value for value in group] for group in peaks]
                if _equal(y, [fmean(group) for group in scaled], _SAME_MEAN):
                    (spread, on_bars), (position, on_places) = _spread(error, scaled), _positions(x, factors)
                    said = (self.because("best_epochs", place=where), self.because(on_bars), self.because(on_places))
                    return _Rating((_HALF + spread + position) / 3.0, said)
                if _equal(y, [scale * group[0] for group in _final_values(sweep, factors, self.of)], _SAME_MEAN):
                    return _Rating(1.0 / 3.0, (self.because("first_replica", place=where),))
        return None

    def _unread(self, case: Case) -> tuple[Reason, ...]:
        """One reason on a call in the figures' cells that may show the spread in a form that is not recorded."""
        cells = case.match.submission.cells
        for event in case.question.figures:
            inside = 0 <= event.cell < len(cells)
            found = _UNREAD.search(cells[event.cell].source[:_MOST_SOURCE]) if inside else None
            if found is not None:
                return (self.because("unread", place=case.place(event.cell), call=found[1]),)
        return ()


def _series(figures: Sequence[FigureDrawn]) -> list[_Series]:
    """All error-bar series of `figures`; plain lines, without bars, where there are none."""
    bars = [
        _Series(event, axes, bar.x, bar.y, bar.error)
        for event in figures
        for axes in event.figure.axes
        for bar in axes.error_bars
        if len(axes.error_bars) == 1 or len(bar.y) > 1
    ]
    bars += [joined for event in figures for axes in event.figure.axes for joined in _one_by_one(event, axes)]
    lines = [
        _Series(event, axes, line.x, line.y, _band(axes, line))
        for event in figures
        for axes in event.figure.axes
        for line in (*axes.lines, *axes.scattered)
        if len(line.y) > 1
    ]
    return bars or lines


def _one_by_one(event: FigureDrawn, axes: Axes) -> list[_Series]:
    """The series whose points were drawn one by one, each with a bar of its own or as an upright stroke."""
    single = [(bar.x[0], bar.y[0], bar.error[0]) for bar in axes.error_bars if len(bar.y) == 1]
    strokes = [
        (line.x[0], (line.y[0] + line.y[1]) / 2.0, abs(line.y[1] - line.y[0]) / 2.0)
        for line in axes.lines
        if len(line.x) == len(line.y) == 2 and line.x[0] == line.x[1]
    ]
    # Two points at one place are of two series, and nothing says which is whose.
    return [
        _Series(event, axes, *(tuple(point[at] for point in points) for at in range(3)))
        for points in (single, strokes)
        if len(points) > 1 and len({x for x, _, _ in points}) == len(points)
    ]


def _finite(values: Sequence[float]) -> list[JsonValue]:
    """The first values for the report, what is not a number left empty."""
    return [value if math.isfinite(value) else None for value in values[:_MOST_VALUES]]


def _band(axes: Axes, line: Line) -> tuple[float, ...] | None:
    """Half the height of a band drawn around `line`, shaded or as two lines, where there is one."""
    middle = line.y
    by_place = dict(zip(line.x, middle, strict=False))
    for band in axes.bands:
        if sorted(by_place) == list(band.x) and len(by_place) == len(middle):
            centred = [(low + high) / 2.0 for low, high in zip(band.low, band.high, strict=True)]
            if _equal([by_place[x] for x in band.x], centred, _SAME_BAND):
                halves = {x: (high - low) / 2.0 for x, low, high in zip(band.x, band.low, band.high, strict=True)}
                return tuple(halves[x] for x in line.x)
    others = [line.y for line in axes.lines if len(line.y) == len(middle) and line.y != middle]
    for upper in others:
        gaps = tuple(high - centre for high, centre in zip(upper, middle, strict=True))
        mirrored = tuple(centre - gap for centre, gap in zip(middle, gaps, strict=True))
        if min(gaps) >= 0.0 and any(_equal(lower, mirrored, _SAME_BAND) for lower in others):
            return gaps
    return None


def _final_values(sweep: Swept, factors: Sequence[float], metric: str) -> list[list[float]]:
    """Final values of `metric` over the replicas of each of `factors`."""
    return [
        [values[-1] for training in sweep.replicas[factor] if (values := training.history.values_of(metric))]
        or [math.nan]
        for factor in factors
    ]


def _measures(sweep: Swept, factors: Sequence[float], metric: str, case: Case) -> list[list[list[float]]]:
    """The values that may have been plotted: final ones of the history, or those of an evaluation afterwards."""
    measures = [_final_values(sweep, factors, metric)]
    evaluated: dict[int | None, float] = {}
    for event in case.match.rerun.events:
        # Labgrade's own evaluation must bear it out, on rows of the data set.
        if isinstance(event, Evaluated) and event.measured is not None and event.data.split != "unknown":
            claimed = event.claimed_accuracy
            if claimed is not None:
                evaluated[event.trained] = event.measured.accuracy if event.disputed else claimed
    if is_accuracy(metric) and evaluated:
        measures.append([[evaluated.get(t.seq, math.nan) for t in sweep.replicas[factor]] for factor in factors])
    return measures


def _choices(sweep: Swept, x: Sequence[float]) -> list[tuple[float, ...]]:
    """Sets of factors that may have been plotted: all, all without that of no decay, and those at the places drawn."""
    drawn = tuple(
        factor for factor in sweep.replicas if any(math.isclose(factor, place, rel_tol=_SAME_PLACE) for place in x)
    )
    return list(dict.fromkeys(choice for choice in (tuple(sweep.replicas), sweep.factors, drawn) if len(choice) > 1))


def _spread(error: list[float] | None, groups: list[list[float]]) -> tuple[float, str]:
    """Share for the heights of the bars, and the code of a reason on them."""
    if error is None:
        return 0.0, "no_bars"
    population = [pstdev(group) for group in groups]
    sample = [
        value * math.sqrt(len(g) / (len(g) - 1)) if len(g) > 1 else 0.0
        for value, g in zip(population, groups, strict=True)
    ]
    standard = [value / math.sqrt(len(group)) for value, group in zip(sample, groups, strict=True)]
    if _equal(error, population, _SAME_SPREAD) or _equal(error, sample, _SAME_SPREAD):
        return 1.0, "deviations"
    if _equal(error, standard, _SAME_SPREAD):
        return _HALF, "standard_errors"
    return 0.0, "other_bars"


def _positions(x: list[float], factors: Sequence[float]) -> tuple[float, str]:
    """Share for the places of the points, and the code of a reason on them."""
    if _equal(x, factors, _SAME_PLACE):
        return 1.0, "at_factors"
    logarithms = [math.log10(factor) for factor in factors if factor > 0.0]
    if _equal(x, logarithms, _SAME_PLACE) or x == [float(n) for n in range(len(factors))]:
        return 1.0, "in_order"
    return 0.0, "not_at_factors"


def _equal(ours: Sequence[float], theirs: Sequence[float], relative: float) -> bool:
    if len(ours) != len(theirs) or not ours:
        return False
    return all(math.isclose(a, b, rel_tol=relative, abs_tol=1e-9) for a, b in zip(ours, theirs, strict=True))
