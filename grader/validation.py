"""A rubric held against its own solution, which has to reach every point that labgrade decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.assets import rubrics_folder
from grader.options import Options
from grader.pipeline import judged, laid_out, read_solution
from grader.reading.choice import chosen_rubric
from grader.records.progress import Progress
from grader.records.result import Result, Verdict
from grader.records.rubric import Rubric
from grader.workshop import Workshop

_FOR_A_PERSON = frozenset({"written"})
"""Criteria that a person always decides."""


@dataclass(frozen=True)
class Validated:
    """What a rubric's own solution reached."""

    rubric: Rubric
    result: Result
    shortfalls: tuple[str, ...]
    """One sentence for each criterion that the solution does not meet in full."""


def validated_rubric(options: Options, progress: Progress) -> Validated:
    """Run the solution of `options.rubric` as if it were handed in. Raises `UserError`."""
    progress.stage("Reading the rubric and its solution")
    assert options.rubric is not None, "one rubric is validated"
    rubric = chosen_rubric(options.rubric, [rubrics_folder()])
    read = laid_out(read_solution(rubrics_folder(), rubric, options), rubric, "its own", options)
    with Workshop(options, progress) as workshop:
        reference = workshop.reference(rubric, read.solution)
        rerun = workshop.rerun(read.submission, rubric, read.functions)
        effort = workshop.effort
    progress.stage("Judging the solution")
    result, _ = judged(read, reference, rerun, effort)
    return Validated(rubric, result, tuple(shortfalls(result)))


def shortfalls(result: Result) -> Iterator[str]:
    """A sentence for each verdict that is not full marks, what only a person can decide left out."""
    for question in result.questions:
        for verdict in question.verdicts:
            if verdict.status == "review" and verdict.criterion in _FOR_A_PERSON:
                continue
            if not verdict.decided or verdict.awarded < verdict.points:
                yield f"question {question.id}, {verdict.criterion}: {_reached(verdict)}. {verdict.explanation}"


def _reached(verdict: Verdict) -> str:
    if verdict.decided:
        return f"{verdict.awarded:g} of {verdict.points:g} points"
    return "left to a person" if verdict.status == "review" else "could not be checked"
