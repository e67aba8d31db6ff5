"""Which of a group's functions answers which question, and how it does in the lab's cases.

Every likely candidate is called on the question's probe in the likeliest ways. What it does counts most; its place and
its name decide where its behaviour does not, and both together outweigh another function that does the right thing. The
function that was chosen is then tried on all cases: that becomes part of the recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.functions.bindings import Binding, bindings, likeness, names_agree
from grader.functions.calls import Caller, CallsExhaustedError, CaseTrial, try_case
from grader.functions.candidates import Candidate
from grader.functions.cases import Group
from grader.functions.loading import CaseFile
from grader.records import CaseOutcome

_LIKE_NAME = 0.75
"""From this likeness on a name speaks for the question: it contains a known one (0.85 and more) or misspells it."""
_BY_PLACE = _BY_NAME = 0.6
"""What place and name count beside behaviour (0 to 1): each less than the right answer, both together more."""
_MOST_CANDIDATES = 16
"""Candidates that are tried for one question, the likeliest by place and name."""
_MOST_CALLS = 220
"""Probe calls for one question: a candidate takes up to 8, and 3 more for each other layout."""
_MOST_RIVALS = 3
"""Ways to call that pass the probe and are told apart by all cases of the question."""
_STUCK_CALLS = 2
"""A candidate that fails to end so often is not probed further."""
_RIGHT, _KNOWN, _SHAPED, _NUMBERS = 1.0, 0.6, 0.3, 0.1
"""What an answer to the probe is worth: right; wrong in a well-known way (up to 0.9, by what the mistake is worth);
wrong, of the right shape; any numbers."""


@dataclass(frozen=True)
class Choice:
    """A candidate for a question, the best way to call it, and what speaks for it."""

    question: str
    binding: Binding
    """Without sources when no way to give it its arguments is known."""
    behaviour: float
    """0 to 1: how near its answer to the probe was to the right one."""
    placed: bool
    """It stands under the question's id."""
    name: float
    """0 to 1: how like its name is to one that the lab knows for the question."""

    @property
    def total(self) -> float:
        """Weight of all three together."""
        return self.behaviour + _BY_PLACE * self.placed + _BY_NAME * self.name

    @property
    def reason(self) -> str:
        """Such as `its place, its name and what it does`."""
        known = [
            text
            for text, holds in (
                ("its place", self.placed),
                ("its name", self.name >= _LIKE_NAME),
                ("what it does", self.behaviour >= _KNOWN),
            )
            if holds
        ]
        return " and ".join(filter(None, (", ".join(known[:-1]), *known[-1:])))


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


def choose_functions(
    caller: Caller, groups: Sequence[Group], candidates: Sequence[Candidate], path: Path
) -> dict[str, Choice]:
    """Question -> its function, where one was found; each function answers one question.

    The same code gets the same functions each time. `path` is the lab's `cases.py` or its folder, for messages. Raises
    `CallsExhaustedError`.
    """
    choices = [choice for group in groups for choice in _choices(caller, group, groups, candidates, path)]
    order = {candidate.id: place for place, candidate in enumerate(candidates)}
    # Of two alike the later counts: a function is written again to mend it.
    choices.sort(key=lambda choice: (-round(choice.total, 6), -order[choice.binding.candidate.id]))
    found: dict[str, Choice] = {}
    taken: set[int] = set()
    for choice in choices:
        candidate = choice.binding.candidate.id
        if choice.question not in found and candidate not in taken:
            found[choice.question] = choice
            taken.add(candidate)
    return found


def _choices(
    caller: Caller, group: Group, groups: Sequence[Group], candidates: Sequence[Candidate], path: Path
) -> Iterator[Choice]:
    """Every candidate that may be meant for the question of `group`, called in its best way."""
    calls = 0
    for candidate in _likeliest(group, candidates):
        placed = group.question in candidate.questions
        name = likeness(candidate.name, group.tests.names)
        expected = placed or name >= _LIKE_NAME
        # What trains, draws or asks for input is called only where place or name say that it is meant.
        if candidate.practical and not expected:
            continue
        best, used = _best(caller, group, candidate, path, _MOST_CALLS - calls)
        calls += used
        binding = best[1] if best is not None else Binding(candidate, ())
        if best is None and not expected:
            continue
        choice = Choice(group.question, binding, best[0] if best is not None else 0.0, placed, name)
        if _is_plausible(choice, candidate, group, groups):
            yield choice
        if calls >= _MOST_CALLS:
            return


