"""Text without any id that stands behind a model: it may answer what is asked about that model."""

from __future__ import annotations

import re

from grader.records.match import ModelMatch, QuestionMatch
from grader.records.submission import Submission

_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[^\n]*$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_LEAST_WORDS = 8
_LONGEST = 20_000


def with_loose_text(
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
    written = all(criterion.kind == "written" for criterion in question.question.criteria)
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
