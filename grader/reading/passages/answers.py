"""What a group wrote in answer to a question."""

from __future__ import annotations

from collections.abc import Sequence

from grader.reading.passages.marked import MarkedText, marked_text
from grader.reading.passages.placing import only_points
from grader.reading.passages.regions import Piece
from grader.records.rubric import Question, Rubric
from grader.records.submission import Passage, Submission

_LIMIT = 20_000


def answer_texts(submission: Submission, passages: Sequence[Passage], rubric: Rubric) -> dict[str, str]:
    """Question id -> the group's own words in answer to it, for every question of `rubric`."""
    text = marked_text(submission.cells, rubric)
    return {question.id: _answer(text, passages, question) for question in rubric.questions}


def answer_text(submission: Submission, passages: Sequence[Passage], question: Question, rubric: Rubric) -> str:
    """The group's own words in the passages of `question`, at most 20,000 characters; empty where there are none.

    That is prose, and in code comments on lines of their own and docstrings, without question ids, copies of what
    was asked, and labels such as `Answer:`. Where the prose only points to comments, those behind code count too.
    """
    return _answer(marked_text(submission.cells, rubric), passages, question)


def _answer(text: MarkedText, passages: Sequence[Passage], question: Question) -> str:
    own = [passage for passage in passages if passage.question == question.id]
    pieces = [Piece(passage.cell, passage.start, passage.end) for passage in own]
    prose = [piece for piece in pieces if text.cells[piece.cell].kind == "prose"]
    all_comments = only_points("\n".join(text.own_words(piece) for piece in prose))
    parts = [text.own_words(piece, all_comments) for piece in pieces]
    return "\n\n".join(part for part in parts if part)[:_LIMIT]
