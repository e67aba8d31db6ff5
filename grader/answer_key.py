"""The answer key of a lab: its own solution, recorded and laid beside its own rubric. Read `answer_key` aloud."""

from __future__ import annotations

from datetime import date

from grader.assets import rubrics_folder
from grader.matching.match import match_submission
from grader.options import Options
from grader.pipeline import read_solution, report_folder
from grader.reading.choice import find_rubric
from grader.reading.passages.answers import answer_text
from grader.reading.passages.sections import find_passages
from grader.reading.saved import record_saved
from grader.records.progress import Progress
from grader.reports.key.document import KeyFiles, write_key
from grader.workshop import Workshop
