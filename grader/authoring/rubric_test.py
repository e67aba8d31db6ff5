"""A rubric tested: its solution changed in the ways students get it wrong, and each change graded.

Each mutant is run as far as its change reaches, and judged by the rubric as a hand-in would be. First at a glance: its
trainings see a hundredth of the rows, which is enough wherever something else than what they reach tells the mistake.
What no criterion tells then is trained like a hand-in, and is a hole in the rubric if nothing tells it still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from grader.authoring.mutants import every_mutant
from grader.authoring.mutation import Mutant, Solution
from grader.authoring.partial_runs import (
    Dependencies,
    GraftError,
    OpaqueError,
    graft,
    is_ordered,
    same_doings,
    slice_submission,
)
from grader.errors import UserError
from grader.functions.candidates import function_plan
from grader.functions.loading import FunctionWork
from grader.options import Options
from grader.pipeline import Reading, judge_submission, place_answers, read_lab, reference_of
from grader.questions.placing import find_passages
from grader.records import (
    BaseCriterion,
    Match,
    Progress,
    Record,
    Recording,
    Reference,
    Result,
    Rubric,
    Status,
    Submission,
)
from grader.session import Session

# Trials


@dataclass(frozen=True)
class Trial:
    """A graded mutant."""

    result: Result
    recording: Recording
    glanced: bool
    """Its trainings saw a hundredth of the rows: what they reached says nothing."""


class Trials:
    """Grades the mutants of one solution."""

    def __init__(self, session: Session, read: Reading, reference: Reference) -> None:
        self._session = session
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
            read = self._read
            run = self._session.rerun(read.submission, read.rubric, read.functions, self._reference, glance)
            self._own[glance] = run
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
        return judge_submission(read, self._reference, recording, self._session.effort)

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
                    return graft(own, run, affected, ran)
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
                self._fitting[key] = same_doings(own, graft(own, run, ran, ran))
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
        part = submission if ran is None else slice_submission(submission, ran)
        work = self._work(part, questions)
        return self._session.rerun(part, self._read.rubric, work, self._reference, glance)

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


# Findings

Standing = Literal["caught", "observed", "hole", "same", "stopped", "unsure"]


class Catch(Record):
    """A criterion that told a mutant from the solution."""

    question: str
    criterion: str
    status: Status
    lost: float
    """Points."""
    explanation: str


class Finding(Record):
    """What became of one mutant."""

    number: int
    question: str
    """Id of the question that the mistake belongs to."""
    kind: str
    says: str
    standing: Standing
    """`caught`: by a criterion. `observed`: by an observation alone. `hole`: by nothing. `same`: the change makes no
    difference. `stopped`: the changed code does not run. `unsure`: labgrade could not check it."""
    catches: tuple[Catch, ...] = ()
    """Those that cost most first."""
    observations: tuple[str, ...] = ()
    """Kinds of the observations that the solution has not."""
    error: str = ""
    """Of a mutant that stopped."""

    @property
    def lost(self) -> float:
        """Points lost in all."""
        return round(sum(catch.lost for catch in self.catches), 6)


def finding_of(mutant: Mutant, trial: Trial, own: Result, recording: Recording, rubric: Rubric) -> Finding:
    """`mutant` beside the solution, whose result and recording are `own` and `recording`."""
    mutation = mutant.mutation
    found = [(criterion, catch) for criterion, catch in _catches(own, trial, rubric) if catch.status != "errored"]
    catches = sorted((catch for _, catch in _catches(own, trial, rubric)), key=lambda catch: -catch.lost)
    caught = tuple(catch for catch in catches if catch.status != "errored")
    failures = failures_of(trial.recording, recording)
    observations = _new_observations(own, trial.result)
    standing: Standing = "hole"
    if any(criterion.before_training_ends for criterion, _ in found):
        standing = "caught"
    elif failures:
        standing = "stopped"
    elif caught:
        standing = "caught"
    elif observations:
        standing = "observed"
    elif catches:
        standing = "unsure"
    elif _is_the_same(mutant, trial, recording):
        standing = "same"
    return Finding(
        number=mutant.number,
        question=mutation.question,
        kind=mutation.kind,
        says=mutation.says,
        standing=standing,
        catches=caught,
        observations=observations,
        error=next(iter(failures.values()), "")[:200],
    )


def _is_the_same(mutant: Mutant, trial: Trial, recording: Recording) -> bool:
    """Whether nothing tells the mutant from the solution. A function may be wrong where no case looks."""
    tested = any(event.kind == "function_tested" and event.cell in mutant.cells for event in recording.events)
    return bool(mutant.cells) and not tested and same_doings(recording, trial.recording)


def _catches(own: Result, trial: Trial, rubric: Rubric) -> Iterator[tuple[BaseCriterion, Catch]]:
    for question, before, after in zip(rubric.questions, own.questions, trial.result.questions, strict=True):
        for criterion, old, new in zip(question.criteria, before.verdicts, after.verdicts, strict=True):
            if trial.glanced and criterion.of_whole_training:
                continue
            lost = old.awarded - new.awarded if old.decided else old.points if new.decided else 0.0
            worse = lost > 1e-9 or (new.status != old.status and new.status in ("review", "errored", "failed"))
            if worse:
                catch = Catch(
                    question=before.id,
                    criterion=old.criterion,
                    status=new.status,
                    lost=round(lost, 6) if new.decided else 0.0,
                    explanation=new.explanation,
                )
                yield criterion, catch


def _new_observations(own: Result, other: Result) -> tuple[str, ...]:
    """Kinds that occur more often than in the solution."""
    before = Counter(observation.kind for observation in own.observations)
    after = Counter(observation.kind for observation in other.observations)
    return tuple(sorted(kind for kind in after if after[kind] > before[kind]))


# The test


@dataclass(frozen=True)
class RubricTest:
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
) -> RubricTest:
    """Grade the mutants of the solution of `options.rubric`; of the questions in `only`, and at most `limit`.

    `found` is told of each as soon as it is graded. Raises `UserError`.
    """
    progress.stage("Reading the rubric and its solution")
    rubric, solution = read_lab(options)
    _check_questions(rubric, only)
    read = place_answers(solution, rubric, "its own", options)
    quiet = _Quiet(progress)
    with Session(options, quiet) as session:
        reference = reference_of(session, rubric, read.solution)
        trials = Trials(session, read, reference)
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
    return RubricTest(rubric, tuple(findings), len(mutants) - len(wanted))


def _graded(trials: Trials, mutant: Mutant) -> Finding:
    """At a glance first; with as many rows as a hand-in's trainings get where only what they reach may tell."""
    for glance in (True, False):
        own, match, recording = trials.own(glance)
        trial = trials.trial(mutant, glance)
        finding = finding_of(mutant, trial, own, recording, match.rubric)
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
