"""Functions that students write: the recording says how each did in the lab's cases; this makes points of it."""

from __future__ import annotations

import math

from pydantic import JsonValue

from grader.checks.subject import missing
from grader.checks.verdicts import errored, graded, review
from grader.checks.wording import counted, listed, place, places, sentence
from grader.records.criteria.functions import FunctionCriterion
from grader.records.functions.outcomes import CaseOutcome, FunctionTested
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.result import Verdict

_MOST_REASONS = 4


def check_function(
    criterion: FunctionCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Function.

    The cases' credits weigh the points. What labgrade could not try, and code without a function, goes to a person.
    """
    event = tested(question, match)
    if event is None:
        return missing(criterion, question, match, "function")
    where = places(match, (event.cell,))
    if event.function is None:
        return _without_function(criterion, event, match)
    if not event.cases and not event.trouble:
        said = f"`{event.called}` may be meant, but how it takes its arguments was not found out. A person decides."
        return review(criterion, said, evidence=where)
    faulty = [case for case in event.cases if case.status == "errored"]
    if event.trouble or faulty:
        reason = event.trouble or faulty[0].message
        said = f"`{event.function}` could not be tried on all cases: {sentence(reason)} A person decides."
        return errored(criterion, said, evidence=where)
    share = math.fsum(case.credit * case.share for case in event.cases) / math.fsum(c.credit for c in event.cases)
    return graded(criterion, share, _explanation(event, match), observed=_observed(event), evidence=where)


def tested(question: QuestionMatch, match: Match) -> FunctionTested | None:
    """How the question's function did in the rerun; `None` when nothing was tried."""
    events = [e for e in match.rerun.events if isinstance(e, FunctionTested) and e.question == question.question.id]
    return events[-1] if events else None


def _without_function(criterion: FunctionCriterion, event: FunctionTested, match: Match) -> Verdict:
    if event.trouble:
        said = f"Functions could not be tried: {sentence(event.trouble)} A person decides."
        return errored(criterion, said)
    if event.computing is not None:
        where = place(match, event.computing)
        said = f"No function was found for this question, but code of {where} may answer it. A person decides."
        return review(criterion, said, evidence=(where,))
    return graded(criterion, 0.0, "No function was found for this question: neither under it nor elsewhere.")


def _explanation(event: FunctionTested, match: Match) -> str:
    right = sum(case.status == "passed" for case in event.cases)
    total = len(event.cases)
    score = f"passes all {total} cases" if right == total else f"passes {right} of {counted(total, 'case')}"
    where = f" ({place(match, event.cell)}, line {event.line})" if event.line else f" ({place(match, event.cell)})"
    found = f", found by {event.reason}," if event.reason else ""
    parts = [f"`{event.function}`{where}{found} {score}.", *_reasons(event.cases), *event.remarks]
    return " ".join(sentence(part) for part in parts)


def _reasons(cases: tuple[CaseOutcome, ...]) -> list[str]:
    """What went wrong, each thing once, with the cases in which it did."""
    titles: dict[str, list[str]] = {}
    for case in cases:
        if case.message:
            titles.setdefault(case.message, []).append(f"“{case.title}”")
    told = [f"{listed(names) if len(names) < 3 else f'{len(names)} cases'}: {said}" for said, names in titles.items()]
    more = len(told) - _MOST_REASONS
    return [*told[:_MOST_REASONS], f"{counted(more, 'more reason')} below"] if more > 0 else told


def _observed(event: FunctionTested) -> JsonValue:
    return {
        "function": event.function,
        "called": event.called,
        "cases": [case.model_dump(mode="json") for case in event.cases],
    }
