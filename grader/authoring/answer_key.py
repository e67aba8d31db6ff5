"""The answer key of a lab: its own solution, recorded and laid beside its own rubric. Read `answer_key` aloud."""

from __future__ import annotations

from datetime import date

from grader.assets import rubrics_folder
from grader.matching.matcher import match_submission
from grader.options import Options
from grader.pipeline import read_solution, report_folder
from grader.questions.placing import answer_texts, find_passages
from grader.records import Progress
from grader.reports.files import DocumentFiles
from grader.reports.key_pages import write_key
from grader.session import Session
from grader.submissions.rubric_choice import choose_rubric
from grader.submissions.saved_outputs import record_saved


def answer_key(options: Options, progress: Progress) -> DocumentFiles:
    """Train what the solution of `options.rubric` trains, and write its answer key. Raises `UserError`."""
    progress.stage("Reading the rubric and its solution")
    assert options.rubric is not None, "an answer key is of one lab"
    rubric = choose_rubric(options.rubric, [rubrics_folder()])
    solution = read_solution(rubrics_folder(), rubric, options).model_copy(update={"name": rubric.name})
    folder = report_folder(options.out, solution)

    with Session(options, progress) as session:
        reference = session.reference(rubric, solution)

    progress.stage("Writing the answer key")
    passages = find_passages(solution, rubric)
    answers = answer_texts(solution, passages, rubric)
    match = match_submission(
        solution, rubric, passages, answers, record_saved(solution), reference.recording, reference
    )
    return write_key(match, reference, folder, date.today())
