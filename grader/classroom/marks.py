"""`marks.json` beside a report, and a result with its marks applied."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from pydantic import ValidationError

from grader.classroom.sheets import number_text
from grader.criteria.judge import status_of
from grader.errors import UserError
from grader.judging import score_of
from grader.records import Mark, Marked, Marks, QuestionResult, Result, Status, Verdict

MARKS = "marks.json"

Key = tuple[str, str, int]
"""Question, kind of criterion, and which of that kind, from 1."""


def read_marks(folder: Path) -> Marks | None:
    """The marks beside the report in `folder`; `None` when nobody has marked it.

    Raises `UserError` when the file is damaged: marks are a person's work and are never passed over.
    """
    path = folder / MARKS
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: cannot be read ({error}). Mend it, or move it away to go on without its marks."
        ) from None
    try:
        return Marks.model_validate_json(text)
    except ValidationError:
        raise UserError(f"{path}: damaged, or of a newer labgrade. Mend it, or move it away.") from None


def verdict_keys(questions: tuple[QuestionResult, ...]) -> list[tuple[Key, QuestionResult, Verdict]]:
    """Every verdict with its key, in the order of the result."""
    found = []
    for question in questions:
        kinds: Counter[str] = Counter()
        for verdict in question.verdicts:
            kinds[verdict.criterion] += 1
            found.append(((question.id, verdict.criterion, kinds[verdict.criterion]), question, verdict))
    return found


def apply_marks(result: Result, marks: Marks | None) -> Result:
    """`result` with a person's decisions in the place of labgrade's; the same when applied twice."""
    result = remove_marks(result)
    known = {(mark.question, mark.criterion, mark.number): mark for mark in marks.marks} if marks else {}
    if not known:
        return result
    verdicts: dict[str, list[Verdict]] = {question.id: [] for question in result.questions}
    for key, question, verdict in verdict_keys(result.questions):
        mark = known.get(key)
        verdicts[question.id].append(_marked(verdict, mark, question, result) if mark else verdict)
    return _with_verdicts(result, verdicts)


def remove_marks(result: Result) -> Result:
    """`result` as labgrade alone found it."""
    if not any(verdict.marked for question in result.questions for verdict in question.verdicts):
        return result
    verdicts = {question.id: [_automatic(verdict) for verdict in question.verdicts] for question in result.questions}
    return _with_verdicts(result, verdicts)


def is_valid(mark: Mark, question: QuestionResult, result: Result) -> bool:
    """Whether a mark was given to what is handed in now: the same files, or at least the same answer."""
    return mark.digest == result.digest or mark.basis == question.basis


def status_for(awarded: float, points: float) -> Status:
    """The status of a criterion that a person gave `awarded` of `points`."""
    if awarded >= points - 1e-9:
        return "passed"
    return "partial" if awarded > 0 else "failed"


def _with_verdicts(result: Result, verdicts: dict[str, list[Verdict]]) -> Result:
    questions = tuple(
        question.model_copy(
            update={
                "verdicts": tuple(verdicts[question.id]),
                "awarded": round(math.fsum(verdict.awarded for verdict in verdicts[question.id]), 6),
                "status": status_of(tuple(verdicts[question.id])),
            }
        )
        for question in result.questions
    )
    return result.model_copy(update={"questions": questions, "score": score_of(questions)})


def _automatic(verdict: Verdict) -> Verdict:
    if verdict.marked is None:
        return verdict
    before = verdict.marked
    update = {"status": before.automatic_status, "awarded": before.automatic_awarded, "marked": None}
    return verdict.model_copy(update=update)


def _marked(verdict: Verdict, mark: Mark, question: QuestionResult, result: Result) -> Verdict:
    status, awarded, stale = verdict.status, verdict.awarded, ""
    if mark.awarded is not None and not (is_valid(mark, question, result) and mark.awarded <= verdict.points + 1e-9):
        why = "the answer has changed" if mark.awarded <= verdict.points else "the criterion is worth less"
        stale = f"It was marked {number_text(mark.awarded)} before, but {why} since then: it is to be marked again."
        status, awarded = "review", 0.0
    elif mark.awarded is not None:
        awarded = mark.awarded
        status = status_for(awarded, verdict.points)
    marked = Marked(
        by=mark.by,
        at=mark.at,
        comment=mark.comment,
        automatic_status=verdict.status,
        automatic_awarded=verdict.awarded,
        stale=stale,
    )
    return verdict.model_copy(update={"status": status, "awarded": awarded, "marked": marked})
