"""The criterion `comparison_plot`: one figure with the recorded histories of several models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from grader.criteria import Case, Criterion, shared
from grader.criteria.figure_parts import Curve, curves_of, label_reasons, lacking_labels
from grader.facts.keras import metric_title
from grader.records import Figure, Figures, Mistake, ModelMatch, Reason, Subject, Verdict

_SAME_FIGURE = 0.75
"""Share for axes beside each other: the eye compares, but across two scales."""
_APART = 0.5
"""Share for separate figures, and for curves that are not alike: all is shown, and nothing compared."""
_FEWER = 0.25
"""Share for some of the models alone: a history is shown, which is where a comparison begins."""
_LABELS = 0.5
"""Share of the points for labels, where labels are asked for: curves that nobody can tell apart compare nothing."""


@dataclass(frozen=True)
class _Best:
    """The figure that compares most, and how well."""

    share: float
    curves: tuple[Curve, ...]
    said: Reason


class ComparisonPlotCriterion(Criterion):
    """One figure with the recorded histories of several models. Half the points each, when labels are asked."""

    title: ClassVar[str] = "Comparison plot"
    about: ClassVar[Subject] = "figure"
    rests_on_history: ClassVar[bool] = True
    beside_curves: ClassVar[bool] = True
    figures: ClassVar[Figures] = "histories"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"drawing", "other_history", "other_metric"})
    sentences: ClassVar[Mapping[str, str]] = {
        "together": "The figure of {place} shows the {curve} of {models:quoted} together.",
        "axes_of_their_own": "The figure of {place} shows the {curve} of {models:quoted}, each in axes of its own.",
        "separate_figures": ("The {curve} of {models:quoted} is plotted, but in separate figures ({places:list})."),
        "unlike_curves": (
            "The histories of {models:quoted} are plotted, but never the same curve of all: training against "
            "validation."
        ),
        "fewer_models": "Only the history of {shown:quoted} is plotted; that of {absent:quoted} is not.",
        "not_drawn": "The rerun drew no history of {models:quoted}.",
        "no_history": "No figure shows a recorded {metric} history of {models:quoted}.",
    }

    kind: Literal["comparison_plot"] = "comparison_plot"
    models: tuple[str, ...] = Field(min_length=2)
    """Names of reference models, each the model of some question."""
    of: Literal["accuracy", "loss"] = "accuracy"
    """Training or validation, whichever is shown of all of them."""
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()

    def judge(self, case: Case) -> Verdict:
        """The recorded histories of all models asked for, of one metric, in one set of axes.

        Less for axes beside each other, for separate figures, and for fewer models. Half of the points are for labels,
        where labels are asked for.
        """
        models: dict[str, ModelMatch] = {}
        for name in self.models:
            model = case.model_named(name)
            if model is None or not case.match.trainings(model):
                asked = replace(case, question=case.question.model_copy(update={"model": model or case.model}))
                return self.missing(asked, f"training of `{name}` to compare", *case.saved_pictures)
            models[name] = model
        if not any(axes.lines for event in case.drawn for axes in event.figure.axes):
            return self.missing(case, "plot of both trainings", *case.saved_pictures)
        curves = {name: self._curves(model, case) for name, model in models.items()}
        labels = {name: model.label for name, model in models.items()}
        best = self._best(curves, labels, case)
        if best is None:
            return self._nothing(case, list(labels.values()))
        share, reasons, lacking = best.share, [best.said], list[str]()
        if self.labelled:
            plots = {(curve.event.seq, id(curve.axes)): curve for curve in best.curves}.values()
            lacking = min((lacking_labels(c.event.figure, c.axes, self.labelled) for c in plots), key=len)
            share = (1.0 - _LABELS) * best.share + _LABELS * (1.0 - len(lacking) / len(self.labelled))
            reasons += label_reasons(lacking, self.labelled, case.question.figures)
        observed: JsonValue = {"models": [n for n, found in curves.items() if found], "lacks": list(lacking)}
        expected: JsonValue = {"models": list(self.models), "labelled": list(self.labelled)}
        evidence = case.places(curve.event.cell for curve in best.curves)
        return self.graded(share, *reasons, observed=observed, expected=expected, evidence=evidence)

    @property
    def named_models(self) -> tuple[str, ...]:
        """Those whose curves it compares."""
        return self.models

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that are asked for."""
        return self.labelled

    def is_shown_in(self, figure: Figure) -> bool:
        """Whether it has lines."""
        return figure.has_lines

    def reference_figure(
        self, drawn: Sequence[Figure], histories: Mapping[str, Sequence[tuple[float, ...]]]
    ) -> Figure | None:
        """The first one with a curve of each model."""
        wanted = [set(histories[name]) for name in self.models if name in histories]
        for figure in drawn:
            lines = {line.y for axes in figure.axes for line in axes.lines}
            if wanted and all(lines & curves for curves in wanted):
                return figure
        return None

    def _curves(self, model: ModelMatch, case: Case) -> list[Curve]:
        found = curves_of(case.drawn, case.match.trainings(model))
        return [curve for curve in found if curve.metric.removeprefix("val_") == self.of]

    def _best(self, curves: dict[str, list[Curve]], labels: dict[str, str], case: Case) -> _Best | None:
        found = []
        for metric in (f"val_{self.of}", self.of):
            of_metric = {labels[name]: [c for c in own if c.metric == metric] for name, own in curves.items()}
            both = (self._together(of_metric, metric, case), self._apart(of_metric, metric, case))
            found += [best for best in both if best]
        whole = [name for name, own in curves.items() if own]
        if not found and whole:
            mine = tuple(curve for name in whole for curve in curves[name])
            shown = list[JsonValue](labels[name] for name in whole)
            absent = list[JsonValue](labels[name] for name in curves if name not in whole)
            found.append(
                _Best(_FEWER, mine, self.because("fewer_models", shown=shown, absent=absent))
                if absent
                else _Best(_APART, mine, self.because("unlike_curves", models=shown))
            )
        return max(found, key=lambda best: best.share, default=None)

    def _together(self, curves: dict[str, list[Curve]], metric: str, case: Case) -> _Best | None:
        """All models in one set of axes, or in one figure; by the models' labels."""
        best = None
        for seq in sorted({curve.event.seq for own in curves.values() for curve in own}):
            here = {name: [curve for curve in own if curve.event.seq == seq] for name, own in curves.items()}
            if not all(here.values()):
                continue
            first, *others = ({id(curve.axes) for curve in own} for own in here.values())
            common = first.intersection(*others)
            mine = tuple(curve for own in here.values() for curve in own if not common or id(curve.axes) in common)
            code = "together" if common else "axes_of_their_own"
            where, name = case.place(mine[0].event.cell), metric_title(metric)
            said = self.because(code, place=where, curve=name, models=list(curves))
            if common:
                return _Best(1.0, mine, said)
            best = best or _Best(_SAME_FIGURE, mine, said)
        return best

    def _apart(self, curves: dict[str, list[Curve]], metric: str, case: Case) -> _Best | None:
        if not all(curves.values()):
            return None
        mine = tuple(own[0] for own in curves.values())
        where = list[JsonValue](case.places(curve.event.cell for curve in mine))
        name = metric_title(metric)
        return _Best(_APART, mine, self.because("separate_figures", curve=name, models=list(curves), places=where))

    def _nothing(self, case: Case, labels: list[str]) -> Verdict:
        figures, pictures = case.question.figures, case.saved_pictures
        if pictures:
            not_drawn = self.because("not_drawn", models=list(labels))
            return self.review(not_drawn, *pictures, evidence=case.places(case.cells))
        if any(axes.scatters for event in figures for axes in event.figure.axes):
            return self.review(shared("points_alone"), evidence=case.places(event.cell for event in figures))
        said = self.because("no_history", metric=self.of, models=list(labels))
        return self.graded(0.0, said, evidence=case.places(case.cells))
