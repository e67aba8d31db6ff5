"""The criterion `history_plot`: a plot whose data are the recorded history's, with its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import JsonValue

from grader.criteria import Case, Criterion, Seen, clipped, shared
from grader.criteria.figure_parts import (
    Curve,
    changed_curve,
    curves_of,
    is_recorded,
    label_reasons,
    labels_of,
    lacking_labels,
    misnamed_axis,
    owner_of,
)
from grader.facts.keras import ACCURACY, LOSS, VALIDATION_ACCURACY, VALIDATION_LOSS, canonical_metric, metric_title
from grader.records import Axes, BaseCriterion, Figure, FigureDrawn, Figures, Mistake, Reason, Subject, Verdict

_LABELS = 0.5
"""Share of the points for labels, where labels are asked for: a curve that nobody can name shows nothing."""
_MOST_PLACES = 3
"""Places that the sentence on the curves names: two curves stand in one figure or in two."""
_MOST_VALUES = 100
"""Values of a curve that the result keeps: a training of a lab has fewer epochs."""
_LONGEST_LABEL = 40
"""Characters of an axis's label that a sentence quotes: the name of a quantity is shorter."""


@dataclass(frozen=True)
class _Stranger:
    """A curve of another of the group's models."""

    metric: str
    figure: Figure
    axes: Axes
    label: str
    """Of the model whose history it is."""


