"""The report on a class beside its gradebook: one per lab, as points of different labs don't compare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from grader.assets import rubrics_folder
from grader.errors import UserError
from grader.reading.choice import chosen_rubric
from grader.records.result import Result
from grader.reports.classes.graded import GradedClass
from grader.reports.classes.kept import current_class
from grader.reports.files import DocumentFiles


def class_reports(
    results: Mapping[str, Result],
    problems: Mapping[str, str],
    out: Path,
    made: date,
    anonymous: bool,
    choice: str | None,
) -> tuple[DocumentFiles, ...]:
    """`class.pdf` and `class.html` in `out`; with several labs one `class-<lab>` each.

    What could not be graded stands in the report of the lab with the most submissions. `choice` is the rubric that
    was asked for, a name or a folder. Raises `UserError` when `out` cannot be written.
    """
    labs: dict[str, dict[str, Result]] = defaultdict(dict)
    for name, result in results.items():
        labs[result.rubric][name] = result
    ranked = sorted(labs, key=lambda lab: (-len(labs[lab]), lab))
    written = []
    for number, lab in enumerate(ranked):
        title, language = _title(lab, choice)
        graded = GradedClass(title, labs[lab], problems if number == 0 else {}, language)
        stem = "class" if len(ranked) == 1 else f"class-{lab}"
        written.append(current_class(graded, out, made, anonymous, stem, out / ".labgrade"))
    return tuple(written)


def _title(lab: str, choice: str | None) -> tuple[str, str]:
    """Title and language of a lab; its name where the rubric is no longer there."""
    for known in filter(None, (choice, lab)):
        try:
            rubric = chosen_rubric(known, [rubrics_folder()])
        except UserError:
            continue
        if rubric.name == lab:
            return rubric.title, rubric.language
    return lab, "en"
