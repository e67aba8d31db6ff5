"""The pipeline: a path in, a graded report out. Read `check` aloud."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from grader.assets import rubrics_folder
from grader.classroom.marks import apply_marks, read_marks
from grader.errors import UserError
from grader.functions.candidates import function_plan
from grader.functions.loading import CaseFile, FunctionWork, load_cases
from grader.judging import make_result
from grader.matching.matcher import match_submission
from grader.options import Options
from grader.questions.placing import answer_texts, find_passages
from grader.records import Effort, Match, Passage, Progress, Recording, Reference, Result, Rubric, Submission
from grader.reports.files import ReportFiles, cached_report
from grader.session import Session
from grader.submissions.read import read_submission
from grader.submissions.rubric_choice import choose_rubric, find_rubric
from grader.submissions.rubric_solution import check_models, check_reference
from grader.submissions.saved_outputs import record_saved


@dataclass(frozen=True)
class Reading:
    """A submission that was read, and what it is graded by."""

    submission: Submission
    rubric: Rubric
    reason: str
    """Why this rubric, one sentence."""
    solution: Submission
    passages: tuple[Passage, ...]
    """Which of its parts answer which question."""
    functions: FunctionWork | None
    """Its functions and the cases for them, where the rubric asks for functions."""


@dataclass(frozen=True)
class CheckResult:
    """A graded submission, and where its report lies."""

    result: Result
    rubric: Rubric
    rubric_reason: str
    files: ReportFiles
    trained: int
    """Trainings that were run for it."""
    shared: int
    """Trainings that were answered from the store."""


def check(path: Path, options: Options, progress: Progress, session: Session | None = None) -> CheckResult:
    """Grade the submission at `path` and write its report. Raises `UserError`.

    `session` is an open one, made with the same `options`, that several checks share; it stays open.
    """
    progress.stage("Reading the submission")
    read = reading(path, options)
    folder = report_folder(options.out, read.submission)
    marks = read_marks(folder)

    with nullcontext(session) if session else Session(options, progress) as opened:
        trained, shared = opened.service.trained, opened.service.shared
        reference = reference_of(opened, read.rubric, read.solution)
        rerun = opened.rerun(read.submission, read.rubric, read.functions, reference)
        effort, trained, shared = opened.effort, opened.service.trained - trained, opened.service.shared - shared

    progress.stage("Matching and judging")
    result, match = judge_submission(read, reference, rerun, effort)
    result = apply_marks(result, marks)

    progress.stage("Writing the report")
    files = cached_report(result, match, reference, folder, date.today(), options.cache / "reports")
    return CheckResult(result, read.rubric, read.reason, files, trained, shared)


def reading(path: Path, options: Options) -> Reading:
    """The submission at `path`, with the rubric that it is graded by and that rubric's solution. Raises `UserError`."""
    return reading_of(read_submission(path), path, options)


def reading_of(submission: Submission, path: Path, options: Options) -> Reading:
    """A submission that was read from `path`, with its rubric and that rubric's solution. Raises `UserError`."""
    rubric, reason = find_rubric(submission, path, options.rubric, [rubrics_folder()])
    return place_answers(submission, rubric, reason, options)


def place_answers(submission: Submission, rubric: Rubric, reason: str, options: Options) -> Reading:
    """A submission beside the rubric that it is graded by. Raises `UserError`."""
    solution = read_solution(rubric, options)
    check_models(rubric, solution, rubric_folder(rubric, options))
    passages = find_passages(submission, rubric)
    functions = function_work(rubric_folder(rubric, options), rubric, submission, passages)
    return Reading(submission, rubric, reason, solution, passages, functions)


def judge_submission(read: Reading, reference: Reference, rerun: Recording, effort: Effort) -> tuple[Result, Match]:
    """What labgrade says of a submission, and what it matched: pure, nothing is run."""
    match = match_rerun(read.submission, read.rubric, read.passages, rerun, reference)
    return make_result(match, reference, effort), match


def match_rerun(
    submission: Submission, rubric: Rubric, passages: tuple[Passage, ...], rerun: Recording, reference: Reference
) -> Match:
    """Which of what a submission says, saved and did in its `rerun` answers which question."""
    answers = answer_texts(submission, passages, rubric)
    saved = record_saved(submission)
    return match_submission(submission, rubric, passages, answers, saved, rerun, reference)


def rubric_folder(rubric: Rubric, options: Options) -> Path:
    """The folder of `rubric`: the one chosen, else the one of its name among labgrade's own."""
    return Path(options.rubric) if options.rubric and Path(options.rubric).is_dir() else rubrics_folder() / rubric.name


def function_work(
    folder: Path, rubric: Rubric, submission: Submission, passages: tuple[Passage, ...]
) -> FunctionWork | None:
    """What is needed to try the functions that the rubric in `folder` asks for; `None` when it asks for none.

    Raises `UserError` for a `cases.py` that is missing or cannot be used.
    """
    asked = (q.id for q in rubric.questions if any(criterion.about == "function" for criterion in q.criteria))
    cases = _cases(folder, tuple(asked), rubric.digest)
    return None if cases is None else FunctionWork(cases, function_plan(submission, passages, rubric))


@lru_cache(maxsize=8)
def _cases(folder: Path, asked: tuple[str, ...], digest: str) -> CaseFile | None:
    """The cases in `folder`, whose content `digest` tells: a class asks for them once per submission."""
    return load_cases(folder, asked)


def read_lab(options: Options) -> tuple[Rubric, Submission]:
    """The rubric that `options` name, and its own solution, for work on one lab. Raises `UserError`."""
    assert options.rubric is not None, "work on a lab names it"
    rubric = choose_rubric(options.rubric, [rubrics_folder()])
    solution = read_solution(rubric, options)
    check_models(rubric, solution, rubric_folder(rubric, options))
    return rubric, solution


def reference_of(session: Session, rubric: Rubric, solution: Submission) -> Reference:
    """The reference of `rubric`. Raises `UserError`, too, where the solution did not make what the rubric asks for."""
    reference = session.reference(rubric, solution)
    check_reference(rubric, reference, rubric_folder(rubric, session.options))
    return reference


def read_solution(rubric: Rubric, options: Options) -> Submission:
    """The rubric's own solution, read like a submission. Raises `UserError`."""
    return _solution(rubric_folder(rubric, options) / "solution.py", rubric.digest)


@lru_cache(maxsize=8)
def _solution(path: Path, digest: str) -> Submission:
    """The solution at `path`, whose folder's content `digest` tells: a class asks for it once per submission."""
    if not path.is_file():
        raise UserError(f"{path}: the rubric has no solution; write one, as every criterion compares with it")
    return read_submission(path)


def report_folder(out: Path, submission: Submission) -> Path:
    """The folder of a submission's report, made now: better to fail before an hour's work than after it."""
    folder = out / submission.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"{folder}: cannot write there ({error.strerror}); choose another folder with --out") from error
    return folder
