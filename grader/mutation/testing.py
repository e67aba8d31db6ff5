"""A rubric tested: its solution changed in the ways students get it wrong, and each change graded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.assets import rubrics_folder
from grader.errors import UserError
from grader.mutation.findings import Finding, finding_of
from grader.mutation.mutant import Mutant
from grader.mutation.mutators.every import every_mutant
from grader.mutation.solution import Solution
from grader.mutation.trials import Trials
from grader.options import Options
from grader.pipeline import laid_out, read_solution
from grader.reading.choice import chosen_rubric
from grader.records.progress import Progress
from grader.records.rubric import Rubric
from grader.workshop import Workshop


@dataclass(frozen=True)
class Tested:
    """What the test of a rubric showed."""

    rubric: Rubric
    findings: tuple[Finding, ...]
    left_out: int
    """Mutants that were not asked for."""

    @property
    def holes(self) -> tuple[Finding, ...]:
        """Mistakes that nothing catches."""
        return tuple(finding for finding in self.findings if finding.standing == "hole")


class _Quiet:
    """Progress of a mutant's run: its epochs and cells, under one stage for all."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.loud = True

    def stage(self, name: str) -> None:
        if self.loud:
            self._progress.stage(name)

    def cell(self, number: int, of: int) -> None:
        self._progress.cell(number, of)

    def training(self, label: str, epoch: int, epochs: int) -> None:
        self._progress.training(label, epoch, epochs)


def rubric_test(
    options: Options,
    progress: Progress,
    only: tuple[str, ...] = (),
    limit: int | None = None,
    found: Callable[[Finding], None] = lambda _: None,
) -> Tested:
    """Grade the mutants of the solution of `options.rubric`; of the questions in `only`, and at most `limit`.

    `found` is told of each as soon as it is graded. Raises `UserError`.
    """
    progress.stage("Reading the rubric and its solution")
    assert options.rubric is not None, "one rubric is tested"
    rubric = chosen_rubric(options.rubric, [rubrics_folder()])
    _check_questions(rubric, only)
    read = laid_out(read_solution(rubrics_folder(), rubric, options), rubric, "its own", options)
    quiet = _Quiet(progress)
    with Workshop(options, quiet) as workshop:
        reference = workshop.reference(rubric, read.solution)
        trials = Trials(workshop, read, reference)
        progress.stage("Running the solution")
        quiet.loud = False
        _, match, _ = trials.own(glance=True)
        mutants = every_mutant(Solution(match, reference))
        wanted = tuple(mutant for mutant in mutants if not only or _is_asked(mutant, rubric, only))[:limit]
        findings = []
        for place, mutant in enumerate(wanted, start=1):
            progress.stage(f"Mutant {place} of {len(wanted)}: {mutant.question} {mutant.mutation.kind}")
            findings.append(_graded(trials, mutant))
            found(findings[-1])
    return Tested(rubric, tuple(findings), len(mutants) - len(wanted))


def _graded(trials: Trials, mutant: Mutant) -> Finding:
    """At a glance first; with as many rows as a hand-in's trainings get where only what they reach may tell."""
    for glance in (True, False):
        own, _, recording = trials.own(glance)
        trial = trials.trial(mutant, glance)
        finding = finding_of(mutant, trial, own, recording)
        if finding.standing not in ("hole", "observed"):
            break
    return finding


def _is_asked(mutant: Mutant, rubric: Rubric, only: tuple[str, ...]) -> bool:
    written = {question.id: question.written_id for question in rubric.questions}
    return mutant.question in only or written.get(mutant.question) in only


def _check_questions(rubric: Rubric, only: tuple[str, ...]) -> None:
    known = {name for question in rubric.questions for name in (question.id, question.written_id)}
    for name in only:
        if name not in known:
            ids = ", ".join(question.id for question in rubric.questions)
            raise UserError(f"--only {name}: {rubric.name} has no such question; it has {ids}")
