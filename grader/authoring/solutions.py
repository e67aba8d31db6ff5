"""A lab's own solution, run: held against the rubric beside it, or laid beside it as an answer key.

It has to reach every point that labgrade decides (`validate_rubric`); what it shows is what the key holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from grader.options import Options
from grader.pipeline import judge_submission, match_rerun, place_answers, read_lab, reference_of, report_folder
from grader.questions.placing import find_passages
from grader.records import Progress, Result, Rubric, Verdict
from grader.reports.files import DocumentFiles
from grader.reports.key_pages import write_key
from grader.session import Session


@dataclass(frozen=True)
class ValidationResult:
    """What a rubric's own solution reached."""

    rubric: Rubric
    result: Result
    shortfalls: tuple[str, ...]
    """One sentence for each criterion that the solution does not meet in full."""


def validate_rubric(options: Options, progress: Progress) -> ValidationResult:
    """Run the solution of `options.rubric` as if it were handed in, and judge it by its own rubric.

    Raises `UserError` where the rubric, its solution or its cases cannot be used.
    """
    progress.stage("Reading the rubric and its solution")
    rubric, solution = read_lab(options)
    read = place_answers(solution, rubric, "its own", options)
    with Session(options, progress) as session:
        reference = reference_of(session, rubric, read.solution)
        rerun = session.rerun(read.submission, rubric, read.functions, reference)
        effort = session.effort
    progress.stage("Judging the solution")
    result, _ = judge_submission(read, reference, rerun, effort)
    return ValidationResult(rubric, result, tuple(shortfalls(rubric, result)))


def shortfalls(rubric: Rubric, result: Result) -> Iterator[str]:
    """A sentence for each verdict that is not full marks, what only a person can decide left out."""
    for asked, question in zip(rubric.questions, result.questions, strict=True):
        for criterion, verdict in zip(asked.criteria, question.verdicts, strict=True):
            if verdict.status == "review" and criterion.by_person:
                continue
            if not verdict.decided or verdict.awarded < verdict.points:
                yield f"question {question.id}, {verdict.criterion}: {_reached(verdict)}. {verdict.explanation}"


def _reached(verdict: Verdict) -> str:
    if verdict.decided:
        return f"{verdict.awarded:g} of {verdict.points:g} points"
    return "left to a person" if verdict.status == "review" else "could not be checked"


def answer_key(options: Options, progress: Progress) -> DocumentFiles:
    """Train what the solution of `options.rubric` trains, and write its answer key. Raises `UserError`."""
    progress.stage("Reading the rubric and its solution")
    rubric, solution = read_lab(options)
    solution = solution.model_copy(update={"name": rubric.name})
    folder = report_folder(options.out, solution)

    with Session(options, progress) as session:
        reference = reference_of(session, rubric, solution)

    progress.stage("Writing the answer key")
    match = match_rerun(solution, rubric, find_passages(solution, rubric), reference.recording, reference)
    return write_key(match, reference, folder, date.today())
