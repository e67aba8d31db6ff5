"""What becomes of a verdict that rests on code which was not run, or stopped because a document shows only part of it.

Nobody loses points by that: what saved outputs can decide they decide, and the rest awaits a person.
"""

from __future__ import annotations

from grader.checks.saved.evidence import saved_verdict
from grader.checks.subject import own_cells
from grader.checks.verdicts import review
from grader.checks.wording import capitalised, place, places, sentence
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import CellFailed, LoggedTraining
from grader.records.result import Verdict
from grader.records.rubric import Criterion

_OF_TEXT = frozenset({"states_number", "console_log", "written"})
"""Criteria that the hand-in itself decides, run or not."""


_LOST = "Lines of this log may have been lost in the document."


def settled(
    verdict: Verdict, criterion: Criterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """`verdict`, or what the saved outputs say instead, or a review with the reason why nothing could be decided."""
    reason = _reason(question, match) or _lost_lines(verdict, criterion, question, match)
    if not reason or verdict.status in ("passed", "review"):
        return verdict
    if criterion.kind in _OF_TEXT and verdict.decided and reason != _LOST:
        return verdict
    found = saved_verdict(criterion, question, match, reference)
    if found is not None:
        return found
    said = verdict.explanation
    if said.startswith("The code was not run"):
        said = said.partition(".")[2].strip()
    elif verdict.status in ("failed", "skipped") and reason != _LOST:
        said = ""
    words = " ".join(part for part in (reason, said) if part)
    ending = "" if words.endswith("A person decides.") else " A person decides."
    return review(
        criterion,
        f"{words}{ending}",
        observed=verdict.observed,
        expected=verdict.expected,
        evidence=verdict.evidence or places(match, question.cells),
    )


def _lost_lines(verdict: Verdict, criterion: Criterion, question: QuestionMatch, match: Match) -> str:
    """Logs of a document may have lost lines on the way."""
    if criterion.kind != "console_log" or verdict.status not in ("failed", "partial"):
        return ""
    cells = match.submission.cells
    logs = [e for e in match.saved.events if isinstance(e, LoggedTraining) and e.cell in own_cells(question)]
    return _LOST if any(cells[log.cell].origin != "file" for log in logs) else ""


def _reason(question: QuestionMatch, match: Match) -> str:
    """Why the rerun cannot speak for this question, as a sentence; empty when it can."""
    outcome = match.rerun.outcome
    if outcome.status == "not run":
        return sentence(outcome.message or "the code was not run")
    own = own_cells(question)
    # Where the model itself is missing, any lost piece may have held it.
    whole = question.model is not None and bool(question.model.models)
    damaged = [c for c in match.submission.cells if c.unrun == "damaged" and (c.index in own or not whole)]
    if damaged:
        where = place(match, damaged[0].index)
        return f"Code of {where} could not be recovered from its document, so it was not run."
    for event in match.rerun.events:
        if not isinstance(event, CellFailed) or not 0 <= event.cell < len(match.submission.cells):
            continue
        if match.submission.cells[event.cell].origin != "file" and (event.cell in own or not whole):
            where = capitalised(place(match, event.cell))
            return f"{where} stopped with {event.error}; a document may show only parts of the code, or damaged ones."
    return ""
