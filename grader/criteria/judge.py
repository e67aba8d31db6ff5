"""Verdicts on every criterion of every question, and what becomes of those that rest on what nobody can stand for."""

from __future__ import annotations

import hashlib
import logging
import math

from grader.criteria.base import Criterion
from grader.criteria.case import Case
from grader.criteria.sentences import PERSON_DECIDES, clipped, is_shared, shared
from grader.facts.status import AWAITING, BY_FAVOUR, DECIDED
from grader.records import (
    ANY,
    BaseCriterion,
    CellFailed,
    LoggedTraining,
    Match,
    QuestionMatch,
    QuestionResult,
    Reason,
    Reference,
    Status,
    Verdict,
)

_LONGEST_ANSWER = 20_000
log = logging.getLogger(__name__)


def judge(match: Match, reference: Reference) -> tuple[QuestionResult, ...]:
    """The result of each question, in the rubric's order. A criterion that raises costs nobody points."""
    return tuple(_question_result(Case(question, match, reference)) for question in match.questions)


def _question_result(case: Case) -> QuestionResult:
    question = case.question.question
    verdicts = tuple(verdict_of(criterion, case) for criterion in question.criteria)
    return QuestionResult(
        id=question.id,
        title=question.title,
        points=question.points,
        awarded=math.fsum(verdict.awarded for verdict in verdicts),
        status=status_of(verdicts),
        verdicts=verdicts,
        answer=case.answer[:_LONGEST_ANSWER],
        basis=_basis(case.question, case.match),
    )


def _basis(question: QuestionMatch, match: Match) -> str:
    """12 hex digits over the words and the code of the answer: what a person's mark rests on."""
    digest = hashlib.sha256(question.answer.encode("utf-8", "surrogatepass"))
    for index in question.cells:
        cell = match.submission.cells[index]
        if cell.kind == "code":
            digest.update(b"\0" + cell.source.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:12]


def verdict_of(criterion: BaseCriterion, case: Case) -> Verdict:
    """One criterion's verdict; `errored`, with the traceback in the log, when the criterion itself fails.

    Where it may be about any of the lab's models (`model: any`), it is about the one that serves the group best.
    """
    if not isinstance(criterion, Criterion):
        raise TypeError(f"{criterion.kind}: {type(criterion).__name__} cannot judge")
    try:
        if ANY not in criterion.named_models:
            return _verdict(criterion, case)
        plain = criterion.model_copy(update={"model": None})
        verdicts = [_verdict(plain, asked) for asked in case.about_each()]
        return max(verdicts, key=lambda verdict: (verdict.awarded, BY_FAVOUR.index(verdict.status)))
    except Exception:
        log.exception("The criterion %s of question %s failed", criterion.kind, case.question.question.id)
        return criterion.errored(shared("own_error"), PERSON_DECIDES)


def _verdict(criterion: Criterion, case: Case) -> Verdict:
    return _verified(_settle(criterion.judge(case), criterion, case), criterion, case)


def _verified(verdict: Verdict, criterion: Criterion, case: Case) -> Verdict:
    """`verdict`, or a person's decision where it rests on a training that labgrade cannot stand for.

    A training inside the sandbox says of itself how it went. Labgrade stands for it when its own score of the weights
    that came back agrees; otherwise such a history earns and costs nothing by itself.
    """
    if not criterion.rests_on_history or verdict.status not in DECIDED:
        return verdict
    named = criterion.named_models
    asked = case.about(named[0] if len(named) == 1 else None)
    doubtful = [training for training in asked.trainings if not training.vouched]
    if not doubtful:
        return verdict
    why = clipped(doubtful[0].native or "it was not trained by labgrade")
    evidence = tuple(dict.fromkeys((*verdict.evidence, *case.trained_at(*doubtful))))
    return criterion.review(
        *verdict.reasons,
        shared("unverified", why=why),
        observed=verdict.observed,
        expected=verdict.expected,
        evidence=evidence,
    )


def _settle(verdict: Verdict, criterion: Criterion, case: Case) -> Verdict:
    """`verdict`, or what becomes of it where the code was not run, or a document shows only part of it.

    Nobody loses points by that: what saved outputs can decide they decide, and the rest awaits a person.
    """
    unrun = _unrun(case)
    lost = None if unrun else _lost_lines(verdict, criterion, case)
    why = unrun or lost
    if why is None or verdict.status in ("passed", "review"):
        return verdict
    if criterion.decided_by_text and verdict.decided and lost is None:
        return verdict
    found = criterion.judge_saved(case)
    if found is not None:
        return found
    # That something is not there says nothing where the code was not run.
    kept = () if unrun and verdict.status in ("failed", "absent") else verdict.reasons
    return criterion.review(
        why,
        *(reason for reason in kept if not is_shared(reason, "not_run", "person_decides")),
        observed=verdict.observed,
        expected=verdict.expected,
        evidence=verdict.evidence or case.places(case.cells),
    )


def _lost_lines(verdict: Verdict, criterion: Criterion, case: Case) -> Reason | None:
    """That lines of the log in question may be lost, where it stands in a document that was made of another."""
    if not criterion.reads_saved_log or verdict.status not in ("failed", "partial"):
        return None
    cells = case.match.submission.cells
    logs = [e for e in case.match.saved.events if isinstance(e, LoggedTraining) and e.cell in case.own_cells]
    return shared("lines_lost") if any(cells[log.cell].origin != "file" for log in logs) else None


def _unrun(case: Case) -> Reason | None:
    """Why the rerun cannot speak for this question; `None` when it can."""
    outcome, cells = case.match.rerun.outcome, case.match.submission.cells
    if outcome.status == "not run":
        return shared("not_run_because", message=outcome.message or "the code was not run")
    own = case.own_cells
    # Where the model itself is missing, any lost piece may have held it.
    whole = case.model is not None and bool(case.model.models)
    damaged = [cell for cell in cells if cell.unrun == "damaged" and (cell.index in own or not whole)]
    if damaged:
        return shared("code_lost", place=case.place(damaged[0].index))
    for event in case.match.rerun.events:
        if not isinstance(event, CellFailed) or not 0 <= event.cell < len(cells):
            continue
        if cells[event.cell].origin != "file" and (event.cell in own or not whole):
            return shared("document_stopped", place=case.place(event.cell), error=event.error)
    return None


def status_of(verdicts: tuple[Verdict, ...]) -> Status:
    """The gravest that is left: what labgrade failed at, then what awaits a person, then how much was reached."""
    statuses = {verdict.status for verdict in verdicts}
    for awaiting in AWAITING:
        if awaiting in statuses:
            return awaiting
    if statuses <= {"passed"}:
        return "passed"
    if statuses <= {"absent"}:
        return "absent"
    return "failed" if statuses <= {"failed", "absent"} else "partial"
