"""One question of the report: its verdicts, and what was matched to it.

Under a question stand its criteria, the model beside the reference's, the curves, how a function did, the student's own
figures and answer. What was shown under an earlier question is pointed at, not shown again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from grader.facts.status import AWAITING, STATUSES
from grader.records import (
    Axes,
    CaseOutcome,
    CellFailed,
    Figure,
    FigureDrawn,
    FunctionTested,
    Match,
    ModelMatch,
    PictureSaved,
    Question,
    QuestionMatch,
    QuestionResult,
    Reference,
    ReferenceModel,
    Verdict,
)
from grader.reports.history_charts import training_figure
from grader.reports.model_words import model_view
from grader.reports.untrusted_pictures import MOST_FIGURES, Picture, figure_picture, saved_picture
from grader.reports.view import (
    BarView,
    CallView,
    CaseRow,
    CriterionView,
    FigureView,
    FunctionView,
    ModelView,
    ObservationView,
    QuestionView,
    StatusView,
    SweepRow,
)
from grader.reports.words import amount, awaits, criterion_title, line, phrase, plain, points, prose, score, sentence

# Functions

_MOST_CALLS = 2
"""Calls of one function that are shown, each wrong in a way of its own."""
_MOST_BLOCK = 1_300
"""Characters of a block; the recording keeps up to 1,200 of one value."""


def function_view(match: Match, question: str) -> FunctionView | None:
    """The view of the function that was tried for `question`; `None` when none was."""
    events = [e for e in match.rerun.events if isinstance(e, FunctionTested) and e.question == question]
    if not events or not events[-1].cases:
        return None
    event = events[-1]
    weights = sum(case.credit for case in event.cases)
    return FunctionView(
        called=line(event.called, 160),
        rows=tuple(_row(case, weights) for case in event.cases),
        calls=tuple(_call(case) for case in _telling(event.cases)),
    )


def _row(case: CaseOutcome, weights: float) -> CaseRow:
    share = f"{100 * case.credit / weights:.0f} %" if weights else ""
    return CaseRow(
        sign=STATUSES[case.status].sign,
        meaning=STATUSES[case.status].word,
        title=line(case.title, 160),
        message=sentence(plain(case.message, 700)),
        weight=share,
        reached=f"{100 * case.share:.0f} %",
    )


def _telling(cases: tuple[CaseOutcome, ...]) -> list[CaseOutcome]:
    """The first cases that failed, each in a way of its own, whose call can be shown."""
    found: dict[str, CaseOutcome] = {}
    for case in cases:
        if case.message and case.given and (case.answer or case.expected):
            found.setdefault(case.message, case)
    return list(found.values())[:_MOST_CALLS]


def _call(case: CaseOutcome) -> CallView:
    return CallView(
        title=line(case.title, 160),
        given=plain(case.given, _MOST_BLOCK),
        answer=plain(case.answer, _MOST_BLOCK) or "no answer",
        expected=plain(case.expected, _MOST_BLOCK),
    )


# Figures


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
        text = f"{noun}{'s' if len(several) > 1 else ''} {phrase(_runs(several))}"
        words.append(f"{text} of {file}" if file else text)
    return phrase(words)


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
            f"{amount(number, 'figure')} of these cells {'is' if number == 1 else 'are'} shown under {question}."
        )
    if left > 0:
        remarks.append(f"{amount(left, 'more figure')} of these cells {'is' if left == 1 else 'are'} not shown here.")
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
    curves = {
        name: [values for training in model.trainings for values in training.history.metrics.values()]
        for name, model in reference.models.items()
    }
    views = []
    for criterion in question.criteria:
        found = criterion.reference_figure(drawn, curves)
        picture = figure_picture(found) if found else None
        if found and picture and picture.source:
            views.append(_view(picture, found, "The reference's figure"))
    return views


def _view(picture: Picture, figure: Figure | None, origin: str) -> FigureView:
    caption = [f"{origin}{f'; {picture.note}' if picture.note else ''}."]
    alt = f"{origin}. {_figure_words(figure)}" if figure else f"{origin}."
    return FigureView(picture.source, line(alt, 900), tuple(caption), f"{min(picture.width, 108.0):.1f}mm")


def _figure_words(figure: Figure) -> str:
    drawn = [axes for axes in figure.axes if axes.lines or axes.error_bars or axes.bars or axes.images or axes.scatters]
    if len(drawn) > 4:
        return f"{amount(len(drawn), 'panel')}."
    return " ".join(_axes_words(axes) for axes in drawn)


def _axes_words(axes: Axes) -> str:
    """What a pair of axes shows, for a reader who does not see it."""
    parts = [f"Title: {line(axes.title, 80) or 'none'}"]
    parts.append(f"axes: {line(axes.x_label, 60) or 'unlabelled'} and {line(axes.y_label, 60) or 'unlabelled'}")
    for curve in axes.lines[:6]:
        last = next((value for value in reversed(curve.y) if math.isfinite(value)), None)
        parts.append(
            f"line {line(curve.label, 40) or 'without a name'} of {amount(curve.points, 'point')}"
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


# The question

_FOUND_BY = {
    "id": "found by its number",
    "cues": "found by its words",
    "model": "found by its model",
    "figure": "found by its figure",
    "function": "found by its function",
}
_SHORT_ANSWER = 400
"""Characters of an answer that may stand under several questions."""


@dataclass
class ReportContents:
    """What already stands in the report, with the question it stands under, so that it is shown once."""

    models: dict[tuple[str, ...], str] = field(default_factory=dict)
    curves: dict[tuple[str, ...], str] = field(default_factory=dict)
    figures: dict[tuple[str, int], str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)


def status_view(status: str) -> StatusView:
    """A status as templates see it."""
    known = next(value for key, value in STATUSES.items() if key == status)
    return StatusView(status, known.sign, known.word, known.meaning)


def bar_view(awarded: float, decided: float, total: float) -> BarView:
    """Shares of `total` points, in per cent."""
    scale = 100 / total if total > 0 else 0.0
    parts = (awarded, max(decided - awarded, 0), max(total - decided, 0))
    return BarView(*(f"{max(part, 0) * scale:.3f}%" for part in parts))


def question_view(
    result: QuestionResult,
    number: int,
    match: Match,
    reference: Reference,
    observations: tuple[ObservationView, ...],
    shown: ReportContents,
) -> QuestionView:
    """The view of the question `result`, the `number`-th of the report."""
    found = next((one for one in match.questions if one.question.id == result.id), None)
    decided = sum(verdict.points for verdict in result.verdicts if verdict.decided)
    remarks: list[str] = []
    model, curves, sweep = _evidence(result, found, match, reference, shown, remarks)
    figures, notes = gallery(match, found, shown.figures) if found else ([], [])
    answer, answer_note = _answer(result, found, shown) if found else (None, "")
    return QuestionView(
        id=line(result.id, 20),
        anchor=f"question-{number}",
        title=line(result.title, 160),
        asks=plain(found.question.asks, 2_000).strip() if found else "",
        status=status_view(result.status),
        points=f"{points(result.awarded)} / {points(decided)}" if decided else "",
        awaiting=points(result.points - decided) if result.points - decided > 1e-9 else "",
        open=awaits(result.points - decided) if result.points - decided > 1e-9 else "",
        bar=bar_view(result.awarded, decided, result.points),
        criteria=tuple(_criterion(verdict, _is_for_person(found, n)) for n, verdict in enumerate(result.verdicts)),
        found=_found(match, found),
        model=model,
        curves=curves,
        sweep=sweep,
        function=function_view(match, result.id),
        figures=tuple(figures),
        model_figures=tuple(reference_figures(found.question, reference)) if found else (),
        remarks=tuple(sentence(text) for text in (*_crashes(match, found), *remarks, *notes)),
        answer=answer,
        answer_note=answer_note,
        observations=tuple(one for one in observations if one.question == line(result.id, 20)),
    )


def _is_for_person(found: QuestionMatch | None, number: int) -> bool:
    """Whether the `number`-th criterion of the question is one that a person always decides."""
    criteria = found.question.criteria if found else ()
    return number < len(criteria) and criteria[number].by_person


def _criterion(verdict: Verdict, for_person: bool) -> CriterionView:
    reach = points(verdict.points)
    advice = verdict.status == "review" and for_person
    return CriterionView(
        title=criterion_title(verdict.criterion, verdict.title),
        status=status_view(verdict.status),
        points=f"{points(verdict.awarded)} / {reach}" if verdict.decided else "",
        explanation=sentence(plain(verdict.explanation, 1_500)),
        lead="Suggestion" if advice else "" if verdict.decided else "For the teacher",
        evidence=line(" · ".join(verdict.evidence[:8]), 400),
        to_mark="" if verdict.decided else f"/ {reach}",
        marked=_decided_by(verdict),
        comment=sentence(plain(verdict.marked.comment, 4_000)) if verdict.marked else Markup(),
    )


def _decided_by(verdict: Verdict) -> str:
    """Who decided, when, and what labgrade had said where it had decided."""
    mark = verdict.marked
    if mark is None:
        return ""
    if mark.stale:
        return line(mark.stale, 300)
    who = f"{line(mark.by, 60)}, {line(mark.at[:10], 20)}"
    decided = mark.automatic_status not in AWAITING
    if decided and mark.automatic_awarded != verdict.awarded:
        return f"Marked by {who}; labgrade had given {points(mark.automatic_awarded)}"
    same = decided or not verdict.decided
    return f"Remark by {who}" if same else f"Marked by {who}"


def _found(match: Match, found: QuestionMatch | None) -> str:
    if found is None or not (found.cells or found.model):
        return "No answer to this question was found in what you handed in."
    cells = cell_words(match, found.cells)
    how = _FOUND_BY.get(found.placed_by, "")
    return ", ".join(part for part in (f"Your answer: {cells}" if cells else "Your answer", how) if part)


def _crashes(match: Match, found: QuestionMatch | None) -> list[str]:
    wanted = set(found.cells) if found else set()
    texts = []
    for event in match.rerun.events:
        if isinstance(event, CellFailed) and event.cell in wanted:
            place = f" in line {event.line}" if event.line else ""
            where = cell_words(match, [event.cell]).capitalize()
            message = line(event.message, 200).replace("`", "'")
            texts.append(
                f"{where} stopped{place} with `{line(event.error, 60)}: {message}`; the next cell ran all the same."
            )
    return texts[:6]


def _evidence(
    result: QuestionResult,
    found: QuestionMatch | None,
    match: Match,
    reference: Reference,
    shown: ReportContents,
    remarks: list[str],
) -> tuple[ModelView | None, FigureView | None, tuple[SweepRow, ...]]:
    """Layer table and curves, where the criteria are about them and they were not shown before."""
    criteria = found.question.criteria if found else ()
    layered = any(criterion.beside_layers for criterion in criteria)
    trained = any(criterion.beside_curves for criterion in criteria)
    if found is None or not (layered or trained):
        return None, None, ()
    if found.model is None:
        if found.cells:
            remarks.append("No model of yours was found for this question.")
        return None, None, ()
    known = reference.models.get(found.question.model or found.model.reference or "")
    key = (*found.model.models, found.model.architecture or "", known.name if known else "")
    model = None
    if layered and not _seen(shown.models, key, result.id, "The layers of this model are compared", remarks):
        model = model_view(match, found.model, found.question, known)
    key = (*map(str, found.model.trainings), known.name if known else "")
    if trained and not _seen(shown.curves, key, result.id, "The training of this model is drawn", remarks):
        return model, *_drawn(match, found.model, known, remarks)
    return model, None, ()


def _drawn(
    match: Match, model: ModelMatch, known: ReferenceModel | None, remarks: list[str]
) -> tuple[FigureView | None, tuple[SweepRow, ...]]:
    """The figure of the model's trainings and the rows of its sweep; a remark where there was no training."""
    figure, rows = training_figure(match, model, known)
    if figure is None:
        remarks.append("No training of this model was seen when your code ran.")
    return figure, rows


def _seen(places: dict[tuple[str, ...], str], key: tuple[str, ...], here: str, what: str, remarks: list[str]) -> bool:
    """Whether `key` stands in the report already, with a remark on where; else it is noted as standing `here`."""
    if key in places:
        remarks.append(f"{what} under {places[key]}.")
        return True
    places[key] = here
    return False


def _answer(result: QuestionResult, found: QuestionMatch, shown: ReportContents) -> tuple[Markup | None, str]:
    text = found.answer.strip()
    if not text:
        written = any(criterion.by_person for criterion in found.question.criteria)
        return None, "These cells hold no text of yours, only code." if written and found.cells else ""
    earlier = shown.answers.setdefault(text, result.id)
    if earlier != result.id and len(text) > _SHORT_ANSWER:
        return None, f"The same text as under {earlier}, where it is shown."
    answer, cut = prose(text, _marked(result))
    return answer, "Only the beginning is shown." if cut else ""


def _marked(result: QuestionResult) -> list[str]:
    """The words in which the rubric's concepts were found, as the checks of written answers note them."""
    found: list[str] = []
    for verdict in result.verdicts:
        words = verdict.observed.get("marked") if isinstance(verdict.observed, dict) else None
        found += [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
    return list(dict.fromkeys(found))
