"""A submission laid beside the rubric: which models, figures and texts answer which question.

Models come first (`assignment`): a question about a model has that model's cells where it has no passage of its own.
Figures are known by what they draw, or by the cells that they stand under. A text without any id that stands behind a
model may answer what is asked about that model in words.
"""

from __future__ import annotations

import math
import re

from grader.matching.assignment import Pair, Slot, assign_families, set_aside
from grader.matching.families import Family, model_families
from grader.matching.retries import attempts, plots_any
from grader.matching.saved_models import assign_saved_models, best_logged_accuracies, saved_models
from grader.records import (
    Evaluated,
    FigureDrawn,
    FunctionTested,
    Match,
    ModelMatch,
    Passage,
    PictureSaved,
    Question,
    QuestionMatch,
    Recording,
    Reference,
    Rubric,
    Submission,
)

_MOST_ELSEWHERE = 2
"""Figures of the right kind that a question takes, at most, from cells that answer another one."""
_LEAST_WORDS = 8
"""Below so many words a text is a remark such as `Now the deep network:`, not an answer."""
_LONGEST = 20_000
"""Characters of an answer that stands under no id; reports show 12,000."""

_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[^\n]*$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]{2,}")


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
    """`match`, where it asks for no figure, without those that another question asks for.

    Several questions may stand over one cell; its figure then belongs to the one that wants it.
    """
    if any(criterion.figures != "none" for criterion in match.question.criteria):
        return match
    claimed = {
        event.seq
        for other in matches
        for event in other.figures
        if any(criterion.is_shown_in(event.figure) for criterion in other.question.criteria)
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
    return any(not criterion.by_person for criterion in question.criteria)


def _drawing_cells(question: Question, rerun: Recording) -> tuple[int, ...]:
    """The first cell that draws what the question asks for, where that is told by the figure itself."""
    for event in rerun.events:
        if not isinstance(event, FigureDrawn) or event.cell < 0:
            continue
        if any(criterion.is_answered_by(event.figure) for criterion in question.criteria):
            return (event.cell,)
    return ()


def _placed_by(passages: tuple[Passage, ...]) -> str:
    """`id` where any of the passages bears one, else `cues`; empty where there are none."""
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
    later = [cell for other in models for cell in other.cells if cell > last]
    following = min(later, default=math.inf)
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
    if not any(criterion.figures == "histories" for criterion in question.criteria):
        own = tuple(event for event in drawn if event.cell in cells)
        elsewhere = tuple(e for e in drawn if any(one.is_shown_in(e.figure) for one in question.criteria))
        # What is looked for may stand in cells that answer another question.
        return own if any(event in elsewhere for event in own) else own + elsewhere[:_MOST_ELSEWHERE]
    wanted = set(model.trainings) if model is not None else set()
    trainings = [training for training in rerun.trainings() if training.seq in wanted]
    return tuple(event for event in drawn if event.cell in cells or plots_any(event.figure, trainings))


def place_unlabelled_text(
    questions: tuple[QuestionMatch, ...], models: tuple[ModelMatch, ...], submission: Submission
) -> tuple[QuestionMatch, ...]:
    """`questions`, where those that ask for words alone and have none get the free text behind their model.

    Only where the hand-in bears no ids at all. Several questions on one model get the same text: a person reads it.
    """
    if any(question.placed_by == "id" for question in questions):
        return questions
    taken = {cell for question in questions for cell in question.cells}
    return tuple(_filled(question, models, submission, taken) for question in questions)


def _filled(
    question: QuestionMatch, models: tuple[ModelMatch, ...], submission: Submission, taken: set[int]
) -> QuestionMatch:
    written = all(criterion.by_person for criterion in question.question.criteria)
    if question.cells or not written or question.model is None or not question.model.cells:
        return question
    last = max(question.model.cells)
    end = min((cell for model in models for cell in model.cells if cell > last), default=len(submission.cells))
    behind = [cell for cell in submission.cells[last + 1 : end] if cell.kind == "prose" and cell.index not in taken]
    texts = {cell.index: _HEADING.sub("", cell.source).strip() for cell in behind}
    texts = {cell: text for cell, text in texts.items() if len(_WORD.findall(text)) >= _LEAST_WORDS}
    if not texts:
        return question
    answer = "\n\n".join(texts.values())[:_LONGEST]
    return question.model_copy(update={"cells": tuple(texts), "answer": answer, "placed_by": "model"})


def match_submission(
    submission: Submission,
    rubric: Rubric,
    passages: tuple[Passage, ...],
    answers: dict[str, str],
    saved: Recording,
    rerun: Recording,
    reference: Reference,
) -> Match:
    """Lay `submission` beside `rubric`.

    `passages` are the parts of it under each question, `answers` maps question ids to the text of the answer. Models
    of the rerun are assigned to the reference's models all at once; a model that nothing asks for stays in
    `Match.models` without a reference. A reference model that finds none falls back, with low confidence, on what the
    saved outputs tell.
    """
    slots = _slots(rubric, reference, passages)
    found = attempts(model_families(rerun), rerun, tuple(slot.cells for slot in slots))
    pairs = assign_families(found.meant, slots, rerun.architectures, best_logged_accuracies(saved, rerun))
    models = _model_matches(set_aside(pairs, found.retries), submission)
    filled = {model.reference for model in models}
    models += _saved_matches(saved, rerun, [slot for slot in slots if slot.name not in filled], submission)
    return Match(
        rubric=rubric,
        submission=submission,
        saved=saved,
        rerun=rerun,
        questions=place_unlabelled_text(
            question_matches(rubric, passages, answers, saved, rerun, models), models, submission
        ),
        models=models,
    )


def _slots(rubric: Rubric, reference: Reference, passages: tuple[Passage, ...]) -> tuple[Slot, ...]:
    asking: dict[str, list[Question]] = {}
    for question in rubric.questions:
        if question.model is not None and question.model in reference.models:
            asking.setdefault(question.model, []).append(question)
    # The order in which the solution builds its models is the order of the lab.
    names = [name for name in reference.models if name in asking]
    return tuple(
        _slot(name, asking[name], reference, passages, index / max(len(names) - 1, 1))
        for index, name in enumerate(names)
    )


def _slot(
    name: str, questions: list[Question], reference: Reference, passages: tuple[Passage, ...], position: float
) -> Slot:
    criteria = [criterion for question in questions for criterion in question.criteria]
    practical = [question for question in questions if any(not c.by_person for c in question.criteria)]
    cells = frozenset(p.cell for question in practical or questions for p in question_passages(question, passages))
    return Slot(
        name=name,
        model=reference.models[name],
        must_have=tuple(dict.fromkeys(wanted for criterion in criteria for wanted in criterion.required_layers)),
        sweep=any(criterion.of_sweep for criterion in criteria),
        cells=cells,
        questions=tuple(question.id for question in practical or questions),
        position=position,
    )


def _model_matches(pairs: tuple[Pair, ...], submission: Submission) -> tuple[ModelMatch, ...]:
    labels: dict[int, str] = {}
    for pair in pairs:
        if pair.family.first not in labels:
            labels[pair.family.first] = _label(pair.family, submission, set(labels.values()))
    return tuple(
        ModelMatch(
            label=labels[pair.family.first],
            reference=pair.slot.name if pair.slot else None,
            models=pair.family.models + pair.family.copies,
            architecture=pair.family.architecture,
            trainings=tuple(training.seq for training in pair.family.trainings),
            cells=tuple(cell for cell in pair.family.cells if cell >= 0),
            confidence=pair.confidence,
            reason=pair.reason,
        )
        for pair in pairs
    )


def _label(family: Family, submission: Submission, taken: set[str]) -> str:
    """Such as `model, cell 15`, with the number of the cell that trained it as a person counts."""
    cells = sorted(family.training_cells) or list(family.cells)
    place = _place(cells[0], submission)
    several = len(family.models)
    noun = f"{several} models" if several > 1 else "model"
    label, ordinal = f"{noun}{place}", 1
    while label in taken:
        ordinal += 1
        label = f"{noun} {ordinal}{place}" if several == 1 else f"{noun} ({ordinal}){place}"
    return label


def _place(index: int, submission: Submission) -> str:
    if not 0 <= index < len(submission.cells):
        return ""
    cell = submission.cells[index]
    return f", {cell.file} {cell.place}" if len(submission.files) > 1 else f", {cell.place}"


def _saved_matches(
    saved: Recording, rerun: Recording, empty: list[Slot], submission: Submission
) -> tuple[ModelMatch, ...]:
    chosen = assign_saved_models(saved_models(saved, rerun), empty)
    return tuple(
        ModelMatch(
            label=f"saved output{_place(model.cells[0], submission)}",
            reference=slot.name,
            models=(),
            architecture=None,
            cells=tuple(sorted(set(model.cells))),
            confidence=confidence,
            reason=reason,
        )
        for model, slot, confidence, reason in chosen
    )