def _likeliest(group: Group, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those in the question's passage and with its name first; few enough to try."""

    def weight(candidate: Candidate) -> tuple[float, int]:
        placed = 0.3 * (group.question in candidate.questions)
        return -(placed + likeness(candidate.name, group.tests.names)), -candidate.id

    return sorted(candidates, key=weight)[:_MOST_CANDIDATES]


def _is_plausible(choice: Choice, candidate: Candidate, group: Group, groups: Sequence[Group]) -> bool:
    """Whether a function may be meant for the question.

    It does what is asked, or its place or name says so and nothing says that it is meant for another.
    """
    if choice.behaviour >= _KNOWN:
        return True
    elsewhere = max(
        (likeness(candidate.name, other.tests.names) for other in groups if other is not group), default=0.0
    )
    if choice.name >= _LIKE_NAME and choice.name >= elsewhere:
        return True
    return choice.placed and elsewhere < _LIKE_NAME and (choice.behaviour > 0 or not candidate.practical)


def _best(
    caller: Caller, group: Group, candidate: Candidate, path: Path, most: int
) -> tuple[tuple[float, Binding] | None, int]:
    """The best way to call `candidate`, with its behaviour there; and how many ways were tried."""
    best: tuple[float, Binding] | None = None
    used = stuck = 0
    takes_whole = False
    rivals: list[Binding] = []
    for binding in _ways(candidate, group):
        if rivals and (binding.layout is not None or binding.in_place or binding.taken != rivals[0].taken):
            break
        if used >= most or stuck >= _STUCK_CALLS:
            break
        if binding.layout is not None and binding.layout.piecewise and takes_whole and not candidate.piecewise:
            continue
        tried = try_case(caller, group, group.probe, binding, path, probing=True)
        used += 1
        stuck += tried.stuck
        behaviour = _behaviour(tried)
        takes_whole = takes_whole or (binding.layout is None and behaviour > 0)
        if best is None or behaviour > best[0] + 1e-9:
            best = behaviour, binding
        if behaviour >= _RIGHT:
            rivals.append(binding)
            if names_agree(binding, group) or binding.layout is not None or binding.in_place:
                break
    if best is not None and len(rivals) > 1:
        best, tries = (_RIGHT, _ablest(caller, group, rivals[:_MOST_RIVALS], path)), len(group.cases) * len(rivals)
        used += tries
    return best, used


def _ablest(caller: Caller, group: Group, rivals: Sequence[Binding], path: Path) -> Binding:
    """Of ways to call that the probe does not tell apart, the one that more cases bear out; the likeliest of equals.

    A size and a stride under names that say neither are told apart only where they differ.
    """

    def borne_out(binding: Binding) -> float:
        tried = (try_case(caller, group, case, binding, path, probing=True) for case in group.cases)
        return sum(case.outcome.share * case.outcome.credit for case in tried)

    return max(rivals, key=borne_out)


def _ways(candidate: Candidate, group: Group) -> Iterator[Binding]:
    """The ways to call a candidate: as the case does first, then in the lab's other layouts, then in place.

    Of the other layouts only the likeliest orders of arguments are tried, as each multiplies the calls.
    """
    known = bindings(candidate, group)
    for binding in known:
        yield Binding(candidate, binding.sources)
    for layout in group.layouts:
        for binding in known[:3]:
            yield Binding(candidate, binding.sources, layout)
    for binding in known[:2]:
        yield Binding(candidate, binding.sources, in_place=True)


def _behaviour(tried: CaseTrial) -> float:
    """How near the answer was: right, wrong in a known way, of the right shape, numbers at all."""
    if tried.outcome.status == "passed":
        return _RIGHT
    if tried.known and tried.outcome.share > 0:
        return _KNOWN + 0.3 * tried.outcome.share
    if tried.answered is None or tried.answered.size == 0:
        return 0.0
    if tried.expected is not None and np.squeeze(tried.answered).shape == np.squeeze(tried.expected).shape:
        return _SHAPED
    return _NUMBERS
