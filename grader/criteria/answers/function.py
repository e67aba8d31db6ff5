"""The criterion `function`: a function that the group writes passes the lab's cases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import JsonValue

from grader.criteria import PERSON_DECIDES, Case, Criterion
from grader.records import CaseOutcome, FunctionTested, Reason, Subject, Verdict

_MOST_REASONS = 4
"""Reasons that are told in the paragraph: the report lists every case below it, with its own."""
_MOST_TITLES = 2
"""Cases that are named with one reason; of more, their number is easier to read."""


class FunctionCriterion(Criterion):
    """A function passes the cases that the lab's `cases.py` holds for the question; points by the cases' credit."""

    title: ClassVar[str] = "Function"
    about: ClassVar[Subject] = "function"

    sentences: ClassVar[Mapping[str, str]] = {
        "passes_all": "`{function}` ({place}) passes all {cases} cases.",
        "passes_all_found": "`{function}` ({place}), found by {by}, passes all {cases} cases.",
        "passes": "`{function}` ({place}) passes {passed} of {cases:count case}.",
        "passes_found": "`{function}` ({place}), found by {by}, passes {passed} of {cases:count case}.",
        "case": "{cases:list}: {message:ended}",
        "cases": "{cases:count case}: {message:ended}",
        "more": "{count:count more reason} below.",
        "remark": "{remark:sentence}",
        "call_unknown": "`{called}` may be meant, but how it takes its arguments was not found out.",
        "not_tried": "`{function}` could not be tried on all cases: {message:sentence}",
        "none_tried": "Functions could not be tried: {message:sentence}",
        "perhaps_without": "No function was found for this question, but code of {place} may answer it.",
        "none": "No function was found for this question: neither under it nor elsewhere.",
    }

    kind: Literal["function"] = "function"

    def judge(self, case: Case) -> Verdict:
        """The cases' credits weigh the points.

        What labgrade could not try, and code without a function, goes to a person.
        """
        event = _tested(case)
        if event is None:
            return self.missing(case, "function")
        if event.function is None:
            return self._without_function(event, case)
        where = case.places([event.cell])
        if not event.cases and not event.trouble:
            return self.review(self.because("call_unknown", called=event.called), evidence=where)
        faulty = [outcome for outcome in event.cases if outcome.status == "errored"]
        if event.trouble or faulty:
            message = event.trouble or faulty[0].message
            said = self.because("not_tried", function=event.function, message=message)
            return self.errored(said, PERSON_DECIDES, evidence=where)
        total = math.fsum(outcome.credit for outcome in event.cases)
        share = math.fsum(outcome.credit * outcome.share for outcome in event.cases) / total
        reasons = [
            self._passed(event, event.function, case),
            *self._failures(event.cases),
            *(self.because("remark", remark=remark) for remark in event.remarks),
        ]
        return self.graded(share, *reasons, observed=_observed(event), evidence=where)

    def _without_function(self, event: FunctionTested, case: Case) -> Verdict:
        if event.trouble:
            return self.errored(self.because("none_tried", message=event.trouble), PERSON_DECIDES)
        if event.computing is not None:
            where = case.place(event.computing)
            return self.review(self.because("perhaps_without", place=where), evidence=(where,))
        return self.graded(0.0, self.because("none"))

    def _passed(self, event: FunctionTested, function: str, case: Case) -> Reason:
        """How many cases were passed, and by what the function was found."""
        where = case.place(event.cell)
        values: dict[str, JsonValue] = {
            "function": function,
            "place": f"{where}, line {event.line}" if event.line else where,
            "cases": len(event.cases),
        }
        if event.reason:
            values["by"] = event.reason
        passed = sum(outcome.status == "passed" for outcome in event.cases)
        if passed < len(event.cases):
            return self.because("passes_found" if event.reason else "passes", passed=passed, **values)
        return self.because("passes_all_found" if event.reason else "passes_all", **values)

    def _failures(self, outcomes: Sequence[CaseOutcome]) -> list[Reason]:
        """What went wrong, each thing once, with the cases in which it did."""
        titles: dict[str, list[JsonValue]] = {}
        for outcome in outcomes:
            if outcome.message:
                titles.setdefault(outcome.message, []).append(f"“{outcome.title}”")
        told = [
            self.because("case", cases=names, message=message)
            if len(names) <= _MOST_TITLES
            else self.because("cases", cases=len(names), message=message)
            for message, names in titles.items()
        ]
        more = len(told) - _MOST_REASONS
        return [*told[:_MOST_REASONS], self.because("more", count=more)] if more > 0 else told


def _tested(case: Case) -> FunctionTested | None:
    """How the question's function did in the rerun; `None` when nothing was tried."""
    asked = case.question.question.id
    events = [e for e in case.match.rerun.events if isinstance(e, FunctionTested) and e.question == asked]
    return events[-1] if events else None


def _observed(event: FunctionTested) -> JsonValue:
    return {
        "function": event.function,
        "called": event.called,
        "cases": [outcome.model_dump(mode="json") for outcome in event.cases],
    }
