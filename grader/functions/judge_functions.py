"""All functions of a submission on all cases: what becomes part of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.functions.calls import Caller, CallsExhaustedError, try_case
from grader.functions.cases import Group
from grader.functions.choose import Choice, choose_functions
from grader.functions.loading import CaseFile
from grader.functions.plan import Candidate
from grader.records import CaseOutcome


@dataclass(frozen=True)
class FunctionJudgement:
    """One question's function and how it did."""

    question: str
    choice: Choice | None = None
    """`None` where no function was found."""
    cases: tuple[CaseOutcome, ...] = ()
    """Empty where it cannot be known how to call the function."""
    remarks: tuple[str, ...] = ()
    trouble: str = ""
    """Why not all cases could be tried, by labgrade's own limits or fault; else empty."""


def judge_functions(caller: Caller, file: CaseFile, candidates: Sequence[Candidate]) -> tuple[FunctionJudgement, ...]:
    """How the submission's functions do in the lab's cases: one for each question of `file`, in its order.

    Never raises for what a function does; `CallsExhaustedError` becomes the `trouble` of what was not tried.
    """
    try:
        chosen = choose_functions(caller, file.groups, candidates, file.path)
    except CallsExhaustedError as error:
        return tuple(FunctionJudgement(group.question, trouble=str(error)) for group in file.groups)
    return tuple(_judged(caller, file, group, chosen.get(group.question)) for group in file.groups)


def _judged(caller: Caller, file: CaseFile, group: Group, choice: Choice | None) -> FunctionJudgement:
    if choice is None:
        return FunctionJudgement(group.question)
    if not choice.binding.sources:
        return FunctionJudgement(group.question, choice)
    cases: list[CaseOutcome] = []
    remarks = list(_remarks(choice))
    try:
        for case in group.cases:
            tried = try_case(caller, group, case, choice.binding, file.path)
            cases.append(tried.outcome)
            remarks += [remark for remark in tried.remarks if remark not in remarks]
    except CallsExhaustedError as error:
        return FunctionJudgement(group.question, choice, tuple(cases), tuple(remarks), str(error))
    return FunctionJudgement(group.question, choice, tuple(cases), tuple(remarks))


def _remarks(choice: Choice) -> list[str]:
    """What a teacher may want to know of the function itself. A convention that costs points is said in each case."""
    layout, borrowed = choice.binding.layout, choice.binding.candidate.borrowed
    said = [f"Convention: {layout.title}"] if layout is not None and layout.value >= 1.0 else []
    if borrowed:
        calls = ", ".join(f"`{name}`" for name in borrowed)
        said.append(f"It leaves work to {calls}; the teacher may want to check whether that was allowed.")
    return said
