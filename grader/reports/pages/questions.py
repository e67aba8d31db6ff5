"""One question of the report, put together from its verdicts and from what was matched to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from markupsafe import Markup

from grader.records.match import Match, ModelMatch, QuestionMatch, Reference, ReferenceModel
from grader.records.recording import CellFailed
from grader.records.result import QuestionResult, Verdict
from grader.reports import words
from grader.reports.pages.comparison import model_view
from grader.reports.pages.functions import function_view
from grader.reports.pages.gallery import cell_words, gallery, reference_figures
from grader.reports.plots.histories import training_figure
from grader.reports.prose import prose, sentence
from grader.reports.text import line, plain
from grader.reports.view import (
    BarView,
    CriterionView,
    FigureView,
    ModelView,
    ObservationView,
    QuestionView,
    StatusView,
    SweepRow,
)

_ABOUT_LAYERS = {"architecture", "parameters", "compiled", "sweep"}
_ABOUT_TRAINING = {
    *("trained", "accuracy", "history_plot", "console_log", "sweep", "error_bar_plot", "comparison_plot"),
    *("evaluated", "generalisation_gap"),
}
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
class Shown:
    """What already stands in the report, with the question it stands under, so that it is shown once."""

    models: dict[tuple[str, ...], str] = field(default_factory=dict)
    curves: dict[tuple[str, ...], str] = field(default_factory=dict)
    figures: dict[tuple[str, int], str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)


def status_view(status: str) -> StatusView:
    """A status as templates see it."""
    known = next((value for key, value in words.STATUSES.items() if key == status))
    return StatusView(status, *known)


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
    shown: Shown,
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
        points=f"{words.points(result.awarded)} / {words.points(decided)}" if decided else "",
        awaiting=words.points(result.points - decided) if result.points - decided > 1e-9 else "",
        open=words.awaits(result.points - decided) if result.points - decided > 1e-9 else "",
        bar=bar_view(result.awarded, decided, result.points),
        criteria=tuple(_criterion(verdict) for verdict in result.verdicts),
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


def _criterion(verdict: Verdict) -> CriterionView:
    reach = words.points(verdict.points)
    advice = verdict.status == "review" and verdict.criterion == "written"
    return CriterionView(
        title=words.criterion_title(verdict.criterion),
        status=status_view(verdict.status),
        points=f"{words.points(verdict.awarded)} / {reach}" if verdict.decided else "",
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
    decided = mark.automatic_status not in ("review", "errored")
    if decided and mark.automatic_awarded != verdict.awarded:
        return f"Marked by {who}; labgrade had given {words.points(mark.automatic_awarded)}"
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
    shown: Shown,
    remarks: list[str],
) -> tuple[ModelView | None, FigureView | None, tuple[SweepRow, ...]]:
    """Layer table and curves, where the criteria are about them and they were not shown before."""
    kinds = {verdict.criterion for verdict in result.verdicts}
    layered, trained = kinds & _ABOUT_LAYERS, kinds & _ABOUT_TRAINING
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
    figure, rows = training_figure(match, model, known)
    if figure is None:
        remarks.append("No training of this model was seen when your code ran.")
    return figure, rows


def _seen(places: dict[tuple[str, ...], str], key: tuple[str, ...], here: str, what: str, remarks: list[str]) -> bool:
    if key in places:
        remarks.append(f"{what} under {places[key]}.")
        return True
    places[key] = here
    return False


def _answer(result: QuestionResult, found: QuestionMatch, shown: Shown) -> tuple[Markup | None, str]:
    text = found.answer.strip()
    if not text:
        written = any(verdict.criterion == "written" for verdict in result.verdicts)
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
