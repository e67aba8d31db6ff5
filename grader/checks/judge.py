"""Verdicts on every criterion of every question."""

from __future__ import annotations

import hashlib
import logging
import math

from grader.checks.evidence import ANY, about_each
from grader.checks.registry import check_of
from grader.checks.saved.settle import settled
from grader.checks.verdicts import errored
from grader.checks.vouching import with_vouching
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.result import QuestionResult, Status, Verdict
from grader.records.rubric import Criterion

_LONGEST_ANSWER = 20_000
log = logging.getLogger(__name__)

_GOOD: tuple[Status, ...] = ("skipped", "failed", "errored", "review", "partial", "passed")
"""From what serves a group least to what serves it best."""


def judge(match: Match, reference: Reference) -> tuple[QuestionResult, ...]:
    """The result of each question, in the rubric's order. A check that raises costs nobody points."""
    return tuple(_question_result(question, match, reference) for question in match.questions)


def _question_result(question: QuestionMatch, match: Match, reference: Reference) -> QuestionResult:
    verdicts = tuple(verdict_of(criterion, question, match, reference) for criterion in question.question.criteria)
    return QuestionResult(
        id=question.question.id,
        title=question.question.title,
        points=question.question.points,
        awarded=math.fsum(verdict.awarded for verdict in verdicts),
        status=status_of(verdicts),
        verdicts=verdicts,
        answer=question.answer[:_LONGEST_ANSWER],
        basis=_basis(question, match),
    )


def _basis(question: QuestionMatch, match: Match) -> str:
    """12 hex digits over the words and the code of the answer: what a person's mark rests on."""
    digest = hashlib.sha256(question.answer.encode("utf-8", "surrogatepass"))
    for index in question.cells:
        cell = match.submission.cells[index]
        if cell.kind == "code":
            digest.update(b"\0" + cell.source.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:12]


def _verdict(criterion: Criterion, question: QuestionMatch, match: Match, reference: Reference) -> Verdict:
    return settled(
        check_of(criterion.kind)(criterion, question, match, reference), criterion, question, match, reference
    )


def verdict_of(criterion: Criterion, question: QuestionMatch, match: Match, reference: Reference) -> Verdict:
    """One criterion's verdict; `errored`, with the traceback in the log, when the check itself fails.

    Where it may be about any of the lab's models (`model: any`), it is about the one that serves the group best.
    """
    try:
        if getattr(criterion, "model", None) != ANY:
            return with_vouching(_verdict(criterion, question, match, reference), criterion, question, match)
        plain = criterion.model_copy(update={"model": None})
        verdicts = [
            with_vouching(_verdict(plain, asked, match, reference), plain, asked, match)
            for asked in about_each(question, match)
        ]
        return max(verdicts, key=lambda verdict: (verdict.awarded, _GOOD.index(verdict.status)))
    except Exception:
        log.exception("The check %s of question %s failed", criterion.kind, question.question.id)
        return errored(criterion, "Labgrade could not check this; it is no fault of the submission. A person decides.")


def status_of(verdicts: tuple[Verdict, ...]) -> Status:
    """The gravest that is left: what labgrade failed at, then what awaits a person, then how much was reached."""
    statuses = {verdict.status for verdict in verdicts}
    for awaiting in ("errored", "review"):
        if awaiting in statuses:
            return awaiting
    if statuses <= {"passed"}:
        return "passed"
    if statuses <= {"skipped"}:
        return "skipped"
    return "failed" if statuses <= {"failed", "skipped"} else "partial"
