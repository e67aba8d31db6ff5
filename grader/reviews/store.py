"""Reports on disk as the review sees them: their results, and the marks beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from grader.errors import UserError
from grader.reading.handin.folder import natural_key
from grader.records.marks import Marks
from grader.records.result import Result
from grader.reports.tables import read_result, write_result, write_whole
from grader.reviews.marks import FILE, read_marks, with_marks
from grader.reviews.rows import review_rows, review_text


def results_below(reports: Path) -> dict[str, Result]:
    """The results in the folders of `reports`, by the name of the folder. Raises `UserError` when there are none."""
    if not reports.is_dir():
        raise UserError(f"{reports} is no folder. Give the folder with the reports, such as reports.")
    folders = [place for place in reports.iterdir() if not place.name.startswith(".") and place.is_dir()]
    found = {}
    for place in sorted(folders, key=lambda place: natural_key(place.name)):
        if (place / "result.json").is_file():
            found[place.name] = read_result(place / "result.json")
    if not found:
        raise UserError(f"{reports} holds no results. Grade a class with `labgrade batch` first.")
    return found


def marks_below(reports: Path, names: list[str]) -> dict[str, Marks]:
    """The marks beside the reports `names`."""
    return {name: marks for name in names if (marks := read_marks(reports / name)) is not None}


def keep_marks(reports: Path, result: Result, marks: Marks) -> Result:
    """Write `marks` beside a report, and its result with them; the result."""
    folder = reports / result.submission
    text = json.dumps(marks.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_whole(folder / FILE, text.encode())
    marked = with_marks(result, marks)
    write_result(marked, folder / "result.json")
    return marked


def write_review(path: Path, results: Iterable[Result], everything: bool) -> None:
    """Write `review.csv` to `path`: what awaits a person and what one has marked, or everything."""
    rows = [row for result in results for row in review_rows(result)]
    write_whole(path, review_text(rows, everything).encode("utf-8", "replace"))
