"""The functions of one submission: calls them while its process lives, and writes down how they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from grader.functions.judging import Judged, judged_functions
from grader.functions.loading import CaseFile
from grader.recorder.events import EventLog
from grader.recorder.functions.session import MOST_SECONDS, Process, Session, described_candidates
from grader.records.functions.outcomes import FunctionTested
from grader.records.functions.plan import FunctionPlan


class ClockedProcess(Process, Protocol):
    """A confined process whose wall clock can be stopped."""

    def pause_clock(self) -> None:
        """The time from now on is the host's."""

    def resume_clock(self) -> None:
        """The time from now on is the student's again."""


@dataclass
class FunctionDesk:
    """Judges the functions of a plan by a lab's cases."""

    cases: CaseFile
    plan: FunctionPlan
    fresh: Callable[[], Process]
    """Starts another confined process."""
    seconds: float = MOST_SECONDS
    """How long the submission's own code may run."""
    done: bool = False
    first_lives: bool = False
    """After `judge`: whether the process that it was given was not lost over a call."""

    @property
    def job(self) -> dict[str, Any]:
        """What the probe's job needs in addition."""
        return {"functions": described_candidates(self.plan)}

    def judge(self, process: ClockedProcess | None, log: EventLog) -> None:
        """Append a `FunctionTested` for each question to `log`.

        `process` has run the submission and waits for calls, each of which has its own limit; `None` when it ended
        before: then the definitions alone are run, in another.
        """
        self.done = True
        session = Session(self.plan, process, self.fresh, self.seconds)
        if process is not None:
            process.pause_clock()
        try:
            judged = judged_functions(session, self.cases, self.plan.candidates)
            self.first_lives = session.first_lives
        finally:
            session.close()
            if process is not None:
                process.resume_clock()
        for one in judged:
            log.add(_event(one, log.next_seq, self.plan.computing.get(one.question)))


def _event(judged: Judged, seq: int, computing: int | None) -> FunctionTested:
    choice = judged.choice
    if choice is None:
        return FunctionTested(seq=seq, cell=-1, question=judged.question, computing=computing, trouble=judged.trouble)
    candidate = choice.binding.candidate
    return FunctionTested(
        seq=seq,
        cell=candidate.cell,
        question=judged.question,
        function=candidate.name,
        line=candidate.line,
        called=choice.binding.written,
        reason=choice.reason,
        remarks=judged.remarks,
        cases=judged.cases,
        trouble=judged.trouble,
    )
