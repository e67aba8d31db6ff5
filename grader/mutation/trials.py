"""Grading of mutants: each is run as far as its change reaches, and judged by the rubric as a hand-in would be."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

from grader.functions.work import FunctionWork
from grader.mutation.dependencies import Dependencies, OpaqueError
from grader.mutation.grafting import GraftError, grafted, is_ordered, same_doings, sliced
from grader.mutation.mutant import Mutant
from grader.pipeline import Reading, judged
from grader.reading.functions.plan import function_plan
from grader.reading.passages.sections import find_passages
from grader.records.match import Match, Reference
from grader.records.recording import Recording
from grader.records.result import Result
from grader.records.submission import Submission
from grader.workshop import Workshop


@dataclass(frozen=True)
class Trial:
    """A graded mutant."""

    result: Result
    recording: Recording
    glanced: bool
    """Its trainings saw a hundredth of the rows: what they reached says nothing."""


class Trials:
    """Grades the mutants of one solution."""

    def __init__(self, workshop: Workshop, read: Reading, reference: Reference) -> None:
        self._workshop = workshop
        self._read = read
        self._reference = reference
        self._own: dict[bool, Recording] = {}
        self._fitting: dict[tuple[bool, frozenset[int], frozenset[str]], bool] = {}
        """Whether a part of the solution, run by itself, does the same as in the whole."""
        self._sources = {cell.index: cell.source for cell in read.solution.cells if cell.runs}
        try:
            self._dependencies: Dependencies | None = Dependencies(self._sources)
        except OpaqueError:
            self._dependencies = None

    def own(self, glance: bool) -> tuple[Result, Match, Recording]:
        """The solution itself, graded."""
        if glance not in self._own:
            with self._workshop.glance() if glance else nullcontext():
                self._own[glance] = self._workshop.rerun(self._read.submission, self._read.rubric, self._read.functions)
        result, match = self._judged(self._read.submission, self._own[glance])
        return result, match, self._own[glance]

    def trial(self, mutant: Mutant, glance: bool) -> Trial:
        """`mutant`, graded; with `glance` its trainings see a hundredth of the rows."""
        _, _, own = self.own(glance)
        recording = self._recording(mutant, own, glance) if mutant.cells else own
        result, _ = self._judged(mutant.submission, recording)
        return Trial(result, recording, glance)

    def _judged(self, submission: Submission, recording: Recording) -> tuple[Result, Match]:
        passages = find_passages(submission, self._read.rubric)
        read = replace(self._read, submission=submission, passages=passages)
        return judged(read, self._reference, recording, self._workshop.effort)

    def _recording(self, mutant: Mutant, own: Recording, glance: bool) -> Recording:
        changed = {cell: mutant.submission.cells[cell].source for cell in mutant.cells}
        if self._dependencies is not None and is_ordered(own):
            affected = self._dependencies.affected(changed)
            if not affected:
                return own
            after = Dependencies({**self._sources, **changed})
            ran = self._with_equal_trainings(affected | after.needed(affected), own)
            questions = self._questions_in(affected, own)
            try:
                if self._fits(affected, ran, questions, own, glance):
                    run = self._run(mutant.submission, ran, questions, glance)
                    return grafted(own, run, affected, ran)
            except GraftError:
                pass
        return self._run(mutant.submission, None, None, glance)

    def _with_equal_trainings(self, affected: frozenset[int], own: Recording) -> frozenset[int]:
        """What has to run for `affected`: also what trains the same before, as equal trainings are counted."""
        assert self._dependencies is not None
        ran = self._dependencies.needed(affected)
        while True:
            contents = [
                (training.architecture, training.compile, training.fit, training.train)
                for training in own.trainings()
                if training.cell in ran
            ]
            last = max(ran, default=0)
            more = {
                training.cell
                for training in own.trainings()
                if training.cell < last
                and (training.architecture, training.compile, training.fit, training.train) in contents
            }
            if more <= ran:
                return ran
            ran = self._dependencies.needed(ran | more)

    def _questions_in(self, affected: frozenset[int], own: Recording) -> frozenset[str]:
        return frozenset(
            event.question for event in own.events if event.kind == "function_tested" and event.cell in affected
        )

    def _fits(
        self, affected: frozenset[int], ran: frozenset[int], questions: frozenset[str], own: Recording, glance: bool
    ) -> bool:
        """Whether the solution's own cells do the same when they run without the others."""
        key = (glance, ran, questions)
        if key not in self._fitting:
            run = self._run(self._read.submission, ran, questions, glance)
            try:
                self._fitting[key] = same_doings(own, grafted(own, run, ran, ran))
            except GraftError:
                self._fitting[key] = False
        return self._fitting[key]

    def _run(
        self,
        submission: Submission,
        ran: frozenset[int] | None,
        questions: frozenset[str] | None,
        glance: bool,
    ) -> Recording:
        """What happens when the cells in `ran` run, and the functions of `questions` are tried; `None` means all."""
        part = submission if ran is None else sliced(submission, ran)
        work = self._work(part, questions)
        with self._workshop.glance() if glance else nullcontext():
            return self._workshop.rerun(part, self._read.rubric, work)

    def _work(self, submission: Submission, questions: frozenset[str] | None) -> FunctionWork | None:
        work = self._read.functions
        if work is None or questions == frozenset():
            return None
        passages = find_passages(submission, self._read.rubric)
        plan = function_plan(submission, passages, self._read.rubric)
        return FunctionWork(work.cases, plan, tuple(sorted(questions or ())))


def failures_of(recording: Recording, own: Recording) -> Mapping[int, str]:
    """Cells that fail in `recording` and not in the solution, each with its error."""
    known = {event.cell for event in own.events if event.kind == "failed"}
    return {
        event.cell: f"{event.error}: {event.message}"
        for event in recording.events
        if event.kind == "failed" and event.cell not in known
    }
