"""The criterion on a plotted training history: content first, then labels."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from grader.checks.evidence import undrawn
from grader.checks.metrics import plain_metric, readable_metric
from grader.checks.plots.curves import Curve, curves_of, is_recorded, owner_of
from grader.checks.plots.labels import label_sentence, lacking_labels, misnamed_axis
from grader.checks.subject import missing, others_of
from grader.checks.verdicts import graded, review
from grader.checks.wording import capitalised, clipped, listed, place, places
from grader.records.criteria.plots import HistoryPlotCriterion
from grader.records.figures import Axes, Figure
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import FigureDrawn
from grader.records.result import Verdict


def check_history_plot(
    criterion: HistoryPlotCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """History plot

    Each curve asked for must be the recorded history of the question's own model. Half of the points are for the curves
    and half for the labels, where labels are asked for.
    """
    trainings = match.trainings(question.model)
    curves = curves_of(question.figures, trainings)
    shown = list(dict.fromkeys(curve.metric for curve in curves))
    wanted = [plain_metric(name) for name in criterion.shows]
    found = [name for name in wanted if name in shown]
    strangers = _strangers(question, match, [name for name in wanted if name not in found])
    plotted = [event for event in question.figures if any(axes.lines for axes in event.figure.axes)]
    if not found and not strangers:
        if question.pictures and (not plotted or not trainings):
            return _picture_only(criterion, question, match)
        if not plotted or not trainings:
            return missing(criterion, question, match, "plot of a training")
        if any(axes.scatters > len(axes.scattered) for event in question.figures for axes in event.figure.axes):
            return review(
                criterion,
                "Points are drawn without lines, and labgrade compares lines only. A person decides.",
                evidence=places(match, [event.cell for event in question.figures]),
            )
    content = len(found) / len(wanted) if wanted else 1.0
    said = [_content_sentence(found, wanted, curves, match)] if found else []
    said += [_absence_sentence(name, strangers, question, match) for name in wanted if name not in found]
    share = content
    lacking: list[str] = []
    if criterion.labelled:
        lacking, fullness = _labels(criterion, curves, found, strangers)
        share = 0.5 * content + 0.5 * fullness
        if found or strangers:
            said += filter(None, (label_sentence(lacking, criterion.labelled), _misnamed(curves, lacking)))
    observed: JsonValue = {"shows": list(shown), "lacks": list(lacking)}
    expected: JsonValue = {"shows": list(criterion.shows), "labelled": list(criterion.labelled)}
    cells = [curve.event.cell for curve in curves if curve.metric in wanted] or [event.cell for event in plotted]
    return graded(criterion, share, " ".join(said), observed=observed, expected=expected, evidence=places(match, cells))


Stranger = tuple[str, FigureDrawn, Axes, str]
"""Metric, figure, axes, and the label of the model whose history it is."""


def _strangers(question: QuestionMatch, match: Match, wanted: Sequence[str]) -> list[Stranger]:
    """Curves of `wanted` metrics in the question's figures that belong to another of the group's models."""
    found = []
    for event in question.figures:
        for axes in event.figure.axes:
            for line in axes.lines:
                for metric in wanted:
                    owner = owner_of(line, metric, match, others_of(match, question.model))
                    if owner is not None:
                        found.append((metric, event, axes, owner[0].label))
    return found


def _content_sentence(found: list[str], wanted: list[str], curves: list[Curve], match: Match) -> str:
    cells = list(dict.fromkeys(curve.event.cell for curve in curves if curve.metric in wanted))
    where = listed([place(match, cell) for cell in cells[:3]])
    verb = "plots" if len(cells) == 1 else "plot"
    return f"{capitalised(where)} {verb} {listed([readable_metric(name) for name in found])} of this training."


def _absence_sentence(metric: str, strangers: list[Stranger], question: QuestionMatch, match: Match) -> str:
    words = readable_metric(metric)
    subject = capitalised(words)
    whose = next((label for name, _, _, label in strangers if name == metric), None)
    if whose is not None:
        return f"{subject} is plotted, but it is that of `{whose}`."
    trainings = match.trainings(question.model)
    if trainings and not is_recorded(trainings, metric):
        return f"{subject} is missing: this training did not record it."
    return f"{subject} of this training is not plotted."


def _labels(
    criterion: HistoryPlotCriterion, curves: list[Curve], found: list[str], strangers: list[Stranger]
) -> tuple[list[str], float]:
    """The labels that the best plot lacks, and the share of labels that it has. Only plots of a history count."""
    plots: list[tuple[Figure, Axes]] = [(c.event.figure, c.axes) for c in curves if c.metric in found]
    plots = plots or [(event.figure, axes) for _, event, axes, _ in strangers]
    if not plots:
        return list(criterion.labelled), 0.0
    drawn = {id(axes): {c.metric for c in curves if c.axes is axes} for _, axes in plots}
    lacking = min((lacking_labels(f, axes, criterion.labelled, drawn[id(axes)]) for f, axes in plots), key=len)
    return lacking, 1.0 - len(lacking) / len(criterion.labelled)


def _misnamed(curves: list[Curve], lacking: list[str]) -> str:
    """One sentence on a y axis that names another quantity; empty when that is not what is wrong."""
    if "y" not in lacking:
        return ""
    for curve in curves:
        if misnamed_axis(curve.axes, {other.metric for other in curves if other.axes is curve.axes}):
            said = clipped(curve.axes.y_label, 40)
            return f"The y axis says “{said}”, though the curves are {readable_metric(curve.metric)}."
    return ""


def _picture_only(criterion: HistoryPlotCriterion, question: QuestionMatch, match: Match) -> Verdict:
    cells = [picture.cell for picture in question.pictures]
    where = listed(places(match, cells)[:3])
    reason = f"but {undrawn(match)}, and labgrade cannot read its data"
    said = f"A picture is saved under {where}, {reason}. A person decides."
    return review(criterion, said, evidence=places(match, cells))