class HistoryPlotCriterion(Criterion):
    """A plot whose data are the recorded history's, with its labels. Half the points each, when labels are asked."""

    title: ClassVar[str] = "History plot"
    about: ClassVar[Subject] = "figure"
    rests_on_history: ClassVar[bool] = True
    plots_history: ClassVar[bool] = True
    beside_curves: ClassVar[bool] = True
    figures: ClassVar[Figures] = "histories"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"drawing", "other_history", "other_metric"})
    sentences: ClassVar[Mapping[str, str]] = {
        "shows": (
            "The {figures:plural figure/figures} of {places:list} {figures:plural shows/show} {curves:list} of this "
            "training."
        ),
        "another_models": "{curve:capital} is plotted, but it is that of `{model}`.",
        "not_recorded": "{curve:capital} is missing: this training did not record it.",
        "not_plotted": "{curve:capital} of this training is not plotted.",
        "changed": (
            "A curve in {place} may be {curve}, smoothed or changed: it goes from {drawn_first:number} to "
            "{drawn_last:number}; {first:number} to {last:number} was recorded."
        ),
        "misnamed_axis": "The y axis says “{label}”, though the curves are {curve}.",
    }

    kind: Literal["history_plot"] = "history_plot"
    shows: tuple[str, ...] = (ACCURACY, VALIDATION_ACCURACY)
    model: Literal["any"] | None = None
    """`any`: of whichever of the lab's models; default: the question's."""
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()

    def judge(self, case: Case) -> Verdict:
        """Each curve asked for must be the recorded history of the question's own model.

        Half of the points are for the curves and half for the labels, where labels are asked for. A saved picture that
        the rerun did not draw, and points without lines, are for a person.
        """
        figures, trainings = case.question.figures, case.all_trainings
        curves = curves_of(figures, trainings)
        shown = list(dict.fromkeys(curve.metric for curve in curves))
        wanted = [canonical_metric(name) for name in self.shows]
        found, absent = ([n for n in wanted if (n in shown) is there] for there in (True, False))
        strangers = _strangers(case, absent)
        plotted = [event for event in figures if any(axes.lines or axes.bars for axes in event.figure.axes)]
        if not found and not strangers:
            nothing = self._nothing(case, plotted)
            if nothing is not None:
                return nothing
        changed = self._changed(case, [name for name in absent if name not in {one.metric for one in strangers}])
        if changed is not None:
            return changed
        content = len(found) / len(wanted) if wanted else 1.0
        reasons = [self._on_found(found, [c for c in curves if c.metric in wanted], case)] if found else []
        reasons += [self._on_absent(name, strangers, case) for name in absent]
        share, lacking = content, list[str]()
        if self.labelled:
            lacking, fullness = self._labels(curves, found, strangers)
            share = (1.0 - _LABELS) * content + _LABELS * fullness
            if found or strangers:
                reasons += [
                    *label_reasons(lacking, self.labelled, case.question.figures),
                    *self._misnamed(curves, lacking),
                ]
        cells = [curve.event.cell for curve in curves if curve.metric in wanted] or [event.cell for event in plotted]
        observed: JsonValue = {"shows": list(shown), "lacks": list(lacking)}
        expected: JsonValue = {"shows": list(self.shows), "labelled": list(self.labelled)}
        return self.graded(share, *reasons, observed=observed, expected=expected, evidence=case.places(cells))

    @property
    def named_models(self) -> tuple[str, ...]:
        """`any`, where it may be about whichever of the lab's models."""
        return (self.model,) if self.model is not None else ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that are asked for."""
        return self.labelled

    def is_shown_in(self, figure: Figure) -> bool:
        """Whether it has lines."""
        return figure.has_lines

    def is_part_of(self, other: BaseCriterion) -> bool:
        """Whether `other` asks for these curves and more."""
        return isinstance(other, HistoryPlotCriterion) and set(self.shows) < set(other.shows)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """For each figure with lines: the curves that it may show, of which the solution meets those that it does."""
        for event in seen.events:
            if seen.model is not None and isinstance(event, FigureDrawn) and event.figure.has_lines:
                for metrics in ((ACCURACY, VALIDATION_ACCURACY), (LOSS, VALIDATION_LOSS), (ACCURACY,), (LOSS,)):
                    yield cls(points=1, shows=metrics, labelled=labels_of(event.figure))

    def _nothing(self, case: Case, plotted: list[FigureDrawn]) -> Verdict | None:
        """The verdict where no history at all was found; `None` where lines are drawn that are of something else."""
        question = case.question
        empty = not plotted or not case.all_trainings
        if empty and question.pictures:
            return self.review(case.undrawn_pictures, evidence=case.places(p.cell for p in question.pictures))
        if empty:
            return self.missing(case, "plot of a training")
        if any(axes.scatters > len(axes.scattered) for event in question.figures for axes in event.figure.axes):
            return self.review(shared("points_alone"), evidence=case.places(event.cell for event in question.figures))
        return None

    def _changed(self, case: Case, absent: list[str]) -> Verdict | None:
        """A person decides on a curve that may be one of `absent`, smoothed or changed; both are shown."""
        others = [model for model in case.match.models if model.trainings]
        for event in case.question.figures:
            for axes in event.figure.axes:
                for line in axes.lines:
                    near = changed_curve(line, absent, case.all_trainings)
                    if near is None or owner_of(line, None, case.match, others) is not None:
                        continue
                    metric, recorded = near
                    said = self.because(
                        "changed",
                        place=case.place(event.cell),
                        curve=metric_title(metric),
                        drawn_first=line.y[0],
                        drawn_last=line.y[-1],
                        first=recorded[0],
                        last=recorded[-1],
                    )
                    observed: JsonValue = {"drawn": list(line.y[:_MOST_VALUES])}
                    expected: JsonValue = {"recorded": list(recorded[:_MOST_VALUES])}
                    return self.review(said, observed=observed, expected=expected, evidence=case.places([event.cell]))
        return None

    def _on_found(self, found: list[str], curves: list[Curve], case: Case) -> Reason:
        where = [case.place(cell) for cell in dict.fromkeys(curve.event.cell for curve in curves)]
        names = [metric_title(name) for name in found]
        return self.because("shows", figures=len(where), places=list(where[:_MOST_PLACES]), curves=list(names))

    def _on_absent(self, metric: str, strangers: list[_Stranger], case: Case) -> Reason:
        curve = metric_title(metric)
        whose = next((stranger.label for stranger in strangers if stranger.metric == metric), None)
        if whose is not None:
            return self.because("another_models", curve=curve, model=whose)
        if case.all_trainings and not is_recorded(case.all_trainings, metric):
            return self.because("not_recorded", curve=curve)
        return self.because("not_plotted", curve=curve)

    def _labels(self, curves: list[Curve], found: list[str], strangers: list[_Stranger]) -> tuple[list[str], float]:
        """The labels that the best plot lacks, and the share of labels that it has. Only plots of a history count."""
        plots: list[tuple[Figure, Axes]] = [(c.event.figure, c.axes) for c in curves if c.metric in found]
        plots = plots or [(stranger.figure, stranger.axes) for stranger in strangers]
        if not plots:
            return list(self.labelled), 0.0
        drawn = {id(axes): {c.metric for c in curves if c.axes is axes} for _, axes in plots}
        lacking = min((lacking_labels(f, axes, self.labelled, drawn[id(axes)]) for f, axes in plots), key=len)
        return lacking, 1.0 - len(lacking) / len(self.labelled)

    def _misnamed(self, curves: list[Curve], lacking: list[str]) -> tuple[Reason, ...]:
        """One reason on a y axis that names another quantity; empty when that is not what is wrong."""
        for curve in curves if "y" in lacking else ():
            if misnamed_axis(curve.axes, {other.metric for other in curves if other.axes is curve.axes}):
                label, name = clipped(curve.axes.y_label, _LONGEST_LABEL), metric_title(curve.metric)
                return (self.because("misnamed_axis", label=label, curve=name),)
        return ()


def _strangers(case: Case, wanted: Sequence[str]) -> list[_Stranger]:
    """Curves of `wanted` metrics in the question's figures that belong to another of the group's models."""
    found: list[_Stranger] = []
    # Which network the question is about is known by a training of it: without one, none is a stranger.
    if not case.all_trainings:
        return found
    for event in case.question.figures:
        for axes in event.figure.axes:
            for line in axes.lines:
                for metric in wanted:
                    owner = owner_of(line, metric, case.match, case.others)
                    if owner is not None:
                        found.append(_Stranger(metric, event.figure, axes, owner[0].label))
    return found
