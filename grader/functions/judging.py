"""All functions of a submission on all cases: what becomes part of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.functions.calls.choosing import Choice, chosen_functions
from grader.functions.calls.replies import Caller, CallsExhaustedError
from grader.functions.groups import Group
from grader.functions.loading import CaseFile
from grader.functions.trying import tried_case
from grader.records.functions.outcomes import CaseOutcome
from grader.records.functions.plan import Candidate


@dataclass(frozen=True)
class Judged:
    """One question's function and how it did."""

    question: str
    choice: Choice | None = None
    cases: tuple[CaseOutcome, ...] = ()
    remarks: tuple[str, ...] = ()
    trouble: str = ""


def judged_functions(caller: Caller, file: CaseFile, candidates: Sequence[Candidate]) -> tuple[Judged, ...]:
    """One for each question of `file`, in its order."""
    try:
        chosen = chosen_functions(caller, file.groups, candidates, file.path)
    except CallsExhaustedError as error:
        return tuple(Judged(group.question, trouble=str(error)) for group in file.groups)
    return tuple(_judged(caller, file, group, chosen.get(group.question)) for group in file.groups)


def _judged(caller: Caller, file: CaseFile, group: Group, choice: Choice | None) -> Judged:
    if choice is None:
        return Judged(group.question)
    if not choice.binding.sources:
        return Judged(group.question, choice)
    cases: list[CaseOutcome] = []
    remarks = list(_remarks(choice))
    try:
        for case in group.cases:
            tried = tried_case(caller, group, case, choice.binding, file.path)
            cases.append(tried.outcome)
            remarks += [remark for remark in tried.remarks if remark not in remarks]
    except CallsExhaustedError as error:
        return Judged(group.question, choice, tuple(cases), tuple(remarks), str(error))
    return Judged(group.question, choice, tuple(cases), tuple(remarks))


def _remarks(choice: Choice) -> list[str]:
    layout, borrowed = choice.binding.layout, choice.binding.candidate.borrowed
    said = [f"Convention: {layout.title}"] if layout is not None and layout.value >= 1.0 else []
    if borrowed:
        calls = ", ".join(f"`{name}`" for name in borrowed)
        said.append(f"It leaves work to {calls}; the teacher may want to look whether that was allowed.")
    return said
