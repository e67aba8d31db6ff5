"""The criterion on one figure that compares the histories of several models."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from grader.checks.evidence import model_named, picture_evidence
from grader.checks.metrics import readable_metric
from grader.checks.plots.curves import Curve, curves_of
from grader.checks.plots.labels import label_sentence, lacking_labels
from grader.checks.subject import missing
from grader.checks.verdicts import graded, review
from grader.checks.wording import listed, place, places
from grader.records.criteria.plots import ComparisonPlotCriterion
from grader.records.match import Match, ModelMatch, QuestionMatch, Reference
from grader.records.recording import FigureDrawn
from grader.records.result import Verdict

_SAME_FIGURE = 0.75
_APART = 0.5
_FEWER = 0.25


@dataclass(frozen=True)
class _Best:
    """The figure that compares most, and how well."""

    share: float
    curves: tuple[Curve, ...]
    said: str


def check_comparison_plot(
    criterion: ComparisonPlotCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Comparison plot

    The recorded histories of all models asked for, of one metric, in one set of axes. Less for axes beside each other,
    for separate figures, and for fewer models. Half of the points are for labels, where labels are asked for.
    """
    models = {name: model_named(name, match) for name in criterion.models}
    for name, model in models.items():
        if not match.trainings(model):
            what = f"training of `{name}` to compare"
            asked = question.model_copy(update={"model": model or question.model})
            return missing(criterion, asked, match, what, picture_evidence(question, match))
    drawn = [event for event in match.rerun.events if isinstance(event, FigureDrawn)]
    if not any(axes.lines for event in drawn for axes in event.figure.axes):
        return missing(criterion, question, match, "plot of both trainings", picture_evidence(question, match))
    curves = {name: _curves(model, criterion.of, drawn, match) for name, model in models.items()}
    best = _best(curves, models, criterion.of, match)
    if best is None:
        return _nothing(criterion, question, match, models)
    share, said = best.share, best.said
    lacking: list[str] = []
    if criterion.labelled:
        plots = {(curve.event.seq, id(curve.axes)): curve for curve in best.curves}.values()
        lacking = min((lacking_labels(c.event.figure, c.axes, criterion.labelled) for c in plots), key=len)
        share = 0.5 * best.share + 0.5 * (1.0 - len(lacking) / len(criterion.labelled))
        said = f"{said} {label_sentence(lacking, criterion.labelled)}"
    observed: JsonValue = {"models": [n for n, found in curves.items() if found], "lacks": list(lacking)}
    expected: JsonValue = {"models": list(criterion.models), "labelled": list(criterion.labelled)}
    evidence = places(match, [curve.event.cell for curve in best.curves])
    return graded(criterion, share, said, observed=observed, expected=expected, evidence=evidence)


def _curves(model: ModelMatch | None, family: str, drawn: list[FigureDrawn], match: Match) -> list[Curve]:
    found = curves_of(drawn, match.trainings(model))
    return [curve for curve in found if curve.metric.removeprefix("val_") == family]


def _best(
    curves: dict[str, list[Curve]], models: dict[str, ModelMatch | None], family: str, match: Match
) -> _Best | None:
    found = []
    for metric in (f"val_{family}", family):
        of_metric = {name: [c for c in own if c.metric == metric] for name, own in curves.items()}
        found += [best for best in (_together(of_metric, metric, match), _apart(of_metric, metric, match)) if best]
    whole = [name for name, own in curves.items() if own]
    if not found and whole:
        mine = tuple(curve for name in whole for curve in curves[name])
        if len(whole) == len(curves):
            said = "Both trainings are plotted, but never the same curve of both: training against validation."
            found.append(_Best(_APART, mine, said))
        else:
            shown = listed([f"`{_label(models[name])}`" for name in whole])
            absent = listed([f"`{_label(models[name])}`" for name in curves if name not in whole])
            said = f"Only the history of {shown} is plotted; that of {absent} is not."
            found.append(_Best(_FEWER, mine, said))
    return max(found, key=lambda best: best.share, default=None)


def _label(model: ModelMatch | None) -> str:
    return model.label if model else "?"


def _together(curves: dict[str, list[Curve]], metric: str, match: Match) -> _Best | None:
    """All models in one set of axes, or in one figure."""
    words = readable_metric(metric)
    figures = {curve.event.seq for own in curves.values() for curve in own}
    best = None
    for seq in sorted(figures):
        here = {name: [curve for curve in own if curve.event.seq == seq] for name, own in curves.items()}
        if not all(here.values()):
            continue
        first, *others = ({id(curve.axes) for curve in own} for own in here.values())
        shared = first.intersection(*others)
        mine = tuple(curve for own in here.values() for curve in own if not shared or id(curve.axes) in shared)
        where = place(match, mine[0].event.cell)
        if shared:
            return _Best(1.0, mine, f"The figure of {where} shows the {words} of {_all(curves)} together.")
        said = f"The figure of {where} shows the {words} of {_all(curves)}, each in axes of its own."
        best = best or _Best(_SAME_FIGURE, mine, said)
    return best


def _all(curves: dict[str, list[Curve]]) -> str:
    return "both models" if len(curves) == 2 else f"all {len(curves)} models"


def _apart(curves: dict[str, list[Curve]], metric: str, match: Match) -> _Best | None:
    if not all(curves.values()):
        return None
    mine = tuple(own[0] for own in curves.values())
    where = listed(places(match, [curve.event.cell for curve in mine]))
    said = f"The {readable_metric(metric)} of {_all(curves)} is plotted, but in separate figures ({where})."
    return _Best(_APART, mine, said)


def _nothing(
    criterion: ComparisonPlotCriterion, question: QuestionMatch, match: Match, models: dict[str, ModelMatch | None]
) -> Verdict:
    pictures = picture_evidence(question, match)
    names = listed([f"`{_label(model)}`" for model in models.values()])
    if pictures:
        unrun = match.rerun.outcome.status == "not run"
        drawn = "The code was not run" if unrun else f"The rerun drew no history of {names}"
        said = f"{drawn}. {pictures} A person decides."
        return review(criterion, said, evidence=places(match, question.cells))
    if any(axes.scatters for event in question.figures for axes in event.figure.axes):
        said = "Points are drawn without lines, and labgrade compares lines only. A person decides."
        return review(criterion, said, evidence=places(match, [event.cell for event in question.figures]))
    said = f"No figure shows a recorded {criterion.of} history of {names}."
    return graded(criterion, 0.0, said, evidence=places(match, question.cells))
