"""The answer key of a lab: its own solution, recorded and laid beside its own rubric. Read `answer_key` aloud."""

from __future__ import annotations

from datetime import date

from grader.assets import rubrics_folder
from grader.matching.match import match_submission
from grader.options import Options
from grader.pipeline import read_solution, report_folder
from grader.reading.choice import chosen_rubric
from grader.reading.passages.answers import answer_texts
from grader.reading.passages.sections import find_passages
from grader.reading.saved import record_saved
from grader.records.progress import Progress
from grader.reports.files import DocumentFiles
from grader.reports.key.document import write_key
from grader.workshop import Workshop


def answer_key(options: Options, progress: Progress) -> DocumentFiles:
    """Train what the solution of `options.rubric` trains, and write its answer key. Raises `UserError`."""
    progress.stage("Reading the rubric and its solution")
    assert options.rubric is not None, "an answer key is of one lab"
    rubric = chosen_rubric(options.rubric, [rubrics_folder()])
    solution = read_solution(rubrics_folder(), rubric, options).model_copy(update={"name": rubric.name})
    folder = report_folder(options.out, solution)

    with Workshop(options, progress) as workshop:
        reference = workshop.reference(rubric, solution)

    progress.stage("Writing the answer key")
    passages = find_passages(solution, rubric)
    answers = answer_texts(solution, passages, rubric)
    match = match_submission(
        solution, rubric, passages, answers, record_saved(solution), reference.recording, reference
    )
    return write_key(match, reference, folder, date.today())
