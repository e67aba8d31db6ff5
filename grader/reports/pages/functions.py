"""How a function did in its cases: a row for each, and the calls that went wrong as three small blocks of numbers."""

from __future__ import annotations

from grader.records.functions.outcomes import CaseOutcome, FunctionTested
from grader.records.match import Match
from grader.reports import words
from grader.reports.prose import sentence
from grader.reports.text import line, plain
from grader.reports.view import CallView, CaseRow, FunctionView

_MOST_CALLS = 2
_MOST_BLOCK = 1_300
_SIGNS = {"passed": "●", "partial": "◐", "failed": "○", "errored": "✕"}


def function_view(match: Match, question: str) -> FunctionView | None:
    """The view of the function that was tried for `question`; `None` when none was."""
    events = [e for e in match.rerun.events if isinstance(e, FunctionTested) and e.question == question]
    if not events or not events[-1].cases:
        return None
    event = events[-1]
    weights = sum(case.credit for case in event.cases)
    return FunctionView(
        called=line(event.called, 160),
        rows=tuple(_row(case, weights) for case in event.cases),
        calls=tuple(_call(case) for case in _telling(event.cases)),
    )


def _row(case: CaseOutcome, weights: float) -> CaseRow:
    share = f"{100 * case.credit / weights:.0f} %" if weights else ""
    return CaseRow(
        sign=_SIGNS[case.status],
        meaning=words.STATUSES[case.status].word,
        title=line(case.title, 160),
        message=sentence(plain(case.message, 700)),
        weight=share,
        reached=f"{100 * case.share:.0f} %",
    )


def _telling(cases: tuple[CaseOutcome, ...]) -> list[CaseOutcome]:
    """The first cases that failed, each in a way of its own, whose call can be shown."""
    found: dict[str, CaseOutcome] = {}
    for case in cases:
        if case.message and case.given and (case.answer or case.expected):
            found.setdefault(case.message, case)
    return list(found.values())[:_MOST_CALLS]


def _call(case: CaseOutcome) -> CallView:
    return CallView(
        title=line(case.title, 160),
        given=plain(case.given, _MOST_BLOCK),
        answer=plain(case.answer, _MOST_BLOCK) or "no answer",
        expected=plain(case.expected, _MOST_BLOCK),
    )
