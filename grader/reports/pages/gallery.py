"""A student's own figures for one question: drawn during the rerun, else the pictures saved in the hand-in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.records.criteria.plots import ComparisonPlotCriterion
from grader.records.figures import Axes, Figure
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import FigureDrawn, PictureSaved, Trained
from grader.records.rubric import Criterion, Question
from grader.reports.text import line
from grader.reports.untrusted.pictures import Picture, figure_picture, saved_picture
from grader.reports.view import FigureView
from grader.reports.words import counted, listed, score

MOST_FIGURES = 4
"""Per question."""


def cell_words(match: Match, cells: Sequence[int]) -> str:
    """`cell 15`, `cells 15 and 16`, `page 3`; with the file's name where there are several files."""
    named = len({cell.file for cell in match.submission.cells}) > 1
    parts: dict[tuple[str, str], list[int]] = {}
    for index in cells:
        if 0 <= index < len(match.submission.cells):
            cell = match.submission.cells[index]
            noun, number = ("page", cell.page) if cell.page is not None else ("cell", cell.number)
            parts.setdefault((line(cell.file, 60) if named else "", noun), []).append(number)
    words = []
    for (file, noun), numbers in parts.items():
        several = sorted(set(numbers))
        text = f"{noun}{'s' if len(several) > 1 else ''} {listed(_runs(several))}"
        words.append(f"{text} of {file}" if file else text)
    return listed(words)


def _runs(numbers: Sequence[int]) -> list[str]:
    """`["3", "5 to 8"]` for 3, 5, 6, 7, 8."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words: list[str] = []
    for run in runs:
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run]
    return words


def gallery(
    match: Match, found: QuestionMatch, shown: dict[tuple[str, int], str]
) -> tuple[list[FigureView], list[str]]:
    """The figures of a question, and remarks on those that are not shown.

    `shown` maps figures that stand earlier in the report to the id of their question; it is added to.
    """
    wanted: list[FigureDrawn | PictureSaved] = []
    remarks: list[str] = []
    events: Sequence[FigureDrawn | PictureSaved] = found.figures or found.pictures
    earlier: dict[str, int] = {}
    for event in events:
        place = (event.kind, event.seq)
        if place in shown:
            earlier[shown[place]] = earlier.get(shown[place], 0) + 1
        elif len(wanted) < MOST_FIGURES:
            shown[place] = found.question.id
            wanted.append(event)
    left = len(events) - len(wanted) - sum(earlier.values())
    for question, number in earlier.items():
        remarks.append(
            f"{counted(number, 'figure')} of these cells {'is' if number == 1 else 'are'} shown under {question}."
        )
    if left > 0:
        remarks.append(f"{counted(left, 'more figure')} of these cells {'is' if left == 1 else 'are'} not shown here.")
    views = []
    for event in wanted:
        where = cell_words(match, [event.cell]) or "your code"
        if isinstance(event, FigureDrawn):
            origin, figure = f"Your figure, drawn by {where}", event.figure
            picture = figure_picture(event.figure)
        else:
            origin, figure = f"Your picture, saved under {where}", None
            picture = saved_picture(event.image)
        if picture.source:
            views.append(_view(picture, figure, origin))
        else:
            remarks.append(f"{origin}: {picture.note}.")
    return views, remarks


def reference_figures(question: Question, reference: Reference) -> list[FigureView]:
    """The solution's own figures of the kinds that `question` asks for, beyond single histories."""
    drawn = [event.figure for event in reference.recording.events if isinstance(event, FigureDrawn)]
    views = []
    for criterion in question.criteria:
        found = _reference_figure(criterion, reference, drawn)
        picture = figure_picture(found) if found else None
        if found and picture and picture.source:
            views.append(_view(picture, found, "The reference's figure"))
    return views


def _reference_figure(criterion: Criterion, reference: Reference, drawn: Sequence[Figure]) -> Figure | None:
    if isinstance(criterion, ComparisonPlotCriterion):
        trainings = [reference.models[name].trainings for name in criterion.models if name in reference.models]
        return next((one for one in drawn if trainings and all(_plots_any(one, own) for own in trainings)), None)
    if criterion.kind not in ("image_grid", "histogram", "confusion_matrix", "prediction"):
        return None
    fitting = [figure for figure in drawn if figure.shows(criterion.kind)]
    # Samples are shown before anything is trained, predictions after it.
    return fitting[-1 if criterion.kind == "prediction" else 0] if fitting else None


def _plots_any(figure: Figure, trainings: Sequence[Trained]) -> bool:
    histories = {values for training in trainings for values in training.history.metrics.values()}
    return any(curve.y in histories for axes in figure.axes for curve in axes.lines)


def _view(picture: Picture, figure: Figure | None, origin: str) -> FigureView:
    caption = [f"{origin}{f'; {picture.note}' if picture.note else ''}."]
    alt = f"{origin}. {_figure_words(figure)}" if figure else f"{origin}."
    return FigureView(picture.source, line(alt, 900), tuple(caption), f"{min(picture.width, 108.0):.1f}mm")


def _figure_words(figure: Figure) -> str:
    drawn = [axes for axes in figure.axes if axes.lines or axes.error_bars or axes.bars or axes.images or axes.scatters]
    if len(drawn) > 4:
        return f"{counted(len(drawn), 'panel')}."
    return " ".join(_axes_words(axes) for axes in drawn)


def _axes_words(axes: Axes) -> str:
    parts = [f"Title: {line(axes.title, 80) or 'none'}"]
    parts.append(f"axes: {line(axes.x_label, 60) or 'unlabelled'} and {line(axes.y_label, 60) or 'unlabelled'}")
    for curve in axes.lines[:6]:
        last = next((value for value in reversed(curve.y) if math.isfinite(value)), None)
        parts.append(
            f"line {line(curve.label, 40) or 'without a name'} of {counted(curve.points, 'point')}"
            + (f" ending at {score(last)}" if last is not None else "")
        )
    for number, noun in (
        (len(axes.error_bars), "series with error bars"),
        (axes.bars, "bars"),
        (len(axes.images), "images"),
    ):
        if number:
            parts.append(f"{noun}: {number}")
    return "; ".join(parts) + "."
