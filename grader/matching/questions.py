"""What of a submission answers each question: passages, text, cells, model, figures and pictures."""

from __future__ import annotations

import numpy as np

from grader.records.figures import Figure
from grader.records.functions.outcomes import FunctionTested
from grader.records.match import ModelMatch, QuestionMatch
from grader.records.recording import Evaluated, FigureDrawn, PictureSaved, Recording, Trained
from grader.records.rubric import Question, Rubric
from grader.records.submission import Passage

_BARS = 5
_PICTURES = frozenset({"image_grid", "histogram", "confusion_matrix", "prediction"})
_MOST_ELSEWHERE = 2
_PLOTS = frozenset({"history_plot", "error_bar_plot", "comparison_plot"})


def question_passages(question: Question, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """The passages under `question`'s own id, else those under the id that it shares with others."""
    own = tuple(passage for passage in passages if passage.question == question.id)
    return own or tuple(passage for passage in passages if passage.question == question.written_id)


def question_matches(
    rubric: Rubric,
    passages: tuple[Passage, ...],
    answers: dict[str, str],
    saved: Recording,
    rerun: Recording,
    models: tuple[ModelMatch, ...],
) -> tuple[QuestionMatch, ...]:
    """One match for each question, in the rubric's order; what was not found is empty."""
    by_reference: dict[str, ModelMatch] = {}
    for model in models:
        if model.reference is not None:
            by_reference.setdefault(model.reference, model)
    found = [
        _question_match(question, passages, answers, saved, rerun, by_reference.get(question.model or ""), models)
        for question in rubric.questions
    ]
    return tuple(_without_claimed(match, found) for match in found)


def _without_claimed(match: QuestionMatch, matches: list[QuestionMatch]) -> QuestionMatch:
    """`match`, where it asks for no figure, without those that another question asks for."""
    if any(criterion.kind in _PLOTS | _PICTURES for criterion in match.question.criteria):
        return match
    claimed = {
        event.seq
        for other in matches
        for event in other.figures
        if any(c.kind in _PLOTS | _PICTURES and event.figure.shows(c.kind) for c in other.question.criteria)
    }
    gone = {event.cell for event in match.figures if event.seq in claimed}
    figures = tuple(event for event in match.figures if event.seq not in claimed)
    return match.model_copy(
        update={"figures": figures, "pictures": tuple(p for p in match.pictures if p.cell not in gone)}
    )


def _question_match(
    question: Question,
    passages: tuple[Passage, ...],
    answers: dict[str, str],
    saved: Recording,
    rerun: Recording,
    model: ModelMatch | None,
    models: tuple[ModelMatch, ...],
) -> QuestionMatch:
    own = question_passages(question, passages)
    cells = tuple(sorted({passage.cell for passage in own}))
    placed_by = _placed_by(own)
    if not cells and model is not None and _is_practical(question):
        cells, placed_by = _surroundings(model, models, rerun, saved), "model"
    elif placed_by == "cues" and model is not None and _is_practical(question) and not set(cells) & set(model.cells):
        cells = tuple(sorted({*cells, *model.cells}))
    elif not cells:
        cells = _drawing_cells(question, rerun)
        placed_by = "figure" if cells else ""
    functions = [e.cell for e in rerun.events if isinstance(e, FunctionTested) and e.question == question.id]
    if not cells and functions and functions[-1] >= 0:
        cells, placed_by = (functions[-1],), "function"
    return QuestionMatch(
        question=question,
        passages=own,
        answer=answers.get(question.id, ""),
        cells=cells,
        model=model,
        figures=_figures(question, cells, rerun, model),
        pictures=tuple(event for event in saved.events if isinstance(event, PictureSaved) and event.cell in cells),
        placed_by=placed_by,
    )


def _is_practical(question: Question) -> bool:
    return any(criterion.kind != "written" for criterion in question.criteria)


def _drawing_cells(question: Question, rerun: Recording) -> tuple[int, ...]:
    """The first cell that draws what the question asks for, where that is told by the figure itself."""
    kinds = {criterion.kind for criterion in question.criteria}
    for event in rerun.events:
        if isinstance(event, FigureDrawn) and event.cell >= 0:
            pictures = sum(len(axes.images) for axes in event.figure.axes)
            bars = max((axes.bars for axes in event.figure.axes), default=0)
            if ("image_grid" in kinds and pictures > 1) or ("histogram" in kinds and bars >= _BARS):
                return (event.cell,)
    return ()


def _placed_by(passages: tuple[Passage, ...]) -> str:
    if not passages:
        return ""
    with_id = any(passage.found_by not in ("cue", "following") for passage in passages)
    return "id" if with_id else "cues"


def _surroundings(
    model: ModelMatch, models: tuple[ModelMatch, ...], rerun: Recording, saved: Recording
) -> tuple[int, ...]:
    """The model's cells, those that evaluate it, and those after them with figures, up to the next model."""
    if not model.cells:
        return ()
    last = max(model.cells)
    following = min((cell for other in models for cell in other.cells if cell > last), default=10**9)
    shown = {
        event.cell
        for event in (*rerun.events, *saved.events)
        if isinstance(event, FigureDrawn | PictureSaved) and last < event.cell < following
    }
    evaluated = {e.cell for e in rerun.events if isinstance(e, Evaluated) and e.model in model.models and e.cell >= 0}
    return tuple(sorted({*model.cells, *shown, *evaluated}))


def _figures(
    question: Question, cells: tuple[int, ...], rerun: Recording, model: ModelMatch | None
) -> tuple[FigureDrawn, ...]:
    drawn = [event for event in rerun.events if isinstance(event, FigureDrawn)]
    if not any(criterion.kind in _PLOTS for criterion in question.criteria):
        own = tuple(event for event in drawn if event.cell in cells)
        kinds = [criterion.kind for criterion in question.criteria if criterion.kind in _PICTURES]
        elsewhere = tuple(e for e in drawn if kinds and any(e.figure.shows(kind) for kind in kinds))
        # What is looked for may stand in cells that answer another question.
        return own if any(event in elsewhere for event in own) else own + elsewhere[:_MOST_ELSEWHERE]
    wanted = set(model.trainings) if model is not None else set()
    trainings = [training for training in rerun.trainings() if training.seq in wanted]
    return tuple(event for event in drawn if event.cell in cells or plots_any(event.figure, trainings))


def plots_any(figure: Figure, trainings: list[Trained]) -> bool:
    """Whether a line of `figure` shows a history of `trainings`, or an error-bar series their final values' means."""
    curves = [values for training in trainings for values in training.history.metrics.values() if len(values) > 1]
    lines = [line.y for axes in figure.axes for line in axes.lines]
    if any(_equal(line, curve) for line in lines for curve in curves):
        return True
    finals = [curve[-1] for training in trainings for curve in training.history.metrics.values() if curve]
    bars = [series.y for axes in figure.axes for series in axes.error_bars if len(series.y) > 1]
    if len(trainings) < 2 or not finals:
        return False
    low, high = min(finals), max(finals)
    return any(low <= value <= high for series in bars for value in series)


def _equal(line: tuple[float, ...], curve: tuple[float, ...]) -> bool:
    if len(line) != len(curve):
        return False
    drawn, recorded = np.asarray(line), np.asarray(curve)
    return any(np.allclose(drawn, factor * recorded, rtol=1e-3, atol=1e-6, equal_nan=True) for factor in (1.0, 100.0))
